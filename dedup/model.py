"""What crosses the border of a stage: frozen records, and the one error that people see.

All spans are half-open and in characters (code points) of a document's original decoded text; token ranges are
half-open and in tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dedup import urls

Relation = Literal["exact", "near", "spun", "damaged", "excerpt", "reuse"]
LocusKind = Literal["substitution", "insertion", "deletion", "move", "formatting"]
Side = Literal["a", "b"]
Form = Literal["text", "html", "lines", "keyed", "csv", "tsv", "parquet", "arrow", "warc", "tar", "zip"]
"""What a file of a source holds, once it is decompressed: one text; one page of markup; records as JSON lines, which
are `keyed` where their text, id or source have other names than these; as delimited lines; in columns; pages of a
crawl; or other files."""
Codec = Literal["", "gzip", "zstd", "bz2", "xz"]
"""How a file is compressed as a whole, if it is."""
Span = tuple[int, int]

RELATIONS: tuple[Relation, ...] = ("exact", "near", "spun", "damaged", "excerpt", "reuse")
"""In the order of their codes in columns."""
EXACT, NEAR, SPUN, DAMAGED, EXCERPT, REUSE = range(6)
MERGING: frozenset[Relation] = frozenset({"exact", "near", "spun", "damaged", "excerpt"})
"""The relations between copies of one text; `reuse`, the last, links two texts that stay."""


class DedupError(Exception):
    """Bad input: which path, what is wrong with it, and what to do next; no secrets of URLs in any of these."""

    def __init__(self, path: str | Path, problem: str, remedy: str) -> None:
        self.path, self.problem, self.remedy = map(urls.without_secrets, (str(path), problem, remedy))
        super().__init__(f"{self.path}: {self.problem}; {self.remedy}")

    def __reduce__(self) -> tuple[type[DedupError], tuple[str, str, str]]:
        """How it goes from one process to another: exceptions do not by themselves, if they are made of several."""
        return DedupError, (self.path, self.problem, self.remedy)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A regular file of a source: the id that its text has or its rows go by, the bytes to be read, and its form.

    path: where it is; for what was fetched a URL as it is shown, and its bytes are `held`. modified_ns: when it was
    changed last, in nanoseconds since 1970. unpacked: where its records stand in lines, or its text, if they cannot be
    read from the file itself. codec: how it is compressed. held: where its bytes are, if not at `path`, as with a
    member of an archive; plain: where they are decompressed. archive: what it is a member of. text_column: what its
    records call their text.
    """

    path: Path | str
    id: str
    size_bytes: int
    form: Form = "text"
    modified_ns: int = 0
    unpacked: Path | None = None
    codec: Codec = ""
    held: Path | None = None
    plain: Path | None = None
    archive: SourceFile | None = None
    text_column: str = "text"

    @property
    def holds_records(self) -> bool:
        return self.form not in ("text", "html")

    @property
    def is_archive(self) -> bool:
        return self.form in ("tar", "zip")

    @property
    def is_packed(self) -> bool:
        """Whether something must be done before it can be read."""
        return bool(self.codec and not self.plain) or (self.form not in ("text", "lines") and not self.unpacked)

    @property
    def is_derived(self) -> bool:
        """Whether its texts are made of what stands in it, so that no edit of theirs can be made there."""
        return self.form in ("html", "warc")

    @property
    def original(self) -> Path:
        """Where its bytes are, as they came."""
        return self.held or Path(self.path)

    @property
    def content(self) -> Path:
        """Where its bytes are, decompressed."""
        return self.plain or self.original

    @property
    def readable(self) -> Path:
        """The file to read its texts or lines from, which locators count."""
        return self.unpacked or self.content

    def place(self, row: int) -> str:
        """A record's place for people, by its row, from 1; 0 is the file as a whole."""
        word = {"lines": "line", "keyed": "line", "warc": "record"}.get(self.form, "row")
        return f"{self.path}, {word} {row}" if row else str(self.path)


@dataclass(frozen=True, slots=True)
class Locator:
    """Where a document's bytes are: a file, and the half-open range of bytes in it, unpacked if it is packed."""

    path: str
    start_byte: int = 0
    stop_byte: int = 0


@dataclass(frozen=True, slots=True)
class Substitution:
    """`b` stands for `a`, `count` times in `pairs` pairs of documents; phrases in matching form.

    times_a, times_b: how often either stands in the first documents of the pairs. original: which of the two is the
    original, None where the evidence does not decide; confidence: the probability of the likelier one.
    """

    a: str
    b: str
    count: int
    pairs: int
    times_a: int = 0
    times_b: int = 0
    original: Side | None = None
    confidence: float = 0.5


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in a text: at `span`, `before` became `after`.

    `witness` names the document that attests the new reading, `witness_span` where it stands there; a repair
    that needs no witness (encoding), and a conjecture, have None. `others` are further witnesses that have it, or
    parts of it, and where; `entry` is the line of a ledger that a conjecture goes by. `cause` says why, `confidence` is
    a probability in 0..1.
    """

    span: Span
    before: str
    after: str
    cause: str
    witness: str | None = None
    witness_span: Span | None = None
    confidence: float = 1.0
    evidence: Mapping[str, float] = field(default_factory=dict)
    others: tuple[tuple[str, Span], ...] = ()
    entry: Substitution | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """What was read of one document: the bytes of a file, or the text that a record holds.

    `place` names a record for people: its file and line. `source` is what it says under that name, "" if nothing.
    """

    id: str
    locator: Locator
    data: bytes | str
    place: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was found. `text` decodes the bytes at `locator` without loss; `repairs` mend its encoding.

    `decoding` is the codec's name, so that `text.encode(decoding)` gives the bytes again, unless `lossy_bytes`
    (bytes that were not valid in it and are now U+FFFD) is above 0. `source` is where a record says it is from.
    """

    id: str
    locator: Locator
    text: str
    decoding: str = "utf-8"
    lossy_bytes: int = 0
    repairs: tuple[Edit, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents of a run, without their texts: what a report needs of each, in columns, in the order of the ids.

    ids: n. words: (n,), tokens. sources: the files that hold them; files: (n,), which of `sources`. starts, stops:
    (n,), bytes in the file. Of a small corpus these are int64; of one in bulk words are int32, starts and stops int32
    unless a file has 2**31 bytes or more, and files of the smallest signed type that numbers the sources. notable:
    those with repairs, lost bytes or an encoding other than UTF-8, by number. spool: what holds the unpacked files;
    they last until it is closed or dropped. origins: (n,) uint64, which source each record says it is from (see
    `losses.origin`), 0 for none; None if none does.
    """

    ids: Sequence[str]
    words: NDArray[Any]
    sources: Sequence[SourceFile]
    files: NDArray[Any]
    starts: NDArray[Any]
    stops: NDArray[Any]
    notable: Mapping[int, Document]
    spool: AbstractContextManager[object] | None = None
    origins: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def source(self, number: int) -> SourceFile:
        """The file that holds a document."""
        return self.sources[int(self.files[number])]

    def locator(self, number: int) -> Locator:
        return Locator(str(self.source(number).path), int(self.starts[number]), int(self.stops[number]))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a document: matching forms, 64-bit hashes of them, spans in the original text.

    hashes: (n,) uint64. spans: (n, 2) int64, characters.
    """

    words: tuple[str, ...]
    hashes: NDArray[np.uint64]
    spans: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a document to find its copies by, an array a channel.

    signature: (K,) uint32, MinHash of the word shingles (text channel). terms: (t,) uint64, hashes of the distinct
    tokens (skeleton channel: the corpus's counts then choose the rarest). shingles: (s,) uint64 sorted, the whole set
    (passage channel, and exact resemblance).
    """

    signature: NDArray[np.uint32]
    terms: NDArray[np.uint64]
    shingles: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair worth comparing, by position in the corpus (a < b), and how many keys of each channel it shares."""

    a: int
    b: int
    bands: int = 0
    terms: int = 0
    passages: int = 0


Blocks = NDArray[np.int64]
"""(k, 3): start in a, start in b, length, in tokens; stretches of equal tokens."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """`blocks` of equal tokens in the same order in both texts, and `moved` blocks that stand in another order."""

    blocks: Blocks
    moved: Blocks


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens start_a..stop_a of a that face start_b..stop_b of b; either side may be empty."""

    start_a: int
    stop_a: int
    start_b: int
    stop_b: int
    equal: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Locus:
    """A place where two texts differ. A span may be empty, and then says where the other side's text would go."""

    kind: LocusKind
    span_a: Span
    span_b: Span
    text_a: str
    text_b: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch that two documents share: token ranges, and the blocks of equal tokens that it is made of.

    blocks: start in a, start in b, length, in tokens; ascending. equal: how many tokens they hold.
    """

    range_a: tuple[int, int]
    range_b: tuple[int, int]
    equal: int
    blocks: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two documents compared token by token: how alike their shingles are, and the passages that they share."""

    a: Document
    b: Document
    tokens_a: Tokens
    tokens_b: Tokens
    resemblance: float
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Collation:
    """Two documents compared to the character: the comparison of their tokens, and every place where they differ."""

    compared: Comparison
    loci: tuple[Locus, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which side's reading is the original at a locus (None: undecided), why, and how sure (0.5..1)."""

    locus: Locus
    kept: Side | None
    cause: str
    confidence: float
    evidence: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two documents that were compared word by word, what they are to each other, and which is the cleaner.

    containment_a: the share of a's tokens that stand aligned with equal tokens of b. `evidence` holds the figures
    that the relation and the direction rest on, and for the passages their spans.
    """

    a: str
    b: str
    relation: Relation
    resemblance: float
    containment_a: float
    containment_b: float
    cleaner: str | None
    confidence: float
    substitutions: int
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Copies of one text: `canonical` is kept, and every other member was compared with it itself."""

    id: int
    canonical: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """A source of the corpus, how many documents it has, and how many of them are dropped as copies."""

    source: str
    documents: int
    dropped: int

    @property
    def share(self) -> float:
        return self.dropped / self.documents


@dataclass(frozen=True, slots=True)
class Restoration:
    """A document put right: its new text, and the edits on the original text that give it, in order."""

    document: Document
    text: str
    edits: tuple[Edit, ...]
