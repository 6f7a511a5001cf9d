"""What witnesses restore: the seeds, swapped words, scans, and texts spun several times.

Each measure is a function from a request to rows. Plain majority, measured beside, takes at each place of the star
(`witnesses.star`) the reading that most texts have, and the document's own where they tie.
"""

from __future__ import annotations

import json
import random
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import direction
import prose
import scanner
import spinner
from labelled import Request, records

from dedup import clean, ledger, pipeline, restoring, witnesses
from dedup.config import Config
from dedup.dictionary import NOTHING, Dictionary, dictionary
from dedup.ledger import Substitution
from dedup.model import MERGING, Document
from dedup.places import Words

ROOT = Path(__file__).resolve().parents[1]
CLEAN, SPUN = "004_d28315a60f4f15ab.txt", "002_c675f6cb87d64a6d.txt"
BODY = "The ostensible", "peoples of the American continent"
CONFIG = Config()
LENGTHS = (150, 200, 300, 500)
SPUN_SHARE, SCANNED_SHARES = 0.25, (0.1, 0.2)
LEARNT, LEARNT_MUCH = (0, 400), 1600
EXACT_COPY = "exact"
SCAN_WORDS_MIN = 20
"""Words of a segment from which it is compared at all: a shorter one shares no passage."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure: which item of what must be shown, of what set, what it is, the target if it has one (what it must be at
    least, or at most), and of how many cases."""

    item: int
    data: str
    measure: str
    figure: float
    cases: int
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool | None:
        if self.least is None and self.most is None:
            return None
        return (self.least is None or self.figure >= self.least) and (self.most is None or self.figure <= self.most)


# --- 1: the seeds ----------------------------------------------------------------------------------------------------


def seeds(request: Request) -> Iterator[Row]:
    """The reader's list among the entries of the ledger, the kept copy, and the words of the restored body."""
    del request
    both = [_file(ROOT / "seeds" / name) for name in (CLEAN, SPUN)]
    found = pipeline.collate(*both)
    entries = {(row.a, row.b) for row in ledger.substitutions([found])}
    wanted = _reader_rows()
    right = sum(bool(entries & {pair}) or any(set(way) <= entries for way in ways) for pair, ways in wanted)
    strict = sum(pair in entries for pair, _ in wanted)
    yield Row(1, "seeds", "reader's pairs as their own entries", strict / len(wanted), len(wanted), 0.95)
    yield Row(1, "seeds", "the same, or cut in another way a reader would", right / len(wanted), len(wanted))
    pair = pipeline.compare(*both)
    yield Row(1, "seeds", "004 is kept", float(pair is not None and pair.cleaner == CLEAN), 1, 1.0)
    restored = restoring.restoration(both[1], both[:1]).text
    words, got = _body(both[0].text), _body(restored)
    yield Row(1, "seeds", "words of the restored body that differ", float(errors(words, got)), len(words), None, 0.0)


def _file(path: Path) -> Document:
    return clean.from_text(path.name, path.read_text(encoding="utf-8"))


def _body(text: str) -> Sequence[str]:
    start, stop = text.find(BODY[0]), text.find(BODY[1])
    return text[start : stop + len(BODY[1])].split()


def _reader_rows() -> list[tuple[tuple[str, str], list[list[tuple[str, str]]]]]:
    """A careful reader's pairs, and for each the other ways to cut the place."""
    rows = []
    for line in (ROOT / "tests" / "data" / "reader_ledger.tsv").read_text(encoding="utf-8").splitlines():
        a, b, others = line.split("\t")
        ways = [[_trimmed(part) for part in way.split(" + ")] for way in filter(None, others.split(" ;; "))]
        rows.append(((a, b), [[both for both in way if all(both)] for way in ways]))
    return rows


def _trimmed(text: str) -> tuple[str, str]:
    """Two phrases without the words that they share at either end."""
    one, other = (side.split() for side in text.split("="))
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return " ".join(one), " ".join(other)


# --- 2: swapped words ------------------------------------------------------------------------------------------------

TOLD_RIGHT = {"textfooler": 0.99, "pwws": 0.99, "bae": 0.95}


def swaps(request: Request) -> Iterator[Row]:
    """Gold swaps among the substitutions, and which of the two is the original."""
    for attack in direction.ATTACKS:
        rows = records(request.data / "word_substitution" / f"imdb_{attack}.jsonl")
        gold_count = found_count = right = 0
        for row in islice(rows, request.some(1 << 30, 100)):
            gold = Counter((_form(one), _form(other)) for one, other in row["subs"])
            gold = Counter({pair: count for pair, count in gold.items() if pair[0] != pair[1]})
            found = Counter(_swapped(row["original"], row["spun"]))
            right += sum((gold & found).values())
            gold_count += sum(gold.values())
            found_count += sum(found.values())
        name = f"word_substitution/{attack}"
        yield Row(2, name, "gold swaps recovered as that pair", right / gold_count, gold_count, 0.98)
        yield Row(2, name, "substitutions that are gold swaps", right / found_count, found_count, 0.98)
    yield from _directions(request)


def _form(text: str) -> str:
    return " ".join(word for word, _, _ in clean.words(text))


def _swapped(original: str, spun: str) -> Iterator[tuple[str, str]]:
    found = pipeline.collate(clean.from_text("a", original), clean.from_text("b", spun))
    for locus in found.loci:
        if locus.kind == "substitution":
            yield _form(locus.text_a), _form(locus.text_b)


def _directions(request: Request) -> Iterator[Row]:
    reviews = direction.reviews(request, held_out=False)
    found = [direction.judged(*one, request.seed, request.config) for one in reviews]
    for attack, ones in direction.by_kind(found).items():
        odds = sorted((one.odds for one in ones), key=abs, reverse=True)
        surest = odds[: round(0.95 * len(odds))]
        limit = CONFIG.confidence_min
        sure = [one for one in odds if 1 / (1 + 2.718281828 ** -abs(one)) >= limit]
        name, least = f"word_substitution/{attack}", TOLD_RIGHT[attack]
        yield Row(2, name, "original told, of the surest 95 %", _share(surest), len(surest), least)
        yield Row(2, name, "original told, of those decided by default", _share(sure), len(sure), least)
        yield Row(2, name, "abstained by default", 1 - len(sure) / len(odds), len(odds), most=0.05)


def _share(odds: Sequence[float]) -> float:
    return sum(one > 0 for one in odds) / max(1, len(odds))


# --- 3: scans --------------------------------------------------------------------------------------------------------


def scans_told(request: Request) -> Iterator[Row]:
    """In how many clusters the raw scan is not what is kept, and in how many nothing said so but the length."""
    rows = islice(records(request.data / "ocr_neardup" / "dev.jsonl"), request.some(1 << 30, 150))
    yield from _kept("ocr_neardup", [(row["id"], row["version"], row["text"]) for row in rows], request.config)
    for name, limit in (("overproof_dataset2", 1 << 30), ("bln600_train", 1000)):
        pairs = islice(records(request.data / "ocr" / f"{name}.jsonl"), request.some(limit, 60))
        versions = [
            (f"{number}/{version}", version, row[version])
            for number, row in enumerate(pairs)
            for version in ("gold", "ocr")
            if row["ocr"].strip() and len(row["gold"].split()) >= SCAN_WORDS_MIN
        ]
        yield from _kept(f"ocr/{name}, {SCAN_WORDS_MIN} words and more", versions, request.config)


def _kept(name: str, texts: Sequence[tuple[str, str, str]], config: Config) -> Iterator[Row]:
    """What a scan keeps of texts: id, version, text each; ids are hashed, so that they say nothing. Clusters of texts
    that are the same are left out: nothing is to be preferred there."""
    hashed = {f"{zlib.crc32(one.encode()):08x}-{at}": (version, text) for at, (one, version, text) in enumerate(texts)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.jsonl")
        path.write_text("".join(json.dumps({"id": key, "text": hashed[key][1]}) + "\n" for key in sorted(hashed)))
        with pipeline.find_duplicates(path, config) as findings:
            differing = {name for one in findings.pairs if one.relation != EXACT_COPY for name in (one.a, one.b)}
            kept = [hashed[one.canonical][0] for one in findings.clusters if differing & set(one.members)]
            told = [one.cleaner is not None for one in findings.pairs if one.relation in MERGING - {EXACT_COPY}]
    yield Row(3, name, "clusters whose kept copy is no raw scan", _unlike(kept, "ocr"), len(kept), 0.98)
    yield Row(3, name, "copies of which one is called the cleaner", sum(told) / max(1, len(told)), len(told))


def _unlike(found: Sequence[str], other: str) -> float:
    return sum(one != other for one in found) / max(1, len(found))


def scans_restored(request: Request) -> Iterator[Row]:
    """Word errors of what two and three scans of one text restore, against those of the best of them."""
    texts = [
        row["gold"]
        for row in islice(records(request.data / "ocr" / "overproof_dataset2.jsonl"), request.some(60, 8))
        if len(row["gold"].split()) >= 80
    ]
    texts = [" ".join(text.split()[:600]) for text in texts]
    for share in SCANNED_SHARES:
        for count, most in ((2, 0.5), (3, 0.25)):

            def damaged(text: str, seed: int, share: float = share) -> str:
                return scanner.scanned(text, share, seed)

            best, ours, plain = _restored_errors(texts, count, (damaged, restoring.NO_MEANS), request.config)
            name = f"{count} scans, {share:.0%} of the words damaged"
            yield Row(3, name, "word errors left, of the best one's", ours / best, len(texts), None, most)
            yield Row(3, name, "the same by plain majority", plain / best, len(texts))


def _restored_errors(
    texts: Sequence[str], count: int, how: tuple[Callable[[str, int], str], restoring.Means], config: Config
) -> tuple[int, int, int]:
    """Word errors of the best of each text's damaged copies, of what they restore, and of plain majority. how: what
    damages, and what restoring may go by."""
    damaged, by = how
    best = ours = plain = 0
    for number, text in enumerate(texts):
        truth = text.split()
        copies = [clean.from_text(f"w{seed}", damaged(text, 100 * number + seed)) for seed in range(count)]
        best += min(errors(truth, copy.text.split()) for copy in copies)
        ours += errors(truth, restoring.restoration(copies[0], copies[1:], config, by).text.split())
        plain += errors([_form(word) for word in truth], majority(copies))
    return best, ours, plain


# --- 4: texts spun several times -------------------------------------------------------------------------------------


def spun_thrice(request: Request) -> Iterator[Row]:
    """Words as in the original of what three spun copies restore, with ledgers learnt from other texts."""
    texts = _to_spin(request)
    words = sum(len(text.split()) for text in texts)
    name = "3 copies spun at 25 %"
    plain = best = 0
    for learnt in LEARNT:
        known = learnt_dictionary(learnt, SPUN_SHARE, request.seed)
        best, ours, plain = _restored_errors(texts, 3, (_spun, restoring.Means(known, known)), request.config)
        least = 0.95 if learnt == max(LEARNT) else None
        yield Row(4, name, f"words right, ledger of {learnt} other pairs", 1 - ours / words, len(texts), least)
        if learnt:
            votes = _restored_errors(texts, 3, (_spun, restoring.Means(known, NOTHING)), request.config)[1]
            yield Row(4, name, f"the same without conjectures ({learnt})", 1 - votes / words, len(texts))
    yield Row(4, name, "words right in the best copy", 1 - best / words, len(texts))
    yield Row(4, name, "words right by plain majority", 1 - plain / words, len(texts))


def spun_thrice_much(request: Request) -> Iterator[Row]:
    """The same with a ledger four times as large."""
    texts = _to_spin(request)
    learnt = request.some(LEARNT_MUCH, 40)
    known = learnt_dictionary(learnt, SPUN_SHARE, request.seed)
    ours = _restored_errors(texts, 3, (_spun, restoring.Means(known, known)), request.config)[1]
    right = 1 - ours / sum(len(text.split()) for text in texts)
    yield Row(4, "3 copies spun at 25 %", f"words right, ledger of {learnt} other pairs", right, len(texts), 0.95)


def _to_spin(request: Request) -> list[str]:
    return list(islice(prose.documents("English", LENGTHS, 7000 + request.seed), request.some(16, 6)))


def _spun(text: str, seed: int) -> str:
    return spinner.spun(text, SPUN_SHARE, seed)[0]


def learnt_dictionary(count: int, share: float, seed: int) -> Dictionary:
    return dictionary(learnt_rows(count, share, seed)) if count else NOTHING


def learnt_rows(count: int, share: float, seed: int) -> list[Substitution]:
    """The ledger of so many texts and their spun copies, those whose original is told; the other texts of a seed."""
    texts = islice(prose.documents("English", LENGTHS, 7000 + seed), 200, 200 + count)
    return ledger.substitutions(
        pipeline.collate(*both)
        for number, text in enumerate(texts)
        if (both := told_apart(text, spinner.spun(text, share, number)[0], number))
    )


def told_apart(original: str, copy: str, number: int) -> tuple[Document, Document] | None:
    """Two texts, the one that is called the cleaner first; None where that is not decided."""
    texts = (original, copy)[:: 1 if random.Random(number).random() < 0.5 else -1]
    both = [clean.from_text(name, text) for name, text in zip("ab", texts, strict=True)]
    pair = pipeline.compare(*both)
    if pair is None or pair.cleaner is None:
        return None
    return (both[0], both[1]) if pair.cleaner == "a" else (both[1], both[0])


# --- what is counted -------------------------------------------------------------------------------------------------


def errors(truth: Sequence[str], got: Sequence[str]) -> int:
    """Words put in, left out and replaced, at the least, between two texts."""
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(truth, got)


def majority(copies: Sequence[Document]) -> list[str]:
    """The words of the first copy with what most copies have at each place."""
    first, *others = (pipeline.entry(copy, CONFIG) for copy in copies)
    found = witnesses.star(first.tokens, [restoring.witness(first, other, CONFIG) for other in others], CONFIG)
    words: list[str] = []
    at = 0
    for place in found.places:
        votes: Counter[Words] = Counter(reading.words for reading in place.readings if reading)
        most = max(votes.values())
        chosen = place.own.words if votes[place.own.words] == most else max(w for w in votes if votes[w] == most)
        words += [*first.tokens.words[at : place.own.start], *chosen]
        at = place.own.stop
    return [*words, *first.tokens.words[at:]]
