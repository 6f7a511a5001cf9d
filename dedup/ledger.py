"""Collations become a ledger: every distinct substitution, how often it was made, in how many pairs, and which way.

What a spinner does is systematic, so the ledger of many pairs is the spinner's dictionary. Phrases are in matching
form: without case and punctuation.

1. `substitutions` counts the places where one phrase faces another. How often either phrase stands in the first
   documents of the pairs tells what a spinner spared, and what stands there by itself.
2. Which of the two is the original is told for each line by the readings of all its places, and by the pairs that they
   are in (`readings`).
3. `tsv_lines` and `record` write a ledger, `read` reads what they, `clean` and `diff` wrote.

Limits: of a ledger's first documents TOKENS_MAX tokens are searched for its phrases, and what is found is taken for the
rest as well; phrases of more than PHRASE_TOKENS_MAX are not searched for.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import readings
from dedup.figures import Run
from dedup.model import Collation, DedupError, Locus, Side, Span, Substitution, Tokens

__all__ = ["Substitution", "lazily", "read", "record", "substitutions", "tsv_lines"]

TOKENS_MAX = 20_000_000
PHRASE_TOKENS_MAX = 5
LOG_ODDS_MAX = 8.0
"""The most, in log-odds, that is said about the direction of a line."""
PAIR_LOG_ODDS_MAX = 6.0
"""The most that a whole pair says about one of its lines; loci of one pair are not independent."""
DIRECTION_MIN = 0.8
"""Probability from which a line has a direction."""
COLUMNS = ("kept", "dropped", "count", "pairs", "kept_times", "dropped_times", "original", "confidence")
"""Of the tables that `clean` writes. `original` is `kept`, `dropped` or empty."""
TURNS = {"kept": "a", "a": "a", "dropped": "b", "b": "b"}

Entry = tuple[str, str]
Keys = NDArray[np.uint64]


@dataclass(slots=True)
class _Counts:
    """What is gathered from collation to collation."""

    made: Counter[Entry] = field(default_factory=Counter)
    pairs: defaultdict[Entry, set[int]] = field(default_factory=lambda: defaultdict(set))
    odds: defaultdict[Entry, float] = field(default_factory=lambda: defaultdict(float))
    hashes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    texts: list[Keys] = field(default_factory=list)
    tokens: int = 0


def substitutions(collations: Iterable[Collation]) -> list[Substitution]:
    """The distinct substitutions, the most frequent first, then by their words."""
    counts = _Counts()
    for number, found in enumerate(collations):
        _add(counts, number, found)
    times = _times(counts)
    rows = [_row(counts, entry, times) for entry in counts.made]
    return sorted(rows, key=lambda row: (-row.count, row.a, row.b))


def lazily(collations: Iterable[Collation]) -> Iterator[Substitution]:
    """`substitutions`, counted when the first is asked for."""
    yield from substitutions(collations)


def _add(counts: _Counts, number: int, found: Collation) -> None:
    """Counts the substitutions of a collation, and keeps the tokens of its first document."""
    compared = found.compared
    substituted = [locus for locus in found.loci if locus.kind == "substitution"]
    pair = max(-PAIR_LOG_ODDS_MAX, min(PAIR_LOG_ODDS_MAX, readings.direction(compared))) if substituted else 0.0
    shared = readings.recurring(compared) if substituted else frozenset[str]()
    for locus in substituted:
        run = _run(locus, found)
        a, b = compared.tokens_a.words[slice(*run.a)], compared.tokens_b.words[slice(*run.b)]
        entry = " ".join(a), " ".join(b)
        if a == b:  # equal once the encoding is mended
            continue
        counts.odds[entry] += readings.own_odds(readings.evidence(compared, run, shared))
        if number not in counts.pairs[entry]:
            counts.odds[entry] += pair
        counts.made[entry] += 1
        counts.pairs[entry].add(number)
        for phrase, tokens, (start, stop) in (
            (entry[0], compared.tokens_a, run.a),
            (entry[1], compared.tokens_b, run.b),
        ):
            counts.hashes.setdefault(phrase, tuple(tokens.hashes[start:stop].tolist()))
    counts.tokens += len(compared.tokens_a)
    if sum(map(len, counts.texts)) < TOKENS_MAX:
        counts.texts.append(compared.tokens_a.hashes)


def _run(locus: Locus, found: Collation) -> Run:
    """The tokens of a locus."""
    return Run(
        _tokens_range(found.compared.tokens_a, locus.span_a), _tokens_range(found.compared.tokens_b, locus.span_b)
    )


def _tokens_range(tokens: Tokens, span: Span) -> tuple[int, int]:
    start, stop = np.searchsorted(tokens.spans[:, 0], span, side="left").tolist()
    return start, stop


def _row(counts: _Counts, entry: Entry, times: Mapping[str, int]) -> Substitution:
    odds = max(-LOG_ODDS_MAX, min(LOG_ODDS_MAX, counts.odds[entry]))
    probability = 1 / (1 + exp(-odds))
    sure = max(probability, 1 - probability)
    original: Side | None = None if sure < DIRECTION_MIN else "a" if odds > 0 else "b"
    a, b = entry
    return Substitution(
        a, b, counts.made[entry], len(counts.pairs[entry]), times[a], times[b], original, round(sure, 4)
    )


def _times(counts: _Counts) -> Mapping[str, int]:
    """How often each phrase stands in the first documents."""
    found: Counter[str] = Counter()
    searched = sum(map(len, counts.texts))
    for length in range(1, PHRASE_TOKENS_MAX + 1):
        phrases = [(phrase, hashes) for phrase, hashes in counts.hashes.items() if len(hashes) == length]
        if not phrases:
            continue
        wanted = _keys(np.array([hashes for _, hashes in phrases], np.uint64).reshape(-1), length)[::length]
        distinct, first = np.unique(wanted, return_index=True)
        seen = np.zeros(len(distinct), np.int64)
        for text in counts.texts:
            keys = _keys(text, length)
            at = np.minimum(np.searchsorted(distinct, keys), len(distinct) - 1)
            seen += np.bincount(at[distinct[at] == keys], minlength=len(distinct))
        for key, number in zip(first.tolist(), seen.tolist(), strict=True):
            found[phrases[key][0]] = round(number * counts.tokens / max(1, searched))
    return found


def _keys(hashes: Keys, length: int) -> Keys:
    """A key for each stretch of so many tokens."""
    count = max(0, len(hashes) - length + 1)
    keys = np.zeros(count, np.uint64)
    for offset in range(length):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + hashes[offset : offset + count]
    return keys


# --- files -----------------------------------------------------------------------------------------------------


def tsv_lines(rows: Iterable[Substitution]) -> Iterator[str]:
    """A table of kept and dropped readings, a line each, the names of the columns first."""
    yield "\t".join(COLUMNS) + "\n"
    names = {"a": "kept", "b": "dropped", None: ""}
    for row in rows:
        cells = (row.a, row.b, row.count, row.pairs, row.times_a, row.times_b, names[row.original], row.confidence)
        yield "\t".join(map(str, cells)) + "\n"


def record(row: Substitution) -> Mapping[str, Any]:
    """A row as a record."""
    return {
        "record": "substitution",
        "a": row.a,
        "b": row.b,
        "count": row.count,
        "pairs": row.pairs,
        "a_times": row.times_a,
        "b_times": row.times_b,
        "original": row.original,
        "confidence": row.confidence,
    }


def read(path: str | Path) -> list[Substitution]:
    """The ledger in a file: a table as `clean` writes it, or records as it and `diff` do, others passed over.

    Of a short table what it lacks is left open. Raises DedupError if the file cannot be read, or holds neither.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DedupError(path, f"cannot be read ({error.strerror})", "name a ledger") from error
    except UnicodeDecodeError as error:
        raise DedupError(path, "is not UTF-8", "name a ledger that `dedup clean` or `dedup diff` wrote") from error
    lines = text.split("\n")
    if lines[0].split("\t")[:3] == list(COLUMNS[:3]):
        names = lines[0].split("\t")
        return [_substitution(_cells(line, names), path, at) for at, line in enumerate(lines[1:], 2) if line]
    found = [row for at, line in enumerate(lines, 1) if (row := _record(line, path, at))]
    if not found:
        raise DedupError(path, "holds no ledger", "name a file that `dedup clean` or `dedup diff --format jsonl` wrote")
    return found


def _cells(line: str, names: Sequence[str]) -> Mapping[str, Any]:
    return dict(zip(names, line.split("\t"), strict=False))


def _record(line: str, path: str | Path, number: int) -> Substitution | None:
    """The line of a ledger that a record is, or None if it is another record."""
    try:
        found = json.loads(line) if line.strip() else {}
    except ValueError as error:
        raise _broken(path, number) from error
    if not isinstance(found, dict):
        raise _broken(path, number)
    return _substitution(found, path, number) if found.get("record") == "substitution" else None


def _substitution(found: Mapping[str, Any], path: str | Path, number: int) -> Substitution:
    a, b = found.get("a", found.get("kept")), found.get("b", found.get("dropped"))
    original = found.get("original") or None
    try:
        if not (isinstance(a, str) and isinstance(b, str) and a and b and a != b and original in (None, *TURNS)):
            raise ValueError
        count, pairs = int(found.get("count") or 0), int(found.get("pairs") or 1)
        times_a = int(found.get("a_times") or found.get("kept_times") or 0)
        times_b = int(found.get("b_times") or found.get("dropped_times") or 0)
        confidence = float(found.get("confidence") or 0.5)
        if count < 1 or min(pairs, times_a, times_b) < 0 or not 0 <= confidence <= 1:
            raise ValueError
        side: Any = TURNS[original] if original else None
        return Substitution(a, b, count, pairs, times_a, times_b, side, confidence)
    except (TypeError, ValueError) as error:
        raise _broken(path, number) from error


def _broken(path: str | Path, number: int) -> DedupError:
    return DedupError(path, f"line {number} is no line of a ledger", "name a file that dedup wrote, as it wrote it")
