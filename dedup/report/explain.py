"""An explanation becomes text for people: in the order in which a scan goes about it, every figure with its meaning.

The documents are A and B, as they were asked for; what a rule asks stands beside what it found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dedup import figures
from dedup.explain import Asked, Explanation, Member, Round
from dedup.meeting import Channel
from dedup.report.wording import REASONS, count, printable, shortened

WORDS_SHOWN = 12
BANDS_SHOWN = 12
PASSAGES_SHOWN = 10
MEMBERS_SHOWN = 12
PASSAGE_CHARACTERS = 90

_VERDICT = {
    "exact": "They are the same text but for case, spacing and Unicode form.",
    "near": "They are copies, lightly edited.",
    "spun": "They are copies, and words of one were replaced throughout.",
    "damaged": "They are copies, and letters of one are garbled.",
    "excerpt": "The shorter one is a part of the longer.",
    "reuse": "They share passages, but are no copies.",
}
_CHANNELS = {"bands": "light edits", "terms": "rare words", "passages": "passages"}
_FIGURES = {
    "replaced_rate": "words replaced, for every word of the passages",
    "spread": "of the stretches of 50 words hold a replaced one",
    "substitution_share": "of the places that differ have words for words, the others add or drop some",
    "uneven_share": "of the places that differ are three words or more longer on one side",
    "balance": "of the differing words face another word",
    "common_share": "of the replacements concern no name and no number",
    "similarity": "of the letters of replaced words stand in what replaces them",
    "likeness": "of the letters agree in all that differs (0 where it was not asked)",
    "systematic": "probability that a program replaced the words, one for another",
}
"""What a figure says, after its value."""
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


def explanation(found: Explanation) -> Iterator[RenderableType]:
    """Who is asked about and what became of them, then how it came to that, step by step."""
    yield from _head(found)
    for title, body in (
        ("How they met", _meeting(found)),
        ("What they share", _shared(found)),
        ("What they are to each other: the first rule that holds decides", _rules(found)),
        ("Whose readings are the original ones", _direction(found)),
        ("Which is kept", _kept(found)),
    ):
        yield Text()
        yield Text(title, "bold")
        for part in body:
            yield Padding(part, (0, 0, 0, 2), expand=False)


def _grid(rows: Sequence[Sequence[str | Text]]) -> Table:
    """Rows of which all but the last column stay on one line."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for column in range(len(rows[0]) if rows else 0):
        table.add_column(no_wrap=column < len(rows[0]) - 1, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def _head(found: Explanation) -> Iterator[RenderableType]:
    corpus = found.findings.corpus
    for side, number in (("A", found.a), ("B", found.b)):
        words = count(int(corpus.words[number]), "word")
        yield Text.assemble((f"{side}  ", "bold"), printable(corpus.ids[number]), (f"  {words}", "dim"))
    verdict = _VERDICT[found.pair.relation] if found.pair else "They share nothing worth telling."
    yield Text()
    yield Text.assemble((f"{found.pair.relation if found.pair else 'no pair'}: ", "bold"), verdict)
    yield Text(f"{_fate(found, 'A', found.a)} {_fate(found, 'B', found.b)}")


def _fate(found: Explanation, side: str, number: int) -> str:
    clusters, ids = found.findings.clusters, found.findings.corpus.ids
    own = int(clusters.numbers()[number])
    if own < 0:
        return f"{side} stays: it gives way to no other document, and none to it."
    rows = clusters.rows_of(own)
    if (kept := int(rows[0, 0])) == number:
        return f"{side} is kept, for {count(len(rows) - 1, 'copy', 'copies')} of it."
    name = {found.a: "A", found.b: "B"}.get(kept) or printable(ids[kept])
    return f"{side} is dropped: it gives way to {name}."


# --- how they met ----------------------------------------------------------------------------------------------


def _meeting(found: Explanation) -> Iterator[RenderableType]:
    yield Text("Two documents are compared word by word if one of three quick looks brings them together:")
    yield _grid([(_CHANNELS[one.name], _channel(one, found)) for one in found.channels])
    yield Text(_met(found))
    for channel, number in found.findings.capped.items():
        told = f"{count(number, 'bucket')} of the look for {_CHANNELS[channel]} held too many documents for all pairs."
        yield Text(told, "yellow")


def _channel(one: Channel, found: Explanation) -> str:
    if one.name == "bands":
        chance = f"at their resemblance one does with a probability of {_percent(found.meeting_chance)}"
        hits = f": {_listed([str(band) for band in one.bands], BANDS_SHOWN)}" if one.bands else ""
        return f"{one.shared} of {max(one.of_a, one.of_b)} bands of the signature agree, 1 is enough ({chance}){hits}"
    if one.name == "terms":
        rarest = f"{one.shared} in common of the words of each that are the rarest in the corpus"
        words = [f"{printable(word)} ({documents:,})" for word, documents in one.words]
        told = f": {_listed(words, WORDS_SHOWN)} – in brackets how many documents hold it" if words else ""
        return f"{rarest} (of {one.of_a} and {one.of_b}), {_enough(one.needed)}{told}"
    shingles = f"{one.shared:,} runs of {found.config.shingle_length_tokens} words in common"
    furniture = f"; {one.furniture:,} more stand in too many documents to count" if one.furniture else ""
    return f"{shingles} (of {one.of_a:,} and {one.of_b:,}), {_enough(one.needed)}{furniture}"


def _enough(needed: int) -> str:
    return "1 is enough" if needed == 1 else f"{needed} are enough"


def _met(found: Explanation) -> str:
    enough = any(one.is_enough for one in found.channels)
    if found.was_candidate and enough:
        return "So the scan compared them."
    if found.was_candidate:
        return "The scan compared them: it ranks the words of a large corpus by a sample, and met them by that."
    first = "None is enough"
    if enough:
        twins = ", or another document of the very same words stands for one of them"
        first = f"They share enough, but with too many other documents{twins if found.findings.memory_bytes else ''}"
    if found.was_compared:
        return f"{first}; the scan compared them when it made clusters, since one is kept for documents like the other."
    return f"{first}, so the scan did not compare them; what follows was compared for this explanation."


# --- what they share -------------------------------------------------------------------------------------------


def _shared(found: Explanation) -> Iterator[RenderableType]:
    seen = found.figures
    yield Text(
        f"Resemblance {_number(seen['resemblance'])}: the share of all their runs of "
        f"{found.config.shingle_length_tokens} words that both have, counted exactly."
    )
    yield Text(
        f"Containment: {_percent(seen['containment_a'])} of A's words stand, equal and in order, in passages that both "
        f"share, and {_percent(seen['containment_b'])} of B's."
    )
    if not len(found.passages):
        yield Text(f"No passage of {found.config.passage_equal_tokens_min} equal words or more stands in both.")
        return
    passages = count(int(seen["passages"]), "passage")
    covered = f"{_percent(seen['coverage_a'])} of A and {_percent(seen['coverage_b'])} of B"
    yield Text(f"Aligned, they share {passages}, with {covered}, what differs within included:")
    yield _grid([_passage(row, found.texts[0]) for row in found.passages[:PASSAGES_SHOWN].tolist()])
    if len(found.passages) > PASSAGES_SHOWN:
        yield Text(f"and {len(found.passages) - PASSAGES_SHOWN:,} more (--format jsonl lists all)", "dim")
    if seen["substitutions"]:
        words, places = count(int(seen["substitutions"]), "word"), count(int(seen["places"]), "place")
        told = [f"{printable(a)} → {printable(b)} ({often})" for a, b, often in found.replaced[:WORDS_SHOWN]]
        more = f", and {len(found.replaced) - WORDS_SHOWN:,} more" if len(found.replaced) > WORDS_SHOWN else ""
        yield Text(f"{words} replaced, at {places}; A → B, and how often: {', '.join(told)}{more}")
    yield _grid([(_number(seen[name]), f"{told} ({name})") for name, told in _FIGURES.items()])


def _passage(told: Sequence[int], text: str) -> tuple[str, str]:
    start, stop, other_start, other_stop, equal = told
    shown = printable(shortened(text[start:stop], PASSAGE_CHARACTERS))
    return f"{equal:,} words", f"characters {start}–{stop} of A, {other_start}–{other_stop} of B: “{shown}”"


# --- what they are to each other -------------------------------------------------------------------------------


def _rules(found: Explanation) -> Iterator[RenderableType]:
    for step in found.steps:
        yield _grid([(_holds(step.holds), Text.assemble((f"{step.relation or 'no pair'}: ", "bold"), step.told))])
        yield Padding(_grid([(_holds(one.holds), _asked(one)) for one in step.asked]), (0, 0, 0, 5))
    if not found.steps[-1].holds:
        yield _grid([(_holds(True), Text.assemble(("reuse: ", "bold"), "a passage is shared, and no rule holds"))])


def _holds(holds: bool) -> Text:
    return Text("yes", "green") if holds else Text("no ", "red")


def _asked(one: Asked) -> str:
    if one.figure == "same":
        wanted = "that they" if one.sign == "=" else "not that they"
        return f"the two texts {_SAME[int(one.value)]}; asked: {wanted} {_SAME[int(one.limit)]}"
    if one.figure == "readings_known":
        return f"what was replaced can be weighed: {'yes' if one.value else 'no'}; asked: that it can"
    value = f"{one.value:,.0f}" if one.figure in ("passages", "words_shorter") else _number(one.value)
    return f"{_ASKED.get(one.figure, one.figure)}: {value}; asked: {_SIGNS[one.sign]}{one.limit:.3g}"


# --- whose readings are the original ones ----------------------------------------------------------------------


def _direction(found: Explanation) -> Iterator[RenderableType]:
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
        yield _grid([*rows, (f"{sign * told.log_odds + 0.0:+.1f}", "together")])
    sure = min(max(told.probability, 1 - told.probability), 1 - 1e-9)  # rounding makes certainty of what is none
    if told.undecided:
        yield Text(f"Neither is called the cleaner: {told.undecided}.")
    else:
        least = _percent(found.config.confidence_min)
        yield Text(f"{side} has the original readings: {_percent(sure)} sure, {least} asked.")


# --- which is kept ---------------------------------------------------------------------------------------------


def _kept(found: Explanation) -> Iterator[RenderableType]:
    if not found.rounds:
        yield Text("Neither is linked to any document as a copy, so both stay.")
        return
    yield Text(
        "Of documents that are linked as copies that one is kept which comparisons call the cleaner, or the whole, "
        "most often (standing: for it less against it, weighed by how sure they are); of equals the longer, then the "
        "first by id. Every other one is compared with that one itself, and gives way only if it is a copy of it: a "
        f"spun, damaged or excerpted one only if {_percent(found.config.drop_coverage_min)} of it stands in passages "
        "shared with it. What is left starts over."
    )
    for one in found.rounds:
        yield Text(f"Round {one.number}: {count(one.linked, 'document')} linked", "bold")
        yield from _round(one, found)


def _round(one: Round, found: Explanation) -> Iterator[RenderableType]:
    own = {found.findings.corpus.ids[found.a]: "A ", found.findings.corpus.ids[found.b]: "B "}
    shown = [member for at, member in enumerate(one.members) if at < MEMBERS_SHOWN or member.id in own]
    kept = one.members[0]
    yield _grid([_member(member, kept, own.get(member.id, "")) for member in shown])
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
        covered = f", {_percent(one.covered)} of it in passages shared with that" if one.relation else ""
        why = f"; to the kept one: {one.relation or 'shares nothing worth telling'}{covered}"
    figures = f"standing {one.standing:+.2f}, {count(one.words, 'word')}"
    return what, f"{side}{printable(one.id)}: {figures}{why}"


def _preferred(kept: Member, second: Member) -> str:
    if kept.standing != second.standing:
        return f"its standing is the highest ({kept.standing:+.2f}, the next {second.standing:+.2f})"
    if kept.words != second.words:
        return f"of the highest standing ({kept.standing:+.2f}) it is the longest"
    return f"of the highest standing ({kept.standing:+.2f}) and the same length it is the first by id"


# --- numbers ---------------------------------------------------------------------------------------------------


def _number(value: float) -> str:
    return f"{value:.3f}"


def _percent(share: float) -> str:
    if 0 < share < 0.0005:
        return "under 0.1 %"
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _listed(words: Sequence[str], most: int) -> str:
    more = f", and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
