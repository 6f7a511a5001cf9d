"""What a ledger restores where no witness tells: transfer to other texts, harm to clean ones, tortured phrases."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import direction
import prose
import spinner
from emendation import CLEAN, CONFIG, LENGTHS, ROOT, SPUN, SPUN_SHARE, Row, learnt_rows, told_apart
from labelled import Request, records

from dedup import clean, conjecture, ledger, pipeline, restoring
from dedup.config import Config
from dedup.dictionary import Dictionary, dictionary
from dedup.ledger import Substitution
from dedup.model import Edit, Span

CURVE, CURVE_QUICK, CURVE_MUCH = (25, 100, 400), (25, 50), 1600
HELD_OUT, HELD_OUT_READ = 60, 24
"""Texts that are restored; where a model of the language is asked, for it takes some ten seconds a text."""
PRECISION_MIN, HARM_MAX, TORTURED_MIN, ALARMS_MAX = 0.97, 0.001, 0.9, 1.0
ALARM_WORDS = 20_000
MARK = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
"""A swapped word, as the reviews mark it."""
EMPTY: Sequence[Substitution] = ()


@dataclass(frozen=True, slots=True)
class Replaced:
    """A spun text, its original, and where they differ: pairs of spans, the original's first. counted: those of them
    where words were replaced."""

    original: str
    spun: str
    places: Sequence[tuple[Span, Span]]
    counted: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Told:
    """Edits that put the original back, all edits, places put right, all places."""

    right: int
    edits: int
    reached: int
    places: int

    def __add__(self, other: Told) -> Told:
        return Told(
            self.right + other.right, self.edits + other.edits, self.reached + other.reached, self.places + other.places
        )


NONE = Told(0, 0, 0, 0)


def told(edits: Sequence[Edit], one: Replaced) -> Told:
    """How many edits on a spun text give what the original has there, and how many places they put right."""
    right = [span for edit in edits if (span := _rightly(edit, one)) is not None]
    reached = sum(any(start <= place[0] and place[1] <= stop for start, stop in right) for place in one.counted)
    return Told(len(right), len(edits), reached, len(one.counted))


def _rightly(edit: Edit, one: Replaced) -> Span | None:
    """The span of an edit, if the original has there what it puts in."""
    start = shift = 0
    for (_, to), (spun_from, spun_to) in one.places:
        if spun_to <= edit.span[0]:
            shift = to - spun_to
        elif spun_from < edit.span[0]:
            return None  # begins within a replacement
    start = edit.span[0] + shift
    stop = edit.span[1] + shift
    for (_, to), (spun_from, spun_to) in one.places:
        if spun_from < edit.span[1]:
            if spun_to > edit.span[1]:
                return None
            stop = edit.span[1] + to - spun_to
    return edit.span if _words(one.original[start:stop]) == _words(edit.after) else None


def _words(text: str) -> list[str]:
    return [word for word, _, _ in clean.words(text)]


def conjectured(text: str, rows: Sequence[Substitution], config: Config = CONFIG) -> Sequence[Edit]:
    """The conjectures on a text by a ledger."""
    known = dictionary(rows)
    return restoring.restoration(clean.from_text("text", text), (), config, restoring.Means(conjectured=known)).edits


def plain_majority(text: str, rows: Sequence[Substitution]) -> list[Edit]:
    """The baseline: every phrase that the ledger knows as a replacement, the longest first, becomes what it most often
    stood for."""
    best: dict[tuple[str, ...], tuple[int, tuple[str, ...]]] = {}
    for row in rows:
        a, b = tuple(row.a.split()), tuple(row.b.split())
        best[b] = max(best.get(b, (0, ())), (row.count, a))
    found = clean.words(text)
    made: list[Edit] = []
    at = 0
    while at < len(found):
        for size in range(min(5, len(found) - at), 0, -1):
            phrase = tuple(word for word, _, _ in found[at : at + size])
            if phrase in best:
                span = found[at][1], found[at + size - 1][2]
                made.append(Edit(span, text[slice(*span)], " ".join(best[phrase][1]), "majority"))
                at += size - 1
                break
        at += 1
    return made


# --- 5: transfer -----------------------------------------------------------------------------------------------------


def transfer(request: Request) -> Iterator[Row]:
    """Precision and reach on spun texts whose spinner is known from other texts."""
    held_out = _held_out(request)
    for count in (CURVE_QUICK if request.quick else CURVE)[1:]:
        yield from _transferred(
            "own spinner, 25 %", held_out, learnt_rows(count, SPUN_SHARE, request.seed), count, request.config
        )
    yield from _transferred_attacks(request)


def transfer_few(request: Request) -> Iterator[Row]:
    """The near end of the curve: few pairs, and one half of the seeds put to the other."""
    yield from _transferred_seeds(request)
    rows = learnt_rows(CURVE[0], SPUN_SHARE, request.seed)
    yield from _transferred("own spinner, 25 %", _held_out(request), rows, CURVE[0], request.config)


def transfer_much(request: Request) -> Iterator[Row]:
    """The same at the far end of the curve."""
    learnt = request.some(CURVE_MUCH, 60)
    rows = learnt_rows(learnt, SPUN_SHARE, request.seed)
    yield from _transferred("own spinner, 25 %", _held_out(request), rows, learnt, request.config)


def _held_out(request: Request) -> list[Replaced]:
    texts = islice(prose.documents("English", LENGTHS, 7000 + request.seed), 60, 60 + _held_out_count(request))
    return [_spun(text, 5000 + number) for number, text in enumerate(texts)]


def _held_out_count(request: Request) -> int:
    return request.some(HELD_OUT_READ if request.language_model else HELD_OUT, 15)


def knowable(one: Replaced, known: Dictionary) -> tuple[int, int]:
    """Of the places of a spun text: those for which the ledger, or another form of one of its lines, has what stood
    there at all, which is the most that any choice among its lines could put back; and those for which that stood there
    more often in the ledger than anything else."""
    had = usual = 0
    counted = set(one.counted)
    for own, spun in one.places:
        if spun not in counted:
            continue
        original, put_in = (tuple(_words(text[slice(*span)])) for text, span in ((one.original, own), (one.spun, spun)))
        origins = known.origins(put_in)
        had += any(origin.words == original for origin in origins)
        usual += bool(origins) and max(origins, key=lambda origin: origin.count).words == original
    return had, usual


def _transferred(
    name: str, held_out: Sequence[Replaced], rows: Sequence[Substitution], learnt: int, config: Config
) -> Iterator[Row]:
    ours = sum((told(conjectured(one.spun, rows, config), one) for one in held_out), NONE)
    plain = sum((told(plain_majority(one.spun, rows), one) for one in held_out), NONE)
    right, plainly = ours.right / max(1, ours.edits), plain.right / max(1, plain.edits)
    yield Row(5, name, f"edits right, {learnt} pairs learnt", right, ours.edits, PRECISION_MIN if ours.edits else None)
    yield Row(5, name, f"places put back, {learnt} pairs learnt", ours.reached / ours.places, ours.places)
    known = dictionary(rows)
    had, usual = (sum(each) for each in zip(*(knowable(one, known) for one in held_out), strict=True))
    yield Row(5, name, f"places whose original the ledger knows, {learnt}", had / ours.places, ours.places)
    yield Row(5, name, f"places whose usual original in it is right, {learnt}", usual / ours.places, ours.places)
    yield Row(5, name, f"edits right by plain majority, {learnt}", plainly, plain.edits)
    yield Row(5, name, f"places put back by plain majority, {learnt}", plain.reached / plain.places, plain.places)


def _spun(text: str, seed: int) -> Replaced:
    spun, swaps = spinner.spun(text, SPUN_SHARE, seed)
    places = [_differing(swap) for swap in swaps]
    return Replaced(text, spun, places, [place for _, place in places])


def _differing(swap: spinner.Swap) -> tuple[Span, Span]:
    """Where the words differ that were replaced: of `depending on` and `hinging on` the first ones."""
    own, other = swap.original.lower().split(" "), swap.replacement.lower().split(" ")
    first = last = 0
    shortest = min(len(own), len(other))
    while first < shortest - 1 and own[first] == other[first]:
        first += 1
    while last < shortest - 1 - first and own[-1 - last] == other[-1 - last]:
        last += 1
    left = sum(len(word) + 1 for word in own[:first])
    right = sum(len(word) + 1 for word in own[len(own) - last :])
    (start, stop), (spun_start, spun_stop) = swap.span, swap.spun_span
    return (start + left, stop - right), (spun_start + left, spun_stop - right)


def _transferred_attacks(request: Request) -> Iterator[Row]:
    """Half of the reviews of each attack learnt from, the other half restored."""
    for attack in direction.ATTACKS:
        rows = list(records(request.data / "word_substitution" / f"imdb_{attack}.jsonl"))
        first = [row for row in rows if direction.bucket(row["original"]) == 0][: request.some(1 << 30, 30)]
        other = [row for row in rows if direction.bucket(row["original"]) == 1][: _held_out_count(request)]
        learnt = _learnt([(row["original"], row["spun"]) for row in first])
        held_out = [_swapped(row) for row in other]
        yield from _transferred(f"word_substitution/{attack}", held_out, learnt, len(first), request.config)


def _learnt(pairs: Sequence[tuple[str, str]]) -> list[Substitution]:
    return ledger.substitutions(
        pipeline.collate(*both) for number, pair in enumerate(pairs) if (both := told_apart(*pair, number))
    )


def _swapped(row: Mapping[str, Any]) -> Replaced:
    """A review and its copy, with the places that are marked in both."""
    places = list(zip(_marks(row["original_marked"]), _marks(row["spun_marked"]), strict=True))
    return Replaced(row["original"], row["spun"], places, [place for _, place in places])


def _marks(text: str) -> list[Span]:
    """Where the words in double brackets would stand without these."""
    found = enumerate(MARK.finditer(text))
    return [(mark.start() - 4 * number, mark.end() - 4 * (number + 1)) for number, mark in found]


def _transferred_seeds(request: Request) -> Iterator[Row]:
    """The ledger of the first half of 004 and 002 put to the second half of 002, and the other way round."""
    kept, spun = (clean.from_text(name, (ROOT / "seeds" / name).read_text(encoding="utf-8")) for name in (CLEAN, SPUN))
    found = pipeline.collate(kept, spun)
    loci = [locus for locus in found.loci if locus.kind == "substitution"]
    middle = loci[len(loci) // 2]
    cuts = [(0, middle.span_a[0], 0, middle.span_b[0]), (middle.span_a[0], None, middle.span_b[0], None)]
    halves = [(kept.text[from_a:to_a], spun.text[from_b:to_b]) for from_a, to_a, from_b, to_b in cuts]
    names = ("first half to second", "second to first")
    for (learnt, held_out), name in zip((halves, halves[::-1]), names, strict=True):
        first, other = (
            pipeline.collate(*(clean.from_text(side, text) for side, text in zip("ab", half, strict=True)))
            for half in (learnt, held_out)
        )
        rows = ledger.substitutions([first])
        places = [(locus.span_a, locus.span_b) for locus in other.loci]
        substituted = Replaced(*held_out, places, [one.span_b for one in other.loci if one.kind == "substitution"])
        yield from _transferred(f"seeds, {name}", [substituted], rows, 1, request.config)


# --- 6: harm ---------------------------------------------------------------------------------------------------------


def harm(request: Request) -> Iterator[Row]:
    """Edits on clean texts, by default and with conjectures by ledgers of spinners that were not at work there."""
    ledgers = {"own spinner": learnt_rows(request.some(100, 40), SPUN_SHARE, request.seed)}
    for attack in ("pwws",):
        rows = islice(records(request.data / "word_substitution" / f"imdb_{attack}.jsonl"), request.some(400, 40))
        pairs = [(row["original"], row["spun"]) for row in rows if direction.bucket(row["original"]) == 0]
        ledgers[attack] = _learnt(pairs)
    for name, texts in clean_texts(request).items():
        words = sum(len(_words(text)) for text in texts)
        causes = [edit.cause for text in texts for edit in conjectured(text, EMPTY, request.config)]
        repairs = sum(cause.startswith("encoding") for cause in causes)
        yield Row(6, name, "edits by default, repairs aside", float(len(causes) - repairs), words, None, 0.0)
        yield Row(6, name, "repairs of characters that are no text", float(repairs), words)
        for spinner_name, learnt in ledgers.items():
            made = [edit for text in texts for edit in conjectured(text, learnt, request.config) if edit.entry]
            wrong = sum(len(_words(edit.before)) for edit in made)
            share = wrong / max(1, words)
            yield Row(6, name, f"words changed by conjecture, ledger of {spinner_name}", share, words, None, HARM_MAX)


def clean_texts(request: Request) -> Mapping[str, Sequence[str]]:
    """The clean originals of the sets."""
    reviews = {
        row["original"]
        for attack in direction.ATTACKS
        for row in records(request.data / "word_substitution" / f"imdb_{attack}.jsonl")
        if direction.bucket(row["original"]) == 1
    }
    stories = [row["text"] for row in records(request.data / "ocr_neardup" / "dev.jsonl") if row["version"] == "gold"]
    manuals = islice(prose.documents("English", LENGTHS, 7000 + request.seed), 600, 600 + request.some(100, 20))
    some = request.some(100, 20)
    return {
        "reviews": sorted(reviews)[:some],
        "newspaper transcriptions": stories[:some],
        "manuals and essays": list(manuals),
    }


# --- 7: tortured phrases ---------------------------------------------------------------------------------------------

PLAIN = re.compile(r"[a-z]+(?:[ '-][a-z]+)*")


def tortured(request: Request) -> Iterator[Row]:
    """Known phrases set into running text, one in every hundred words or so, and alarms on clean texts."""
    rows, phrases = tortured_ledger(request.data)
    known = dictionary(rows)
    texts = list(islice(prose.documents("English", (300,), 7000 + request.seed), 900, 900 + request.some(500, 60)))
    draw = random.Random(request.seed)
    drawn = draw.sample(sorted(phrases), min(len(phrases), 3 * len(texts)))
    seen = put_back = 0
    for number, text in enumerate(texts):
        own = drawn[3 * number : 3 * number + 3]
        if not own:
            break
        changed, spans = _with_phrases(text, own, draw)
        edits = conjectured(changed, rows)
        found = suspected(changed, known)
        seen += sum(span in found for span in spans)
        put_back += sum(
            any(edit.span == span and " ".join(_words(edit.after)) in phrases[phrase] for edit in edits)
            for phrase, span in zip(own, spans, strict=True)
        )
    yield Row(7, "tortured_phrases", "recognised in running text", seen / len(drawn), len(drawn), TORTURED_MIN)
    yield Row(7, "tortured_phrases", "and put right by conjecture", put_back / len(drawn), len(drawn))
    for name, clean_ones in {**clean_texts(request), "manuals and essays": texts}.items():
        words = sum(len(_words(text)) for text in clean_ones)
        alarms = sum(len(suspected(text, known)) for text in clean_ones)
        alarms_told = alarms * ALARM_WORDS / words
        yield Row(7, name, "false alarms in 20,000 words", alarms_told, words, None, ALARMS_MAX)


def suspected(text: str, known: Dictionary) -> set[Span]:
    """Where a text has phrases that surely stand for something else."""
    document = clean.from_text("text", text)
    return {finding.span for finding in conjecture.suspects(document, clean.tokens(document), known, CONFIG)}


def tortured_ledger(data: Path) -> tuple[list[Substitution], Mapping[str, set[str]]]:
    """The list as a ledger, and what each phrase stands for; lines with notes and queries left out."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in records(data / "tortured_phrases" / "dev.jsonl"):
        phrase, correct = row["tortured"].strip().lower(), row["correct"].strip().lower()
        if PLAIN.fullmatch(phrase) and PLAIN.fullmatch(correct):
            b, a = " ".join(_words(phrase)), " ".join(_words(correct))
            if a != b:
                counts[a, b] = max(counts[a, b], 1)
    meanings: dict[str, set[str]] = {}
    for a, b in counts:
        meanings.setdefault(b, set()).add(a)
    return [Substitution(a, b, count, 1, 0, 0, "a", 0.95) for (a, b), count in counts.items()], meanings


def _with_phrases(text: str, phrases: Sequence[str], draw: random.Random) -> tuple[str, list[Span]]:
    """The text with phrases put between words, apart from each other, and where they stand."""
    gaps = [match.end() for match in re.finditer(r"[a-z] (?=[a-z])", text)]
    step = len(gaps) // len(phrases)
    parts: list[str] = []
    spans: list[Span] = []
    done = length = 0
    for number, phrase in enumerate(phrases):
        at = gaps[number * step + draw.randrange(max(1, step - 10))]
        parts += (text[done:at], phrase, " ")
        length += at - done
        spans.append((length, length + len(phrase)))
        length += len(phrase) + 1
        done = at
    return "".join([*parts, text[done:]]), spans
