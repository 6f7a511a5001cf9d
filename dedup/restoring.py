"""The flow of restoration: a document, its witnesses and a ledger become the document put right.

1. Witnesses are the documents that are copies of it. Where one of them is clean, it is followed (`_clean`).
2. Else each place at which they part is voted on (`vote`), unless the document itself is the clean one.
3. Where it is asked for, blocks that the document lacks are taken over; and where a ledger is given to conjecture by,
   what no witness decides is conjectured (`conjecture`), if a vote would let it stand.
4. A restored place is a neighbour that tells more about the next one: all is done again until nothing changes. So
   restoring twice is restoring once. What goes round in a circle stops at one of its texts; what does not come to rest
   in STEPS_MAX steps is left as it was.

Limits: a document of which PLACES_MAX places do not show whether it is clean is voted on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dedup import (
    ballots,
    causal,
    conjecture,
    edits,
    fluency,
    judge,
    layout,
    phrase,
    pipeline,
    plausible,
    readings,
    recut,
    restore,
    suspicion,
    vote,
    witnesses,
)
from dedup.channel import Channel
from dedup.config import Config
from dedup.dictionary import NOTHING, Dictionary, dictionary
from dedup.model import MERGING, Document, Edit, Pair, Passage, Restoration, Segment, Substitution
from dedup.pipeline import DEFAULT, Entry, Findings
from dedup.places import Choice, Kind

F64s = NDArray[np.float64]

STEPS_MAX = 8
PLACES_MAX = 2000
"""Places that are looked at to see whether one of two texts is clean."""
PLACES_MIN = 10
"""Places of a kind from which they show whether a text is clean."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a restoration may go by beside witnesses: a ledger that weighs votes, one to conjecture by, whether a vote
    has shown that the document and its copies were spun, the channel of the ledger's spinner, and what reads."""

    ledger: Dictionary = NOTHING
    conjectured: Dictionary = NOTHING
    spun: bool = False
    channel: Channel | None = None
    reader: fluency.Reader | None = None


NO_MEANS = Means()


@dataclass(frozen=True, slots=True)
class Copy:
    """A witness that is a copy: how it is cut against the document, and how often it is right where the two part.

    suspicions: the log-odds of its tokens that they were put in, none where nothing was spun. standing: the share of
    the places of each kind at which it is right, and how many there are.
    """

    entry: Entry
    pair: Pair
    witness: witnesses.Witness
    suspicions: F64s
    standing: dict[Kind, tuple[float, int]]


def restoration(
    document: Document, others: Sequence[Document], config: Config = DEFAULT, by: Means = NO_MEANS
) -> Restoration:
    """The document with the readings of its witnesses put in wherever the evidence decides for them.

    Without a witness that is a copy, and better, only the encoding is repaired, and what a ledger lets conjecture.
    """
    named = [replace(one, id=one.locator.path) if one.id == document.id else one for one in others]
    entries = [pipeline.entry(one, config) for one in sorted(named, key=lambda one: (one.id, one.locator.path))]
    current, made = document, tuple[Edit, ...]()
    reader = fluency.Reader(causal.opened(config.language_model)) if config.language_model else None
    by = replace(by, channel=Channel(by.ledger) if by.ledger else None, reader=reader)
    states: dict[str, tuple[Edit, ...]] = {}
    for _ in range(STEPS_MAX):
        if current.text in states:  # round in a circle: of its texts always the same one, wherever it was begun
            text = min(list(states)[list(states).index(current.text) :])
            return Restoration(document, text, states[text])
        states[current.text] = made
        spun = sum(edit.cause == "replaced" for edit in made) >= PLACES_MIN
        found = _step(pipeline.entry(current, config), entries, config, replace(by, spun=spun))
        if not found.edits:
            return Restoration(document, current.text, made)
        made = edits.composed(document.text, made, found.edits)
        current = replace(current, text=found.text, repairs=())
    return restore.restoration(document, None, ())


def suspects(restored: Restoration, by: Means, config: Config = DEFAULT) -> Sequence[conjecture.Suspect]:
    """What in a restored text stands for something else by the ledger, though it is not sure for what."""
    if not by.conjectured:
        return ()
    document = replace(restored.document, text=restored.text, repairs=())
    return conjecture.suspects(document, pipeline.entry(document, config).tokens, by.conjectured, config)


def conjectured(findings: Findings, rows: Iterable[Substitution], config: Config = DEFAULT) -> Findings:
    """The findings with every kept document put right as far as a ledger makes that sure: the edits stand among the
    repairs of the document, and it among the notable ones."""
    known = Means(conjectured=dictionary(rows))
    corpus = findings.corpus
    notable = dict(corpus.notable)
    stays = findings.clusters.kept().tolist()
    for number in (number for number, kept in enumerate(stays) if kept == number):
        document = notable.get(number) or pipeline.document_at(corpus, number)
        made = restoration(document, (), config, known).edits
        if any(edit.cause == restore.CONJECTURE for edit in made):
            notable[number] = replace(document, repairs=made)
    return replace(findings, corpus=replace(corpus, notable=notable))


def _step(own: Entry, others: Sequence[Entry], config: Config, by: Means) -> Restoration:
    """The document with what is sure at once."""
    copies = _copies(own, others, config, by.channel)
    sound = _clean(own, copies, config)
    star = _star(own, copies, config)
    texts = [restore.Text(one.document, one.tokens) for one in (own, *(copy.entry for copy in copies))]
    if sound:
        found = pipeline.collated(own, sound.entry, config)
        restored = restore.restoration(own.document, found, judge.verdicts(found, sound.pair.relation, config))
    else:
        restored = restore.edited(own.document, restore.chosen(texts, _voted(own, copies, star, config, by)))
    if restored.edits:
        return restored
    lacking = witnesses.blocks([copy.witness for copy in copies], config)
    taken = restore.taken_over(texts, (one for one in lacking if one.stop - one.start <= config.taken_tokens_max))
    if taken:
        return restore.edited(own.document, taken)
    guessed = [] if sound else _conjectures(own, copies, star, config, by)
    return restore.edited(own.document, restore.chosen(texts, guessed))


# --- copies ----------------------------------------------------------------------------------------------------


def _copies(own: Entry, others: Sequence[Entry], config: Config, channel: Channel | None = None) -> list[Copy]:
    """The witnesses that are copies, but not the very same words as the document or as each other."""
    found = []
    seen = {own.tokens.words}
    for other in others:
        if other.tokens.words in seen:
            continue
        pair = pipeline.related(own, other, config)
        if pair and pair.relation in MERGING:
            seen.add(other.tokens.words)
            cut = witness(own, other, config)
            if channel and pair.relation == "spun":
                segments = recut.recut(own.tokens.words, other.tokens.words, cut.segments, channel.stands)
                cut = replace(cut, segments=segments)
            odds = _suspicions(other) if pair.relation == "spun" else np.zeros(len(other.tokens))
            both = (_suspicions(own), odds) if pair.relation == "spun" else ()
            found.append(Copy(other, pair, cut, odds, _standing(own, cut, both, config)))
    return found


def _suspicions(entry: Entry) -> F64s:
    return suspicion.suspicions(entry.document, entry.tokens)


def witness(own: Entry, other: Entry, config: Config) -> witnesses.Witness:
    """A text beside another, cut phrase by phrase."""
    compared, aligned = pipeline.comparison(own, other, config)
    segments: Sequence[Segment] = phrase.segments(own.tokens, other.tokens, aligned)
    passages: Sequence[Passage] = compared.passages
    return witnesses.Witness(other.tokens, segments, passages)


def _standing(
    own: Entry, cut: witnesses.Witness, odds: Sequence[F64s], config: Config
) -> dict[Kind, tuple[float, int]]:
    """How often a witness is right where the document and it alone are asked."""
    places = witnesses.star(own.tokens, [cut], config).places[:PLACES_MAX]
    found = vote.vote(ballots.Ballot(own.tokens.words, places, NOTHING, NOTHING, odds), config)
    right: dict[Kind, list[float]] = {"noise": [], "replaced": []}
    for kind, options, probabilities in zip(found.kinds, found.options, found.probabilities, strict=True):
        told = zip(options, probabilities, strict=True)
        right[kind].append(sum(probability for option, probability in told if 1 in option.texts))
    return {kind: (sum(shares) / len(shares) if shares else 0.5, len(shares)) for kind, shares in right.items()}


def _clean(own: Entry, copies: Sequence[Copy], config: Config) -> Copy | None:
    """The copy whose readings are surely the original ones, if there is one, and it is not itself seen to be damaged.

    Of several, the one for which the evidence against the document's readings is the strongest.
    """
    cleaner = [copy for copy in copies if copy.pair.cleaner == copy.entry.document.id and _is_sound(copy, config)]
    if not cleaner:
        return None
    strength = {
        copy.entry.document.id: abs(readings.direction(pipeline.comparison(own, copy.entry, config)[0]))
        for copy in cleaner
    }
    return max(cleaner, key=lambda copy: strength[copy.entry.document.id])


def _is_sound(copy: Copy, config: Config) -> bool:
    least: dict[Kind, float] = {"noise": config.clean_noise_min, "replaced": config.clean_replaced_min}
    return all(share >= least[kind] for kind, (share, places) in copy.standing.items() if places >= PLACES_MIN)


# --- choices ---------------------------------------------------------------------------------------------------


def _voted(own: Entry, copies: Sequence[Copy], star: witnesses.Star, config: Config, by: Means) -> list[Choice]:
    """What the texts choose, as far as their relation to the document lets them."""
    if not copies:
        return []
    spun = any(copy.pair.relation == "spun" for copy in copies)
    odds = [_suspicions(own), *(copy.suspicions for copy in copies)] if spun else ()
    channel = by.channel if spun else None
    ballot = ballots.Ballot(own.tokens.words, star.places, by.ledger, by.conjectured, odds, channel)
    if not (channel and by.conjectured):
        ballot = _reread(own, copies, ballot, config, by.reader) if spun and by.reader else ballot
        return _decidable(own, vote.choices(ballot, config), copies, config)
    found = [] if by.spun else _decidable(own, vote.choices(ballot, config), copies, config)
    if not by.spun and sum(choice.kind == "replaced" for choice in found) < PLACES_MIN:
        return found
    shown = vote.shown(ballot, config)

    def asked(start: int, stop: int) -> bool:
        phrase = own.tokens.words[start:stop]
        known = phrase in shown or bool(channel.origins(phrase))
        return known and layout.is_whole(own.document.text, own.tokens, start, stop)

    wider = replace(ballot, places=_star(own, copies, config, asked).places, shown=shown)
    if by.reader:
        wider = _reread(own, copies, wider, config, by.reader)
    return _decidable(own, vote.choices(wider, config), copies, config)


def _reread(
    own: Entry, copies: Sequence[Copy], ballot: ballots.Ballot, config: Config, reader: fluency.Reader
) -> ballots.Ballot:
    """The ballot with what a model of the language finds of its options, where the document is restored without it."""
    texts = [restore.Text(one.document, one.tokens) for one in (own, *(copy.entry for copy in copies))]
    made = tuple(restore.chosen(texts, vote.choices(ballot, config)))
    draft, spans = edits.applied(own.document.text, made), own.tokens.spans

    def moved(at: int) -> int:
        return at + sum(len(edit.after) - len(edit.before) for edit in made if edit.span[1] <= at)

    where = [
        (moved(int(spans[place.own.start, 0])), moved(int(spans[place.own.stop - 1, 1])))
        if place.own.start < place.own.stop
        else (0, 0)
        for place in ballot.places
    ]
    return vote.reread(ballot, draft, where, reader, config)


def _star(own: Entry, copies: Sequence[Copy], config: Config, asked: witnesses.Asked | None = None) -> witnesses.Star:
    return witnesses.star(own.tokens, [copy.witness for copy in copies], config, asked)


def _decidable(own: Entry, made: Iterable[Choice], copies: Sequence[Copy], config: Config) -> list[Choice]:
    return [choice for choice in made if _is_decidable(own, choice, copies, config)]


def _is_decidable(own: Entry, choice: Choice, copies: Sequence[Copy], config: Config) -> bool:
    """Whether the damage that a choice mends is what the document and its copies are known to have.

    Words are chosen among where copies were spun, unless the document is seen to be the clean one; where nothing was
    scanned, noise is what is no word.
    """
    relations = {copy.pair.relation for copy in copies}
    share, places = min(copy.standing[choice.kind] for copy in copies)
    least = {"noise": config.clean_noise_min, "replaced": config.clean_replaced_min}[choice.kind]
    if places >= PLACES_MIN and share <= 1 - least:
        return False
    if choice.kind == "replaced":
        return "spun" in relations and places >= PLACES_MIN
    words = own.tokens.words[choice.start : choice.stop]
    return "damaged" in relations or not plausible.is_sound(words)


def _conjectures(own: Entry, copies: Sequence[Copy], star: witnesses.Star, config: Config, by: Means) -> list[Choice]:
    """Conjectures on what all texts agree on, as far as a vote between them and those texts would let them stand."""
    voices = list(star.voices)
    for place in star.places:
        voices[place.own.start : place.own.stop] = [0] * (place.own.stop - place.own.start)
    if by.spun:
        terms = conjecture.among_spun(voices, config, by.reader)
    else:
        terms = conjecture.alone(voices, by.conjectured, config, by.reader)
    made = list(conjecture.choices(own.document, own.tokens, by.conjectured, terms))
    if not copies:
        return [one for one in made if not _is_beside(one)]
    while made:
        stands = _standing_by(own, made, copies, config, by)
        if len(stands) == len(made):
            break
        made = stands  # without the others, fewer may stand
    return made


def _standing_by(own: Entry, made: Sequence[Choice], copies: Sequence[Copy], config: Config, by: Means) -> list[Choice]:
    """The conjectures that a vote lets stand if all of them are made."""
    changed = pipeline.entry(_with(own, made), config)
    again = _copies(changed, [copy.entry for copy in copies], config)
    anew = witnesses.star(changed.tokens, [copy.witness for copy in again], config)
    overruled = [(choice.start, choice.stop) for choice in _voted(changed, again, anew, config, by)]
    return [
        one
        for one, (start, stop) in zip(made, _moved(made), strict=True)
        if not any(first < stop and start < last for first, last in overruled)
    ]


def _is_beside(choice: Choice) -> bool:
    """Whether a conjecture only leaves out words beside one that stays: of these, too many are wrong where no copy
    shows that anything was put in."""
    if choice.entry is None:
        return False
    shorter, longer = sorted((choice.entry.a.split(" "), choice.entry.b.split(" ")), key=len)
    return len(shorter) < len(longer) and shorter in (longer[: len(shorter)], longer[-len(shorter) :])


def _with(own: Entry, made: Sequence[Choice]) -> Document:
    texts = [restore.Text(own.document, own.tokens)]
    return replace(own.document, text=restore.edited(own.document, restore.chosen(texts, made)).text, repairs=())


def _moved(made: Sequence[Choice]) -> list[tuple[int, int]]:
    """Where the words of choices stand, in tokens, once all are made."""
    found, shift = [], 0
    for choice in made:
        start = choice.start + shift
        found.append((start, start + len(choice.words)))
        shift += len(choice.words) - (choice.stop - choice.start)
    return found
