"""Documents become what a page lays side by side: one text, and for each other one the edits that make it of that.

1. `of_cluster`: the kept text of a cluster and, for every copy held, the places where it differs (`loci`), each with
   its verdict and the evidence for it. Any two copies can then be compared through the kept one, without their texts.
2. `of_passages`: the passages that two documents share, each with its places.
3. `packed`: such records, some together, as JSON compressed (zlib) and in base64, which a browser unpacks when asked.

Numbers of places are in UTF-16 units, as a browser counts. Limits: documents of more than WORDS_MAX words or
CHARACTERS_MAX characters are not compared for a page; of one place READING_CHARACTERS_MAX characters are held.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dedup import judge, pipeline, readings
from dedup.config import Config
from dedup.model import Collation, Document, Locator, Locus, LocusKind, Relation, Span, Tokens, Verdict

WORDS_MAX = 60_000
CHARACTERS_MAX = 600_000
READING_CHARACTERS_MAX = 20_000
PACK_BYTES = 1 << 16
"""Bytes of records that are compressed together: more shrink better, and take longer to unpack."""
KINDS: tuple[LocusKind, ...] = ("substitution", "insertion", "deletion", "move", "formatting")
"""In the order of their codes."""
EVIDENCE: tuple[str, ...] = (*readings.WEIGHTS, "pair")
"""What the evidence of a place holds, in this order, in log-odds for the first text."""
CODES = {None: 0, "a": 1, "b": 2}

Record = Mapping[str, Any]
Ledger = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Group:
    """A kept document, its copies by what they are numbered in the page, and what each is to it."""

    number: int
    kept: Document
    copies: tuple[tuple[int, Document, Relation], ...]
    config: Config


@dataclass(frozen=True, slots=True)
class Shared:
    """Two documents and where in them the passages stand that they share."""

    number: int
    a: Document
    b: Document
    spans: tuple[tuple[Span, Span, int], ...]
    config: Config


@dataclass(frozen=True, slots=True)
class Held:
    """What a page holds of one of these: the record, and what was substituted how often."""

    number: int
    record: Record
    ledger: Ledger = field(default_factory=Counter)


def is_held(document: Document, words: int) -> bool:
    """Whether a document is short enough to be compared in a page."""
    return words <= WORDS_MAX and len(document.text) <= CHARACTERS_MAX


def of_cluster(group: Group) -> Held:
    """The kept text, and the edits that make each copy of it."""
    kept = pipeline.entry(group.kept, group.config)
    edits: dict[str, list[list[Any]]] = {}
    ledger: Ledger = Counter()
    for number, copy, relation in group.copies:
        found = pipeline.collated(kept, pipeline.entry(copy, group.config), group.config)
        edits[str(number)] = places(found, judge.verdicts(found, relation, group.config))
        ledger.update(phrases(found))
    return Held(group.number, {"text": group.kept.text, "edits": edits}, ledger)


def of_passages(shared: Shared) -> Held:
    """The passages of the first document, and the edits that make those of the second of them."""
    told = []
    for (start_a, stop_a), (start_b, stop_b), equal in shared.spans:
        one = _part(shared.a, start_a, min(stop_a, start_a + READING_CHARACTERS_MAX))
        other = _part(shared.b, start_b, min(stop_b, start_b + READING_CHARACTERS_MAX))
        found = pipeline.collate(one, other, shared.config)
        spans = {"a": [start_a, stop_a], "b": [start_b, stop_b]}
        told.append({**spans, "equal": equal, "text": one.text, "edits": places(found, ())})
    return Held(shared.number, {"passages": told})


def _part(document: Document, start: int, stop: int) -> Document:
    return Document(document.id, Locator(document.locator.path), document.text[start:stop])


def of_two(found: Collation, verdicts: Sequence[Verdict]) -> Held:
    """The first text of a collation, and the edits that make the second, which is number 1, of it."""
    return Held(0, {"text": found.compared.a.text, "edits": {"1": places(found, verdicts)}}, Counter(phrases(found)))


def places(found: Collation, verdicts: Sequence[Verdict]) -> list[list[Any]]:
    """Each place: units since the last, units of a, text of b, code of kind and verdict, per cent, evidence; for a
    move also which place it goes with."""
    text, at = found.compared.a.text, 0
    partners = _partners(found.loci)
    told: list[list[Any]] = []
    for number, locus in enumerate(found.loci):
        verdict = verdicts[number] if verdicts else None
        code = KINDS.index(locus.kind) + len(KINDS) * CODES[verdict.kept if verdict else None]
        after = _shortened(locus.text_b)
        row: list[Any] = [_units(text[at : locus.span_a[0]]), _units(locus.text_a), after, code]
        if verdict and (locus.kind != "formatting" or verdict.kept):
            row += [round(100 * verdict.confidence), _evidence(verdict)]
        if number in partners:
            row = [*row, *[0, []][len(row) - 4 :], partners[number]]
        told.append(row)
        at = locus.span_a[1]
    return told


def _evidence(verdict: Verdict) -> list[float]:
    """What speaks for the first text at a place, in log-odds, in the order of EVIDENCE."""
    weights = {**readings.WEIGHTS, "pair": 1.0}
    told = [round(weights[name] * verdict.evidence.get(name, 0.0), 1) + 0.0 for name in EVIDENCE]
    return told if any(told[:-1]) else told[-1:]


def _partners(found: Sequence[Locus]) -> dict[int, int]:
    """For the place where a moved text left, that where it came, and the other way round."""
    left: dict[str, list[int]] = {}
    partners: dict[int, int] = {}
    moves = [(number, locus) for number, locus in enumerate(found) if locus.kind == "move"]
    for number, locus in moves:
        if locus.text_a.strip():
            left.setdefault(_form(locus.text_a), []).append(number)
    for number, locus in moves:
        if not locus.text_a.strip() and (waiting := left.get(_form(locus.text_b))):
            partners[number] = waiting.pop(0)
            partners[partners[number]] = number
    return partners


def _form(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _shortened(text: str) -> str:
    if len(text) <= READING_CHARACTERS_MAX:
        return text
    left = len(text) - READING_CHARACTERS_MAX
    return f"{text[:READING_CHARACTERS_MAX]} […{left:,} characters are left out here]"


def _units(text: str) -> int:
    """How long a browser takes a text to be."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def phrases(found: Collation) -> Iterator[tuple[str, str]]:
    """What was substituted for what, in matching form, place by place."""
    for locus in found.loci:
        if locus.kind == "substitution":
            a = _words(found.compared.tokens_a, locus.span_a)
            b = _words(found.compared.tokens_b, locus.span_b)
            if a != b:
                yield a, b


def _words(tokens: Tokens, span: Span) -> str:
    start, stop = np.searchsorted(tokens.spans[:, 0], span, side="left").tolist()
    return " ".join(tokens.words[start:stop])


# --- packing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Packs:
    """Compressed records, and for each record held in which of them it is."""

    texts: tuple[str, ...]
    places: Mapping[str, int]
    whole: bool
    ledger: Ledger


def packed(held: Iterable[tuple[str, Held]], bytes_max: int) -> Packs:
    """Records by their names, as many as fit into `bytes_max` in base64, in packs; whether all did."""
    texts: list[str] = []
    named: dict[str, int] = {}
    ledger: Ledger = Counter()
    waiting: list[str] = []
    size = waiting_bytes = 0
    whole = True
    for name, one in held:
        if size + waiting_bytes // 3 >= bytes_max:  # what waits shrinks to a third
            whole = False
            break
        waiting.append(f"{json.dumps(name)}:{json.dumps(one.record, separators=(',', ':'))}")
        waiting_bytes += len(waiting[-1])
        named[name] = len(texts)
        ledger.update(one.ledger)
        if waiting_bytes >= PACK_BYTES:
            texts.append(_pack(waiting))
            size, waiting_bytes, waiting = size + len(texts[-1]), 0, []
    if waiting:
        texts.append(_pack(waiting))
    return Packs(tuple(texts), named, whole, ledger)


def _pack(records: Sequence[str]) -> str:
    return b64encode(zlib.compress(f"{{{','.join(records)}}}".encode("ascii"), 9)).decode("ascii")


def together(one: Packs, other: Packs) -> Packs:
    """Two lots of packs as one."""
    shifted = {name: len(one.texts) + number for name, number in other.places.items()}
    return replace(
        one,
        texts=one.texts + other.texts,
        places={**one.places, **shifted},
        whole=one.whole and other.whole,
        ledger=one.ledger + other.ledger,
    )
