"""Text that was read in another encoding than it was written in becomes the edits that put it right.

1. ASCII text has none; of other text, a line is looked at only where characters outside ASCII stand together.
2. Where ftfy's badness heuristic sees some, the line is repaired by ftfy's plan, which follows double and triple
   encoding and mixtures. Where a whole line does not come out clean (it also holds sound accents or quotes), its bad
   passages are repaired one by one. A repair stands only if it leaves less badness behind, and is reduced to the
   characters that it changes. Only the encoding is mended; quotes, width and ligatures are the author's.
3. Runs that the heuristic does not see, and that are letters when their bytes in an encoding of old machines are read
   as UTF-8.

Any language. Linear in length: lines are taken in pieces of bounded length. Source: ftfy (R. Speer).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dedup.model import Edit, Span

if TYPE_CHECKING:
    from rapidfuzz.distance import Opcode

GAPS_WORDS = (12, 5, 2, 0)
"""ASCII words that may stand between two broken words of one passage, from the first cut of a line to the last."""

_PIECES = re.compile(r"[^\n]{1,2048}(?=[\s]|\Z)|[^\n]{1,4096}")
"""Lines in pieces that end before white space: what is compared letter by letter must stay short."""
_BROKEN_WORD = re.compile(r"[^\s]*[^\x00-\x7f\s][^\s]*[\u0080-\u00a0]*(?: +[!-~]+(?=\s|\Z))?")
"""A word with a character outside ASCII, and the ASCII word after it: a broken letter may have swallowed a space."""


def repairs(text: str) -> tuple[Edit, ...]:
    """The edits that undo mojibake, in order, each on the characters that it changes; none for a clean text."""
    if text.isascii() or not _SUSPECT.search(text):
        return ()
    found: list[Edit] = []
    for piece in _PIECES.finditer(text):
        line = piece.group()
        if line.isascii():
            continue
        mended = _by_heuristic(line, piece.start()) if _SUSPECT.search(line) else ()
        old = _old_machines(line, piece.start(), mended) if _OLD_SIGNS.search(line) else ()
        found += sorted((*mended, *old), key=lambda edit: edit.span)
    return tuple(found)


def ready() -> None:
    """Loads what repairs need, before threads do: one that asks while another loads it may meet half of it."""
    import ftfy  # noqa: F401


def _by_heuristic(line: str, offset: int) -> tuple[Edit, ...]:
    """The edits in a line that ftfy's heuristic finds bad; `offset` is where the line begins."""
    import ftfy

    return _mended(line, (0, len(line)), GAPS_WORDS, offset).edits if ftfy.badness.is_bad(line) else ()


_SUSPECT = re.compile("[^\x00-\x7f]{2}|[\x80-\x9f]|[\u00c2-\u00f4\u0192\u2020-\u221a\u0102\u0139][ ?!-~]")
"""What broken encoding always holds: two characters outside ASCII together, a C1 control, or what a first byte is read
as before a character that the second was lost to. The heuristic itself takes twenty times as long. Runs of old machines
hold the first of these."""
_OLD_RUN = re.compile("[^\x00-\x7f]{3,200}(?: [^\x00-\x7f]{2,200}){0,50}")
_OLD_SIGNS = re.compile("[\u00a0-\u00bf\u02c6-\u02dd\u2010-\u2265\u2500-\u25ff]")
OLD_CHARACTERS_MIN = 6
OLD_SIGNS_SHARE_MIN = 0.3


def _old_machines(line: str, offset: int, mended: Sequence[Edit]) -> Iterator[Edit]:
    """Runs that are letters of another script when their bytes in an encoding of old machines are read as UTF-8, and
    that ftfy's heuristic does not see: by chance, so many bytes are never valid UTF-8."""
    stops = [edit.span[1] for edit in mended]
    for run in _OLD_RUN.finditer(line):
        before, start, stop = run.group(), offset + run.start(), offset + run.end()
        at = bisect_right(stops, start)
        if at < len(mended) and mended[at].span[0] < stop:
            continue
        if len(_OLD_SIGNS.findall(before)) < OLD_SIGNS_SHARE_MIN * len(before) or len(before) < OLD_CHARACTERS_MIN:
            continue
        for codec in ("mac_roman", "cp437", "cp850", "cp1252"):
            after = _reread(before, codec)
            if after and all(map(str.isalpha, after.replace(" ", ""))):
                yield Edit((start, stop), before, after, f"encoding: {codec}, utf-8")
                break


def _reread(passage: str, codec: str) -> str | None:
    try:
        return passage.encode(codec).decode("utf-8")
    except UnicodeError:
        return None


@dataclass(frozen=True, slots=True)
class _Mending:
    """What a stretch becomes: its edits, the badness that is left, and how many plans were patchwork."""

    edits: tuple[Edit, ...]
    left: int
    patchwork: int


def _mended(piece: str, span: Span, gaps: Sequence[int], offset: int) -> _Mending:
    """The stretch as one if one plan fits all of it, else its parts with ever fewer sound words between."""
    import ftfy

    before = piece[slice(*span)]
    after, plan = ftfy.fix_encoding_and_explain(before)
    steps = [getattr(step, "parameter", "") for step in plan or ()]
    left = ftfy.badness.badness(after)
    patched = "decode_inconsistent_utf8" in steps
    edits = _changes(before, after, ", ".join(steps), offset + span[0]) if after != before else ()
    whole = _Mending(tuple(edits), left, int(patched))
    if not gaps or not (left or patched):
        return whole
    parts = [_mended(piece, part, gaps[1:], offset) for part in _passages(piece, span, gaps[0])]
    if not parts:
        return whole
    joined = _Mending(
        tuple(edit for part in parts for edit in part.edits),
        sum(part.left for part in parts),
        sum(part.patchwork for part in parts),
    )
    return joined if (joined.left, joined.patchwork) < (whole.left, whole.patchwork) else whole


def _passages(piece: str, span: Span, gap_words: int) -> Iterator[Span]:
    """Stretches of words with characters outside ASCII, at most so many ASCII words between them."""
    start = stop = -1
    for word in _BROKEN_WORD.finditer(piece, *span):
        if stop >= 0 and len(piece[stop : word.start()].split(maxsplit=gap_words + 1)) > gap_words:
            yield start, stop
            start = -1
        start, stop = (word.start() if start < 0 else start), word.end()
    if start >= 0:
        yield start, stop


def _changes(before: str, after: str, steps: str, offset: int) -> list[Edit]:
    from rapidfuzz.distance import Levenshtein

    return [
        Edit((offset + start, offset + stop), before[start:stop], after[to_start:to_stop], f"encoding: {steps}")
        for start, stop, to_start, to_stop in _joined(Levenshtein.opcodes(before, after))
    ]


def _joined(opcodes: Iterable[Opcode]) -> list[tuple[int, int, int, int]]:
    """The differing stretches as start and stop before, start and stop after; those that touch made one."""
    stretches: list[tuple[int, int, int, int]] = []
    for op in opcodes:
        if op.tag == "equal":
            continue
        start, to_start = op.src_start, op.dest_start
        if stretches and stretches[-1][1] == start and stretches[-1][3] == to_start:
            start, _, to_start, _ = stretches.pop()
        stretches.append((start, op.src_end, to_start, op.dest_end))
    return stretches
