"""A ledger on disk.

`tsv_lines` and `record` write its lines; `read` reads what they, `clean` and `diff` wrote, and tables made by hand,
whose phrases it brings to matching form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dedup import clean
from dedup.model import DedupError, Substitution

COUNT_MAX = 1 << 53
"""The largest count that a line of a file may name."""
COLUMNS = ("kept", "dropped", "count", "pairs", "kept_times", "dropped_times", "original", "confidence")
"""Of the tables that `clean` writes. `original` is `kept`, `dropped` or empty."""
TURNS = {"kept": "a", "a": "a", "dropped": "b", "b": "b"}


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

    Of a short table what it lacks is left open, and phrases are brought to matching form. Raises DedupError if the file
    cannot be read, or holds neither.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # a spreadsheet writes a mark of the byte order
    except OSError as error:
        raise DedupError(path, f"cannot be read ({error.strerror})", "name a ledger") from error
    except UnicodeDecodeError as error:
        raise DedupError(path, "is not UTF-8", "name a ledger that `dedup clean` or `dedup diff` wrote") from error
    lines = text.split("\n")
    names = lines[0].rstrip("\r").split("\t")
    if names[:2] == list(COLUMNS[:2]):
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
    except (ValueError, RecursionError) as error:
        raise _broken(path, number) from error
    if not isinstance(found, dict):
        raise _broken(path, number)
    return _substitution(found, path, number) if found.get("record") == "substitution" else None


def _substitution(found: Mapping[str, Any], path: str | Path, number: int) -> Substitution:
    original = found.get("original") or None
    try:
        a, b = (_matching(found.get(name, found.get(other))) for name, other in (("a", "kept"), ("b", "dropped")))
        if not (a and b and a != b and original in (None, *TURNS)):
            raise ValueError
        count, pairs = _number(found, 1, "count"), _number(found, 1, "pairs")
        times_a, times_b = _number(found, 0, "a_times", "kept_times"), _number(found, 0, "b_times", "dropped_times")
        confidence = float(found.get("confidence") or 0.5)
        if count < 1 or not 0 <= confidence <= 1:
            raise ValueError
        side: Any = TURNS[original] if original else None
        return Substitution(a, b, count, pairs, times_a, times_b, side, confidence)
    except (TypeError, ValueError, OverflowError) as error:
        raise _broken(path, number) from error


def _number(found: Mapping[str, Any], lacking: int, *names: str) -> int:
    """A count by one of its names. Raises TypeError, ValueError or OverflowError if it is none."""
    given = (found[name] for name in names if found.get(name) not in (None, ""))
    number = int(next(given, lacking))
    if not 0 <= number <= COUNT_MAX:
        raise ValueError
    return number


def _matching(phrase: Any) -> str:
    """A phrase in matching form. Raises TypeError if it is none."""
    if not isinstance(phrase, str):
        raise TypeError
    return clean.matching(phrase)


def _broken(path: str | Path, number: int) -> DedupError:
    return DedupError(path, f"line {number} is no line of a ledger", "name a file that dedup wrote, as it wrote it")
