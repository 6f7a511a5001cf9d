"""Edits on a text: putting them in, and taking them back.

Edits are in order of their spans and do not overlap. `applied(applied(text, edits), inverse(edits)) == text`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

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


def composed(text: str, first: Sequence[Edit], second: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits on `text` that do what `first` and then `second`, which are on the text that `first` gives, do.

    Where edits of both touch, one stands for all: it has the cause and the confidence of the last, and all witnesses.
    """
    between = applied(text, first)
    made: list[Edit] = []
    shift = 0
    for group in _touching(first, second):
        start, stop = group[0][0], max(stop for _, stop, _, _ in group)
        own = [edit for _, _, edit, is_second in group if is_second]
        others = [edit for _, _, edit, is_second in group if not is_second]
        grown = sum(len(edit.after) - len(edit.before) for edit in others)
        if not own:
            made += others
        elif not others:
            made += (_moved(edit, -shift) for edit in own)
        else:
            span = start - shift, stop - shift - grown
            after = applied(between[start:stop], [_moved(edit, -start) for edit in own])
            made.append(_joined(replace(own[-1], span=span, before=text[slice(*span)], after=after), (*own, *others)))
        shift += grown
    return tuple(edit for edit in made if edit.before != edit.after)


def _touching(first: Sequence[Edit], second: Sequence[Edit]) -> Iterator[list[tuple[int, int, Edit, bool]]]:
    """The edits of both in order, by where they stand in the text between, those that touch together; whether each is
    of the second."""
    placed = [(*edit.span, edit, True) for edit in second]
    shift = 0
    for edit in first:
        start = edit.span[0] + shift
        placed.append((start, start + len(edit.after), edit, False))
        shift += len(edit.after) - len(edit.before)
    group: list[tuple[int, int, Edit, bool]] = []
    reach = 0
    for one in sorted(placed, key=lambda one: one[:2]):
        if group and one[0] > reach:
            yield group
            group = []
        reach = max(reach, one[1]) if group else one[1]
        group.append(one)
    if group:
        yield group


def _joined(edit: Edit, parts: Sequence[Edit]) -> Edit:
    """The edit with all witnesses of what it was made of."""
    told = dict.fromkeys(
        attested
        for part in parts
        for attested in ((part.witness, part.witness_span), *part.others)
        if attested[0] is not None and attested[1] is not None and attested != (edit.witness, edit.witness_span)
    )
    return replace(edit, others=tuple((name, span) for name, span in told if name is not None and span is not None))


def _moved(edit: Edit, by: int) -> Edit:
    return replace(edit, span=(edit.span[0] + by, edit.span[1] + by))
