"""Comparisons become findings: what two documents are to each other, and whose readings are the original ones.

1. `findings`: the relation of each pair, by the rules of `rules`, and its direction, by the evidence of `readings`;
   where that does not decide, no copy is called the cleaner. A row a pair, so that a million are judged as one is.
2. `with_damage`: what the cards of both documents say is counted in. `with_leanings`: so is, where all that does not
   surely decide (`unsure`), whether the words that differ seem put in, and which has more slips of pen or scanner.
3. `verdicts`: at each place of a pair, whose reading is the original.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import exp

import numpy as np
from numpy.typing import NDArray

from dedup import language, layout, linked, readings
from dedup.columns import SHOWN, Pairs, Told
from dedup.config import Config
from dedup.damage.findings import KINDS, NOISE_KINDS
from dedup.figures import (
    EDGE_TOKENS,
    Compared,
    Run,
    is_capitalised,
    run_of,
    similarity,
    span,
)
from dedup.filed import STRETCH_ROWS
from dedup.model import (
    DAMAGED,
    EXACT,
    NEAR,
    SPUN,
    Collation,
    Comparison,
    Locus,
    Relation,
    Side,
    Verdict,
)
from dedup.rules import NONE, by_readings, letters_agree, probabilities, relations

PAIR_LIMIT = 6.0
"""The most, in log-odds, that the whole pair says about one of its loci: loci of one pair are not independent."""
UNSURE = 3.0
"""Log-odds up to which more is asked: what is beyond is right in 95 of 100 cases and more."""
UNSURE_READ = 6.0
"""The same of copies that noise parts, where a model of the language reads them, which tells more than all else."""
PUT_IN_RATE_MIN = 0.01
"""Words replaced, for each of the passages, from which it is asked which were put in: of one or two in a page that an
editor exchanged, both are at home."""
SUSPICION_WEIGHT = 0.4
"""What these log-odds count, place by place: the words beside each say to both, so they are not independent. Of 0.2 to
0.6, on three quarters of the reviews and on spun texts, 0.4 left the fewest wrong."""
SLIP_WEIGHT, SLIPS_LIMIT = 2.0, 4.0
"""Log-odds for each slip that one copy has more, and for all. Of 1,150 pairs of a scan and its transcription 0.88 are
told rightly without, 0.95 with, 0.003 wrongly."""
FLUENCY_WEIGHT, FLUENCY_LIMIT = 0.3, 6.0
"""Log-odds for each natural logarithm by which one copy is more probable to a model of the language, and for all. Of 92
unsure pairs of a scan and its transcription 0.62 are told rightly without, 0.95 with (0.1 to 0.5: 0.89 to 0.96, 0.02
to 0.04 wrongly)."""
CROWD_DOCUMENTS = 100
"""Documents linked by pairs of which more would be asked, up to which it is: more are a form filled in, or what one
program wrote, whose copies no scanner parts."""
ASKED_PAIRS, DOCUMENTS_A_PAIR = 5_000, 50
"""Pairs of which more is asked, in all, and documents of a larger corpus for each: to read, check and ask two documents
again costs 3 ms, so that is 15 s, or twice what a scan does. Where there are more, larger families are not asked."""
NAMES_ODDS = 3.0
"""Log-odds from which readings count though most of what differs are names: so much more probable is a name that is in
a list than one that is in none and looks like it."""
NAME_ZIPF = 4.0
"""Zipf frequency below which a capitalised word is taken for a name."""

F64s = NDArray[np.float64]
Mask = NDArray[np.bool_]


def findings(
    ids: Sequence[str], documents: NDArray[np.int64], compared: Compared, met: NDArray[np.int64], config: Config
) -> Pairs:
    """The findings that comparisons make; those of documents that share nothing worth telling are left out.

    ids, documents, met: see `Pairs`.
    """
    seen = compared.figures
    relation = relations(compared, config)
    odds, parts = readings.weighed(compared.readings, seen.substitution_share, compared.repairs)
    probability = probabilities(odds)
    sure = np.maximum(probability, 1 - probability)
    telling = (seen.places == 0) | _telling(relation, seen.common_share, seen.similarity, odds, config)
    decided = (relation != EXACT) & telling & (sure >= config.confidence_min)
    exact, noise = relation == EXACT, (relation == DAMAGED) & letters_agree(seen, config).holds
    told = by_readings(compared)
    figure = {name: np.round(told[name] if name in told else getattr(seen, name), 4) for name in SHOWN} | {
        "resemblance": np.round(seen.resemblance, 6),
        "containment_a": np.where(exact, 1.0, np.round(seen.containment_a, 6)),
        "containment_b": np.where(exact, 1.0, np.round(seen.containment_b, 6)),
        "confidence": np.where(decided, np.round(sure, 4), 0.5),
        "substitutions": seen.substitutions,
    }
    for name, own, other in (("coverage_a", seen.words_a, seen.words_b), ("coverage_b", seen.words_b, seen.words_a)):
        covered = np.minimum(1.0, other / np.maximum(1, own))  # where noise hides the words, lengths tell what is there
        figure[name] = np.where(noise, np.maximum(figure[name], np.round(covered, 4)), figure[name])
    preferred = np.where(probability > 0.5, 0, 1)
    made = Pairs(
        ids=ids,
        documents=documents,
        relation=relation,
        cleaner=np.where(decided, preferred, -1).astype(np.int8),
        figures=figure,
        direction={name: np.round(part, 3) + 0.0 for name, part in parts.items()},
        passages=compared.passages,
        starts=compared.starts,
        met=met,
    )
    return made.taken(relation != NONE)


def _telling(relation: NDArray[np.uint8], common: F64s, similarity: F64s, odds: F64s, config: Config) -> Mask:
    """Whose readings tell: not where most of what differs are names or numbers, unless noise made one of the other."""
    alike = (relation == NEAR) & ((similarity >= config.noise_similarity_min) | (similarity == 0))  # 0: at the ends
    found: Mask = (
        (relation == DAMAGED) | (common >= config.spun_common_share_min) | (alike & (np.abs(odds) >= NAMES_ODDS))
    )
    return found


def carded(pairs: Pairs, config: Config) -> NDArray[np.int64]:
    """The documents, ascending, whose cards count: those of pairs that noise parts, or of all if damage counts."""
    asked = np.ones(len(pairs), bool) if config.damage_weight else _noisy(pairs, config)
    counts = np.zeros(len(pairs.ids), bool)
    for rows, part in pairs.stretches():
        counts[part.documents[asked[rows]]] = True
    return np.flatnonzero(counts)


def _noisy(pairs: Pairs, config: Config) -> Mask:
    """The pairs of which cards are asked, unless damage counts."""
    return _by_few(pairs, _where(pairs, _parted_by_noise, config))


def _where(pairs: Pairs, told: Callable[[Pairs, Config], Mask], config: Config) -> Mask:
    """What is told of all pairs, which a large run has not in memory together."""
    return np.concatenate([told(part, config) for _, part in pairs.stretches()])


def _parted_by_noise(pairs: Pairs, config: Config) -> Mask:
    alike = pairs.figures["similarity"] >= config.noise_similarity_min
    found: Mask = (pairs.relation == DAMAGED) | ((pairs.relation == NEAR) & alike)
    return found


def _by_few(pairs: Pairs, asked: Mask) -> Mask:
    """The pairs that are asked, but for those in families over CROWD_DOCUMENTS, or so large that with all as large they
    are too many."""
    edges = pairs.linking(asked)
    members, component = linked.connected(edges)
    family = np.minimum(np.bincount(component, minlength=1), CROWD_DOCUMENTS + 1).astype(np.uint8)[component]
    parts = (edges[first : first + STRETCH_ROWS] for first in range(0, max(1, len(edges)), STRETCH_ROWS))
    documents = np.concatenate([family[np.searchsorted(members, part[:, 0])] for part in parts])
    up_to = np.cumsum(np.bincount(documents, minlength=CROWD_DOCUMENTS + 1)[: CROWD_DOCUMENTS + 1])
    most = int(np.searchsorted(up_to, max(ASKED_PAIRS, len(pairs.ids) // DOCUMENTS_A_PAIR), side="right")) - 1
    left = asked.copy()
    left[asked] = documents <= most
    return left


def with_damage(pairs: Pairs, numbers: NDArray[np.int64], scores: NDArray[np.float64], config: Config) -> Pairs:
    """The findings with what the cards of both documents say counted among what tells the cleaner one.

    numbers: (k,) documents, ascending, that have cards. scores: (k, len(damage.KINDS)). Broken encoding counts already,
    place by place, and how a text is cut or repeated says nothing of its words.
    """
    noisy = _noisy(pairs, config)
    return pairs.told_anew(lambda rows, part: _with_cards(part, noisy[rows], numbers, scores, config))


def _with_cards(
    pairs: Pairs, noisy: Mask, numbers: NDArray[np.int64], scores: NDArray[np.float64], config: Config
) -> Told:
    of_b_less_a = np.zeros((len(pairs), len(KINDS)))
    if len(numbers):
        places = np.minimum(np.searchsorted(numbers, pairs.documents), len(numbers) - 1)
        own = np.where((numbers[places] == pairs.documents)[..., None], scores[places], 0.0)
        of_b_less_a = own[:, 1] - own[:, 0]
    every, noise = (
        of_b_less_a[:, [KINDS.index(kind) for kind in kinds]].sum(axis=1)
        for kinds in (("invisible", "ocr", "spun"), NOISE_KINDS)
    )
    noise = np.where(noisy, noise, 0.0)
    part = config.damage_weight * every + config.noise_card_weight * noise
    asked = (pairs.relation != EXACT) & (np.abs(part) > 0)
    known = np.where(pairs.cleaner < 0, 0.0, _sum(pairs.direction))
    return _told_anew(pairs, {"damage": part}, known + part, asked, config)


def unsure(pairs: Pairs, config: Config) -> NDArray[np.int64]:
    """The rows, ascending, of copies of which more is asked, since what is known does not surely tell whose readings
    are the original ones."""
    asked = _by_few(pairs, _where(pairs, _worded, config)) | _by_few(pairs, _where(pairs, _scanned, config))
    return np.flatnonzero(asked & _where(pairs, _is_unsure, config))


def unasked(pairs: Pairs, config: Config) -> int:
    """How many pairs more would be asked of, but that their families are too large, or such pairs too many."""
    left = np.zeros(len(pairs), bool)
    for wanted in (_where(pairs, _worded, config), _where(pairs, _scanned, config)):
        left |= wanted & ~_by_few(pairs, wanted)
    return int((left & _where(pairs, _is_unsure, config)).sum())


def _is_unsure(pairs: Pairs, config: Config) -> Mask:
    limit = np.where(_scanned(pairs, config), UNSURE_READ, UNSURE) if config.language_model else UNSURE
    found: Mask = np.abs(_known(pairs, config)) < limit
    return found


def _worded(pairs: Pairs, config: Config) -> Mask:
    """Where words that are no names face each other, more than one or two in a page."""
    figure = pairs.figures
    often = figure["replaced_rate"] >= PUT_IN_RATE_MIN
    telling = often & (figure["common_share"] >= config.spun_common_share_min)
    found: Mask = np.isin(pairs.relation, (NEAR, SPUN)) & (figure["strength"] > 0) & telling
    return found


def _scanned(pairs: Pairs, config: Config) -> Mask:
    """Where noise parts two copies, or no word but signs."""
    signs = (pairs.relation == NEAR) & (pairs.figures["similarity"] == 0)
    found: Mask = _parted_by_noise(pairs, config) | signs
    return found


def _known(pairs: Pairs, config: Config) -> F64s:
    """All that is known, in log-odds, as far as it counts."""
    parts = dict(pairs.direction)
    by_cards = parts.pop("damage")
    odds = _sum(parts)
    figure = pairs.figures
    telling = _telling(pairs.relation, figure["common_share"], figure["similarity"], odds, config)
    known: F64s = np.where(telling | (figure["strength"] == 0), odds, 0.0) + by_cards
    return known


def _sum(parts: Mapping[str, F64s]) -> F64s:
    return reduce(np.add, parts.values())


def with_leanings(pairs: Pairs, rows: NDArray[np.int64], told: F64s, config: Config) -> Pairs:
    """The findings with what more is told of some pairs counted in.

    rows: (k,), those of `unsure`. told: (k, 3), by how much more b's words seem put in than a's, how many more slips b
    has, and by how much less probable it is (see `leaning`). Who adds and drops as well is an editor, whose exchanges
    tell less.
    """

    def anew(stretch: slice, part: Pairs) -> Told:
        first, last = np.searchsorted(rows, (stretch.start, stretch.stop)).tolist()
        return _with_told(part, rows[first:last] - stretch.start, told[first:last], config)

    return pairs.told_anew(anew)


def _with_told(pairs: Pairs, rows: NDArray[np.int64], told: F64s, config: Config) -> Told:
    every, asked = np.zeros((len(pairs), 3)), np.zeros(len(pairs), bool)
    every[rows], asked[rows] = told, True
    put_in = SUSPICION_WEIGHT * pairs.figures["substitution_share"] * every[:, 0]
    more = np.clip(SLIP_WEIGHT * every[:, 1], -SLIPS_LIMIT, SLIPS_LIMIT)
    parts = {
        "suspicion": np.where(_worded(pairs, config), put_in, 0.0),
        "slips": np.where(_scanned(pairs, config), more, 0.0),
    }
    if config.language_model:
        parts["fluency"] = np.clip(FLUENCY_WEIGHT * every[:, 2], -FLUENCY_LIMIT, FLUENCY_LIMIT)
    return _told_anew(pairs, parts, _known(pairs, config) + _sum(parts), asked, config)


def _told_anew(pairs: Pairs, parts: Mapping[str, F64s], odds: F64s, asked: Mask, config: Config) -> Told:
    """Other parts of the evidence, by name, and what `odds` decide where it was asked."""
    probability = probabilities(odds)
    sure = np.maximum(probability, 1 - probability)
    decided = asked & (sure >= config.confidence_min)
    cleaner = np.where(decided, np.where(probability > 0.5, 0, 1), np.where(asked, -1, pairs.cleaner))
    confidence = np.where(decided, np.round(sure, 4), np.where(asked, 0.5, pairs.figures["confidence"]))
    direction = {name: np.round(part, 3) + 0.0 for name, part in parts.items()}
    return Told(cleaner.astype(np.int8), confidence, direction)


# --- verdicts --------------------------------------------------------------------------------------------------


def verdicts(found: Collation, kind: Relation, config: Config) -> tuple[Verdict, ...]:
    """For every locus, whose reading is the original, or None where the evidence does not decide.

    What the pair shows as a whole counts at each of its loci, since a copy is made in one direction. What only one
    edition has as a block, what lies outside the shared passages, and layout stay undecided.
    """
    prior = max(-PAIR_LIMIT, min(PAIR_LIMIT, readings.direction(found.compared)))
    shared = readings.recurring(found.compared)
    given = []
    for locus in found.loci:
        evidence: dict[str, float] = {}
        if locus.kind == "substitution":
            evidence = readings.evidence(found.compared, run_of(locus, found.compared), shared)
        own = readings.own_odds(evidence)
        odds = prior + max(-PAIR_LIMIT / 2, min(PAIR_LIMIT / 2, own))
        probability = 1 / (1 + exp(-odds))
        sure = max(probability, 1 - probability)
        undecided = sure < config.confidence_min or not _is_decidable(locus, found.compared, config)
        kept: Side | None = None if undecided else "a" if probability > 0.5 else "b"
        shown = {name: round(value, 3) for name, value in {**evidence, "pair": prior}.items()}
        given.append(Verdict(locus, kept, kind, round(sure, 4), shown))
    return tuple(given)


def _is_decidable(locus: Locus, found: Comparison, config: Config) -> bool:
    if locus.kind == "move" or not _in_passages(locus, found):
        return False
    if locus.kind == "formatting":
        return layout.plain(locus.text_a) != layout.plain(locus.text_b)
    run = run_of(locus, found)
    if not run.replaced:
        return max(run.a[1] - run.a[0], run.b[1] - run.b[0]) < config.addition_tokens
    return max(run.a[1] - run.a[0], run.b[1] - run.b[0]) < config.block_tokens and not _is_fact(run, found, config)


def _is_fact(run: Run, found: Comparison, config: Config) -> bool:
    """Whether other numbers or other names face each other: what one text says otherwise, not how it says it."""
    words_a, words_b = found.tokens_a.words[slice(*run.a)], found.tokens_b.words[slice(*run.b)]
    if all(any(word[0].isdigit() or word in language.NUMBER_WORDS for word in words) for words in (words_a, words_b)):
        digits = [any(word[0].isdigit() for word in words) for words in (words_a, words_b)]
        return digits[0] == digits[1]  # `four` and `4` are one number
    names = is_capitalised(found.a.text, span(found.tokens_a, run.a)) and is_capitalised(
        found.b.text, span(found.tokens_b, run.b)
    )
    rare = all(min(map(language.zipf, words)) < NAME_ZIPF for words in (words_a, words_b))
    return names and rare and similarity(run, found) < config.noise_similarity_min


def _in_passages(locus: Locus, found: Comparison) -> bool:
    """Whether a locus lies within a shared passage, in both texts."""

    run = run_of(locus, found)
    last_a, last_b = len(found.tokens_a), len(found.tokens_b)
    for passage in found.passages:
        (start_a, stop_a), (start_b, stop_b) = passage.range_a, passage.range_b
        if max(start_a, start_b) <= EDGE_TOKENS:
            start_a = start_b = 0
        if max(last_a - stop_a, last_b - stop_b) <= EDGE_TOKENS:
            stop_a, stop_b = last_a, last_b
        if start_a <= run.a[0] and run.a[1] <= stop_a and start_b <= run.b[0] and run.b[1] <= stop_b:
            return True
    return False
