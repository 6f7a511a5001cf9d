"""What an explanation concludes becomes text for people: rule by rule, whose readings are original, which is kept.

What a rule asks stands beside what it found. The documents are A and B, as they were asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dedup import figures
from dedup.explain import Asked, Explanation, Member, Round
from dedup.report.wording import REASONS, count, figure, percent, printable

MEMBERS_SHOWN = 12

_ASKED = {
    "passages": "shared passages",
    "resemblance": "resemblance",
    "shared_in_order": "share of all words that stand, equal and in order, in both",
    "words_shorter": "words of the shorter text",
    "substitution_share": "of the places that differ have words for words",
    "uneven_share": "of the places that differ are three words or more longer on one side",
    "common_share": "of the replacements concern no name and no number",
    "similarity": "likeness of replaced words to what replaces them",
    "strange_shorter": "words that one has and the other not where they meet, and breaks, for each word of the shorter",
    "coverage_shorter": "share of the shorter text in shared passages",
    "replaced_rate": "words replaced, for every word of the passages",
    "systematic": "probability that words were replaced throughout",
    "likeness": "likeness of the letters of what differs",
    "likeness_evenness": "that likeness by the one of the words that face each other",
    "length_ratio": "length of the shorter text by the longer",
    "containment_shorter": "share of the shorter text that stands word for word in the longer",
}
"""What a rule looks at."""
_SAME = {
    figures.NOT_SAME: "differ",
    figures.WRITTEN: "are the same",
    figures.MENDED: "are the same once mended",
    figures.SIGNS: "have the same words and other signs",
}
_SIGNS = {"=": "", ">=": "at least ", "<=": "at most ", "<": "below "}


def grid(rows: Sequence[Sequence[str | Text]]) -> Table:
    """Rows of which all but the last column stay on one line."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for column in range(len(rows[0]) if rows else 0):
        table.add_column(no_wrap=column < len(rows[0]) - 1, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


# --- what they are to each other -------------------------------------------------------------------------------


def relation(found: Explanation) -> Iterator[RenderableType]:
    for step in found.steps:
        yield grid([(_holds(step.holds), Text.assemble((f"{step.relation or 'no pair'}: ", "bold"), step.told))])
        yield Padding(grid([(_holds(one.holds), _asked(one)) for one in step.asked]), (0, 0, 0, 5))
    if not found.steps[-1].holds:
        yield grid([(_holds(True), Text.assemble(("reuse: ", "bold"), "a passage is shared, and no rule holds"))])


def _holds(holds: bool) -> Text:
    return Text("yes", "green") if holds else Text("no ", "red")


def _asked(one: Asked) -> str:
    if one.figure == "same":
        wanted = "that they" if one.sign == "=" else "not that they"
        return f"the two texts {_SAME[int(one.value)]}; asked: {wanted} {_SAME[int(one.limit)]}"
    if one.figure == "readings_known":
        return f"what was replaced can be weighed: {'yes' if one.value else 'no'}; asked: that it can"
    value = f"{one.value:,.0f}" if one.figure in ("passages", "words_shorter") else figure(one.value)
    return f"{_ASKED.get(one.figure, one.figure)}: {value}; asked: {_SIGNS[one.sign]}{one.limit:.3g}"


# --- whose readings are the original ones ----------------------------------------------------------------------


def direction(found: Explanation) -> Iterator[RenderableType]:
    told = found.direction
    for_a = told.log_odds > 0
    side, sign = ("A", 1) if for_a else ("B", -1)
    if found.figures["places"] or any(told.parts.values()):
        places = count(int(found.figures["places"]), "place")
        yield Text(
            f"At {places} words are replaced. In log-odds, what speaks for the readings of {side}, or against (-):"
        )
        rows = [(f"{sign * part + 0.0:+.1f}", REASONS.get(name, name)) for name, part in told.parts.items()
                if round(part, 1)]  # fmt: skip
        yield grid([*rows, (f"{sign * told.log_odds + 0.0:+.1f}", "together")])
    sure = min(max(told.probability, 1 - told.probability), 1 - 1e-9)  # rounding makes certainty of what is none
    if told.undecided:
        yield Text(f"Neither is called the cleaner: {told.undecided}.")
    else:
        least = percent(found.config.confidence_min)
        yield Text(f"{side} has the original readings: {percent(sure)} sure, {least} asked.")


# --- which is kept ---------------------------------------------------------------------------------------------


def kept_one(found: Explanation) -> Iterator[RenderableType]:
    if not found.rounds:
        yield Text("Neither is linked to any document as a copy, so both stay.")
        return
    yield Text(
        "Of documents that are linked as copies that one is kept which comparisons call the cleaner, or the whole, "
        "most often (standing: for it less against it, weighed by how sure they are); of equals the longer, then the "
        "first by id. Every other one is compared with that one itself, and gives way only if it is a copy of it: a "
        f"spun, damaged or excerpted one only if {percent(found.config.drop_coverage_min)} of it stands in passages "
        "shared with it. What is left starts over."
    )
    for one in found.rounds:
        yield Text(f"Round {one.number}: {count(one.linked, 'document')} linked", "bold")
        yield from _round(one, found)


def _round(one: Round, found: Explanation) -> Iterator[RenderableType]:
    own = {found.findings.corpus.ids[found.a]: "A ", found.findings.corpus.ids[found.b]: "B "}
    shown = [member for at, member in enumerate(one.members) if at < MEMBERS_SHOWN or member.id in own]
    kept = one.members[0]
    yield grid([_member(member, kept, own.get(member.id, "")) for member in shown])
    if one.linked > len(shown):
        yield Text(f"and {one.linked - len(shown):,} more", "dim")
    if len(one.members) > 1:
        name = own.get(kept.id, printable(kept.id)).rstrip()
        yield Text(f"{name} is kept: {_preferred(kept, one.members[1])}.")


def _member(one: Member, kept: Member, side: str) -> tuple[Text, str]:
    if one is kept:
        what, why = Text("keep", "bold green"), ""
    else:
        what = Text("drop", "bold red") if one.joins else Text("stay", "bold")
        covered = f", {percent(one.covered)} of it in passages shared with that" if one.relation else ""
        why = f"; to the kept one: {one.relation or 'shares nothing worth telling'}{covered}"
    figures = f"standing {one.standing:+.2f}, {count(one.words, 'word')}"
    return what, f"{side}{printable(one.id)}: {figures}{why}"


def _preferred(kept: Member, second: Member) -> str:
    if kept.standing != second.standing:
        return f"its standing is the highest ({kept.standing:+.2f}, the next {second.standing:+.2f})"
    if kept.words != second.words:
        return f"of the highest standing ({kept.standing:+.2f}) it is the longest"
    return f"of the highest standing ({kept.standing:+.2f}) and the same length it is the first by id"
