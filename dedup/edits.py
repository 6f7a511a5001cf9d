"""Edits on a text: putting them in, and taking them back.

Edits are in order of their spans and do not overlap. `applied(applied(text, edits), inverse(edits)) == text`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dedup.model import Edit


def applied(text: str, edits: Sequence[Edit]) -> str:
    """`text` with `edits`, which are in order and do not overlap, put in. A broken edit is an assertion."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        start, stop = edit.span
        assert at <= start <= stop and text[start:stop] == edit.before, f"edit {edit} does not fit the text"
        parts += (text[at:start], edit.after)
        at = stop
    return "".join((*parts, text[at:]))


def inverse(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits that take `edits` back: spans in the text that these give."""
    undone = []
    shift = 0
    for edit in edits:
        start = edit.span[0] + shift
        undone.append(Edit((start, start + len(edit.after)), edit.after, edit.before, "undo", edit.witness))
        shift += len(edit.after) - len(edit.before)
    return tuple(undone)
