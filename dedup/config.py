"""Every threshold of the program: its unit, its range and why it has its value.

A threshold is a verified figure: it bounds what was measured on the pair itself, never the chance of meeting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Config:
    """The options of a run; the defaults are for prose of 100 words and more.

    Raises ValueError where a value is out of its range.
    """

    threshold: float = 0.7
    """Exact resemblance of word shingles from which a pair is `near`; 0..1. 0.7 leaves a text of 500 words room for
    some 15 scattered changes, and is the usual threshold of the field."""

    shingle_length_tokens: int = 5
    """Tokens in a shingle, 1..32: five in a row are seldom chance, and one changed word spoils only five."""

    permutations: int = 128
    """Length of a MinHash signature, 16..4096: standard error of the estimate 0.04 at a resemblance of 0.7."""

    band_recall: float = 0.999
    """Share of the pairs at exactly `threshold` that must meet in a band; bands and rows follow from it."""

    term_count: int = 32
    """Rarest terms of a document by which the skeleton channel joins, 4..256."""

    term_documents_max: int = 1000
    """Documents that hold a term from which it tells nothing and costs a square; such terms are passed over."""

    terms_shared_min: int = 4
    """Shared rarest terms from which a pair is a candidate (documents with fewer terms: half of theirs)."""

    passage_shingles_min: int = 8
    """Shared shingles from which two documents that are no copies are compared: a run of twelve words, or as many words
    of a longer passage whose other words were changed."""

    passage_sampling: int = 4
    """Of so many shingles one is looked at in a corpus in bulk, by its hash, and so many fewer must be shared; a power
    of two. One in four finds a verbatim passage of 25 words with probability 0.98."""

    passage_documents_all: int = 8
    """Documents that share a shingle up to which every pair of them is a candidate; beyond, each with the first."""

    key_documents_max: int = 64
    """Documents that share a shingle above which it is furniture (menus, licence headers), not reuse."""

    bucket_documents_max: int = 256
    """Documents in a bucket up to which every pair is emitted; beyond, a star round its first member, reported."""

    anchor_length_tokens: int = 3
    """Tokens of the shared, unique stretches that an alignment hangs on: with 40 % of the words replaced, one
    place in five still holds three in a row."""

    passage_gap_tokens: int = 16
    """Tokens between two blocks, in either text, up to which they may belong to one passage: a clause. What is replaced
    over more is another text."""

    passage_equal_tokens_min: int = 16
    """Equal tokens from which a shared passage is reported: longer than a title, a name with its offices or a
    stock phrase; the shortest quotation that one would call reuse."""

    passage_density_min: float = 0.4
    """Equal tokens for every token of a passage's shorter side: at two fifths replaced about 0.5 remain."""

    drop_coverage_min: float = 0.8
    """Share of a spun, damaged or excerpted text that must stand in passages shared with the kept copy for it to give
    way to that: what a copy has of its own is not lost for the sake of the rest."""

    copy_coverage_min: float = 0.6
    """Share of the shorter text that must stand in shared passages for the pair to be copies at all."""

    replaced_words_min: int = 64
    """Words of the shorter text from which replaced words make a copy, `spun` or `near`: in a sentence or two a handful
    of replaced words tells a copy neither from a template nor from another report (of 3,675 pairs of news sentences
    one in thirty would be `spun`)."""

    in_order_share_min: float = 0.875
    """Share of the words of two texts, 0..1, that must stand equal and in the same order for them to be `near` whatever
    became of the shingles, of which one replaced word spoils five: what a reader takes for one text has one word in
    eight replaced at most. It does not count where the threshold is set above 0.7."""

    in_order_replaced_min: float = 0.5
    """Share of the differing places at which words must face words, for the same: who adds and drops more often than he
    replaces makes another text."""

    in_order_replaced_unread_min: float = 0.9
    """That share in a language without tables, in which nothing tells a better word from a worse."""

    in_order_uneven_max: float = 0.15
    """Share of the differing places at which three words and more may be added or dropped, for the same."""

    excerpt_containment_min: float = 0.85
    """Share of the shorter text's tokens that must stand, equal, in the longer one to be an `excerpt`."""

    excerpt_length_ratio_max: float = 0.8
    """Shorter length by longer, in tokens, up to which one of two texts can be an excerpt of the other."""

    spun_rate_min: float = 0.02
    """Words replaced, for every word of the shared passages, from which a pair can be `spun`: below, at most four words
    of two hundred differ."""

    spun_systematic_min: float = 0.5
    """Probability, by the figures of the alignment, that words were replaced one for another throughout, as a program
    does it, from which a pair is `spun` (see `rules.SYSTEMATIC`)."""

    spun_window_tokens: int = 50
    """Tokens of the windows that `spread` counts, which is told of a pair and decides nothing."""

    spun_common_share_min: float = 0.6
    """Share of the replaced places without a name or a number on either side from which a direction is told, and two
    texts whose words run alike are `near`; half of it in a language without tables: a form filled in twice differs in
    just those, and nothing tells which of two names is the original."""

    noise_similarity_min: float = 0.5
    """Mean similarity of characters (0..1) of the replaced words from which the cause is noise, not another word."""

    noise_coverage_min: float = 0.8
    """Share of the shorter text that must stand in shared passages where noise is told by words; it is told by letters
    where it leaves fewer."""

    noise_likeness_min: float = 0.45
    """Likeness (0..1) of the letters of two texts, once their equal words are taken out, from which one is the other
    damaged, whatever became of its words (see `figures.likeness`)."""

    noise_evenness_min: float = 0.67
    """That likeness by the similarity of what faces each other in shared passages: a scan garbles the whole of a text,
    and if the rest is much less alike, it is another text."""

    noise_rate_min: float = 0.02
    """Words replaced, for every word of the shared passages, from which such noise makes a pair `damaged`."""

    noise_words_min: float = 0.1
    """Share of the replaced places without a number or a name for a name, from which noise is told: where nothing but
    numbers and names differs, nobody can tell a misread digit from another invoice."""

    noise_uneven_max: float = 0.1
    """Share of the differing places at which three words and more may be added or dropped where noise is told by words:
    scans stay below in ninety-nine of a hundred pairs, and the others are told by their letters; half of what versions
    of a licence have in common with noise is above."""

    addition_tokens: int = 5
    """Tokens from which an addition or omission is an author's, not a spinner's or a scanner's, and stays undecided."""

    block_tokens: int = 12
    """Tokens from which an insertion or deletion is a block that one edition has and the other lacks, which no
    restoration takes over."""

    confidence_min: float = 0.785
    """Probability below which judge abstains: on reviews with words swapped by three attacks at most 0.05 of the pairs
    are, and 0.99 of the others are told rightly."""

    vote_confidence_min: float = 0.6
    """Probability from which a reading that several damaged texts vote for is put in: what stands there is one of
    them, and no surer by itself. Where they are seen to be spun, also of what a ledger conjectures there."""

    clean_noise_min: float = 0.98
    """Share of the places where noise parts two texts at which one must be right to be clean: where it is sure, it is
    followed, or left alone if it is the document. Of scans, even good ones are right at less."""

    clean_replaced_min: float = 0.85
    """The same where words part them. Less, since it is less sure which word is the original; of two texts that were
    both spun, none is right at so many."""

    taken_tokens_max: int = 0
    """Tokens of the longest block that is taken over from a copy when a document is restored; 0 for none: what only a
    copy has may be its own."""

    conjecture_precision_min: float = 0.98
    """Mean probability that the conjectures on a text are right, made without such witnesses: no more than three in a
    hundred may be wrong, and with 0.97 it is, by chance, a little more of them or less."""

    conjecture_confidence_min: float = 0.9
    """Probability from which one of them is made at all."""

    suspect_confidence_min: float = 0.95
    """Probability from which a phrase that a ledger knows is told to stand for something else, whether or not it is
    sure for what."""

    language_model: str = ""
    """A model of the language that is asked where other evidence leaves it open which of several readings is the
    original: the file of one (GGUF), or `smollm2` for the one that the extra `model` installs; empty for none. It is a
    hundred times slower than all the rest."""

    source_loss_max: float = 0.5
    """Share of a source's documents, 0..1, beyond which it is reported that they are dropped: a source that is copies
    for the most part is rare, one that was mistaken for copies (a form, a template, a licence) is not."""

    source_documents_min: int = 20
    """Documents of a source from which that is reported: of a handful, a few true copies are most."""

    ledger_pairs_max: int = 300
    """Dropped copies whose substitutions `clean` lists: comparing one phrase by phrase takes milliseconds, and what is
    done to a corpus shows in a few hundred."""

    bulk_bytes_min: int = 5_000_000
    """Bytes of a corpus from which compiled kernels serve: loading them takes a second, compiling half a minute."""

    memory_bytes: int = 1_000_000_000
    """Memory of a corpus in bulk, 16 MB to 1 PB: half of it for columns and sorting, the rest for libraries, tables and
    the texts under way; columns that do not fit wait in a temporary file. Some 40 bytes a document come on top."""

    noise_card_weight: float = 10.0
    """Log-odds, 0..100, by which the probability that a text was scanned, by its card, speaks against a copy from which
    it differs in words that are alike: of 797 pairs of a scan and its correction 0.995 are then told rightly, 0.984 by
    the words that differ alone."""

    damage_weight: float = 0.0
    """Log-odds, 0..20, by which the probability of damage by itself (`damage`) speaks against a copy. At 0 it is not
    asked: in a corpus in bulk it takes longer than all the rest, and what it finds, two copies mostly share."""

    workers: int = 0
    """Threads of a corpus in bulk; 0 for as many as there are processors. They change no byte of the findings."""

    engine: Literal["local", "ray"] = "local"
    """What runs the stages of a corpus in bulk: threads of this process, or the tasks of a cluster. It changes no byte
    of the findings."""

    work: Path | None = None
    """The folder in which a corpus in bulk keeps what is finished, so that the same command goes on with it when it was
    killed; none for keeping nothing."""

    document_bytes_max: int = 32 << 20
    """Bytes of one document; a longer one is refused by name. Twice the longest novels."""

    unpacked_bytes_max: int = 64_000_000_000
    """Bytes that one compressed file, archive or Parquet file may take unpacked, in a temporary folder; beyond, it is
    refused by name. Text shrinks to a fourth, a file made to fill a disk to a thousandth and less."""

    unpacked_ratio_max: int = 200
    """Bytes that a byte of a compressed file or archive may become, asked from 64 MB on: the most alike lines of real
    corpora come to some 50."""

    archive_members_max: int = 1_000_000
    """Files that one archive may hold, those in archives within it too."""

    archive_depth_max: int = 2
    """Archives that may stand one within another, 1..8: a download that holds archives, and no deeper."""

    text_column: str = "text"
    """What records call their text; of a WARC record it is always the page."""

    id_column: str = "id"
    """What records call their id; of a WARC record a header, and WARC-Record-ID if left as it is."""

    source_column: str = "source"
    """What records call where they are from; of a WARC record a header, and the host if left as it is."""

    include: tuple[str, ...] = ()
    """Patterns of the files to read in folders and archives; none for all."""

    exclude: tuple[str, ...] = ()
    """Patterns of the files to pass over in folders and archives."""

    html: Literal["main", "text", "source"] = "main"
    """What of HTML is the text: the main text of the page, all its visible text, or the markup as it stands."""

    links: Literal["within", "follow"] = "within"
    """Which links are read: those to files within the source, or all, those to folders too."""

    stdin_name: str = "stdin"
    """The name of what comes by standard input (`-`): its end tells the form, or else its first bytes do."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}, and must be from {low} to {high}")
        names = [self.text_column, self.id_column, self.source_column]
        if "" in names or len(set(names)) < len(names):
            raise ValueError("the columns of text, id and source must have names, and each another")
        if self.stdin_name in ("", ".", "..") or "/" in self.stdin_name or "\0" in self.stdin_name:
            raise ValueError(f"stdin_name is {self.stdin_name!r}, and must be the name of a file, in no folder")


RANGES: dict[str, tuple[float, float]] = {
    "threshold": (0.05, 1.0),
    "shingle_length_tokens": (1, 32),
    "permutations": (16, 4096),
    "band_recall": (0.5, 0.999999),
    "term_count": (4, 256),
    "term_documents_max": (2, 1_000_000),
    "terms_shared_min": (1, 256),
    "passage_shingles_min": (1, 10_000),
    "passage_sampling": (1, 1024),
    "passage_documents_all": (2, 1_000_000),
    "key_documents_max": (2, 1_000_000),
    "bucket_documents_max": (2, 1_000_000),
    "anchor_length_tokens": (1, 32),
    "passage_gap_tokens": (1, 10_000),
    "passage_equal_tokens_min": (3, 10_000),
    "passage_density_min": (0.0, 1.0),
    "drop_coverage_min": (0.0, 1.0),
    "copy_coverage_min": (0.0, 1.0),
    "replaced_words_min": (1, 1 << 40),
    "in_order_share_min": (0.0, 1.0),
    "in_order_replaced_min": (0.0, 1.0),
    "in_order_uneven_max": (0.0, 1.0),
    "in_order_replaced_unread_min": (0.0, 1.0),
    "excerpt_containment_min": (0.0, 1.0),
    "excerpt_length_ratio_max": (0.0, 1.0),
    "spun_rate_min": (0.0, 1.0),
    "spun_systematic_min": (0.0, 1.0),
    "spun_window_tokens": (1, 10_000),
    "spun_common_share_min": (0.0, 1.0),
    "noise_similarity_min": (0.0, 1.0),
    "noise_coverage_min": (0.0, 1.0),
    "noise_likeness_min": (0.0, 1.0),
    "noise_evenness_min": (0.0, 1.0),
    "noise_rate_min": (0.0, 1.0),
    "noise_words_min": (0.0, 1.0),
    "noise_uneven_max": (0.0, 1.0),
    "addition_tokens": (1, 10_000),
    "block_tokens": (1, 10_000),
    "confidence_min": (0.5, 1.0),
    "vote_confidence_min": (0.0, 1.0),
    "clean_noise_min": (0.5, 1.0),
    "clean_replaced_min": (0.5, 1.0),
    "taken_tokens_max": (0, 1 << 40),
    "conjecture_precision_min": (0.0, 1.0),
    "conjecture_confidence_min": (0.5, 1.0),
    "suspect_confidence_min": (0.5, 1.0),
    "source_loss_max": (0.0, 1.0),
    "source_documents_min": (1, 1 << 40),
    "ledger_pairs_max": (0, 1 << 40),
    "bulk_bytes_min": (0, 1 << 60),
    "memory_bytes": (16_000_000, 1 << 50),
    "noise_card_weight": (0.0, 100.0),
    "damage_weight": (0.0, 20.0),
    "workers": (0, 1024),
    "document_bytes_max": (1, 1 << 40),
    "unpacked_bytes_max": (1, 1 << 60),
    "unpacked_ratio_max": (2, 1 << 30),
    "archive_members_max": (1, 1 << 40),
    "archive_depth_max": (1, 8),
}

_UNITS = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}  # fmt: skip


def size_told(size: float) -> str:
    """A number of bytes as an option has it."""
    unit = next((one for one in ("TB", "GB", "MB", "KB") if size >= _UNITS[one.lower()]), "B")
    return f"{size / _UNITS[unit.lower()]:.10g}{unit}"


def size_bytes(text: str) -> int:
    """The bytes that a size names: `1GB`, `512 MiB`, `1.5TB`, or a number of bytes. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text.strip())
    if not found or found[2].lower() not in _UNITS:
        raise ValueError(f"{text!r} is no size; write it as 1GB, 512MB or a number of bytes")
    return int(float(found[1]) * _UNITS[found[2].lower()])
