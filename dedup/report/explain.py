"""An explanation becomes text for people: in the order in which a scan goes about it, every figure with its meaning.

The documents are A and B, as they were asked for. What follows from it all is told by `concluded`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from dedup.explain import Explanation
from dedup.meeting import Channel
from dedup.report import concluded
from dedup.report.concluded import grid
from dedup.report.wording import count, figure, listed, percent, printable, shortened

WORDS_SHOWN = 12
BANDS_SHOWN = 12
PASSAGES_SHOWN = 10
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


def explanation(found: Explanation) -> Iterator[RenderableType]:
    """Who is asked about and what became of them, then how it came to that, step by step."""
    yield from _head(found)
    for title, body in (
        ("How they met", _meeting(found)),
        ("What they share", _shared(found)),
        ("What they are to each other: the first rule that holds decides", concluded.relation(found)),
        ("Whose readings are the original ones", concluded.direction(found)),
        ("Which is kept", concluded.kept_one(found)),
    ):
        yield Text()
        yield Text(title, "bold")
        for part in body:
            yield Padding(part, (0, 0, 0, 2), expand=False)


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
    yield grid([(_CHANNELS[one.name], _channel(one, found)) for one in found.channels])
    yield Text(_met(found))
    for channel, number in found.findings.capped.items():
        told = f"{count(number, 'bucket')} of the look for {_CHANNELS[channel]} held too many documents for all pairs."
        yield Text(told, "yellow")


def _channel(one: Channel, found: Explanation) -> str:
    if one.name == "bands":
        chance = f"at their resemblance one does with a probability of {percent(found.meeting_chance)}"
        hits = f": {listed([str(band) for band in one.bands], BANDS_SHOWN)}" if one.bands else ""
        return f"{one.shared} of {max(one.of_a, one.of_b)} bands of the signature agree, 1 is enough ({chance}){hits}"
    if one.name == "terms":
        rarest = f"{one.shared} in common of the words of each that are the rarest in the corpus"
        words = [f"{printable(word)} ({documents:,})" for word, documents in one.words]
        told = f": {listed(words, WORDS_SHOWN)} – in brackets how many documents hold it" if words else ""
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
        f"Resemblance {figure(seen['resemblance'])}: the share of all their runs of "
        f"{found.config.shingle_length_tokens} words that both have, counted exactly."
    )
    yield Text(
        f"Containment: {percent(seen['containment_a'])} of A's words stand, equal and in order, in passages that both "
        f"share, and {percent(seen['containment_b'])} of B's."
    )
    if not len(found.passages):
        yield Text(f"No passage of {found.config.passage_equal_tokens_min} equal words or more stands in both.")
        return
    passages = count(int(seen["passages"]), "passage")
    covered = f"{percent(seen['coverage_a'])} of A and {percent(seen['coverage_b'])} of B"
    yield Text(f"Aligned, they share {passages}, with {covered}, what differs within included:")
    yield grid([_passage(row, found.texts[0]) for row in found.passages[:PASSAGES_SHOWN].tolist()])
    if len(found.passages) > PASSAGES_SHOWN:
        yield Text(f"and {len(found.passages) - PASSAGES_SHOWN:,} more (--format jsonl lists all)", "dim")
    if seen["substitutions"]:
        words, places = count(int(seen["substitutions"]), "word"), count(int(seen["places"]), "place")
        told = [f"{printable(a)} → {printable(b)} ({often})" for a, b, often in found.replaced[:WORDS_SHOWN]]
        more = f", and {len(found.replaced) - WORDS_SHOWN:,} more" if len(found.replaced) > WORDS_SHOWN else ""
        whole = "A → B by whole places, which the ledger cuts finer"
        yield Text(f"{words} replaced, at {places}; {whole}, and how often: {', '.join(told)}{more}")
    yield grid([(figure(seen[name]), f"{told} ({name})") for name, told in _FIGURES.items()])


def _passage(told: Sequence[int], text: str) -> tuple[str, str]:
    start, stop, other_start, other_stop, equal = told
    shown = printable(shortened(text[start:stop], PASSAGE_CHARACTERS))
    return f"{equal:,} words", f"characters {start}–{stop} of A, {other_start}–{other_stop} of B: “{shown}”"
