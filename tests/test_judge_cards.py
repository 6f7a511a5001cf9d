"""What cards and what is asked beside say of a pair: held to a plain reading of the rules, a row at a time."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from random import Random

import numpy as np
import pytest
from rows import evidence, in_columns

from dedup import judge
from dedup.columns import Pairs
from dedup.config import Config
from dedup.damage.findings import KINDS
from dedup.model import RELATIONS, Pair

CONFIG = Config()
WEIGHED = replace(CONFIG, damage_weight=7.0)
IDS = [f"d{number}" for number in range(8)]
ALIKE = (0.0, CONFIG.noise_similarity_min - 0.01, CONFIG.noise_similarity_min, 0.9)


def pair(a: int, b: int, chance: Random, **known: float) -> Pair:
    """A pair of some relation, with a direction that is decided for either side, or for none."""
    odds = chance.choice((-9.0, -2.0, -0.5, 0.0, 0.5, 2.0, 9.0))
    told = evidence(similarity=chance.choice(ALIKE), common_share=chance.choice((0.1, 0.6, 1.0)),
                    strength=chance.choice((0.0, 2.0)), substitution_share=chance.random(),
                    replaced_rate=chance.choice((0.0, 0.9, 1.0, 9.0)) * judge.PUT_IN_RATE_MIN)  # fmt: skip
    told["direction"]["frequency"] = odds
    told |= known
    sure = 1 / (1 + exp(-abs(odds)))
    cleaner = None if sure < CONFIG.confidence_min else IDS[a] if odds > 0 else IDS[b]
    return Pair(IDS[a], IDS[b], chance.choice(RELATIONS), 0.5, 0.5, 0.5, cleaner, sure if cleaner else 0.5, 3, told)


def every_pair(seed: int) -> tuple[list[Pair], Pairs]:
    chance = Random(seed)
    made = [pair(a, b, chance) for a in range(8) for b in range(a + 1, 8)]
    return made, in_columns(IDS, made)


def is_parted_by_noise(one: Pair) -> bool:
    similarity = one.evidence["similarity"]
    assert isinstance(similarity, float)
    return one.relation == "damaged" or (one.relation == "near" and similarity >= CONFIG.noise_similarity_min)


def direction(one: Pair) -> dict[str, float]:
    parts = one.evidence["direction"]
    assert isinstance(parts, dict)
    return parts


@pytest.mark.parametrize("seed", range(5))
def test_cards_are_wanted_of_pairs_that_noise_parts_or_of_all_where_damage_counts(seed: int) -> None:
    made, pairs = every_pair(seed)
    wanted = {IDS.index(name) for one in made if is_parted_by_noise(one) for name in (one.a, one.b)}
    assert judge.carded(pairs, CONFIG).tolist() == sorted(wanted)
    assert judge.carded(pairs, WEIGHED).tolist() == list(range(8))
    few = pairs.taken(np.array([one.a == "d1" and one.b == "d2" for one in made]))
    assert judge.carded(few, WEIGHED).tolist() == [1, 2]


@pytest.mark.parametrize(("documents", "asked"), [(judge.CROWD_DOCUMENTS, True), (judge.CROWD_DOCUMENTS + 1, False)])
def test_no_more_is_asked_of_a_crowd(documents: int, asked: bool) -> None:
    ids = [f"d{number}" for number in range(documents + 2)]
    unclear = dict.fromkeys(("strength", "substitution_share", "replaced_rate"), 0.0) | {"similarity": 0.9}
    told = [evidence(common_share=1.0, **unclear) for _ in range(documents)]
    chained = [(a, a + 1) for a in range(documents - 1)] + [(documents, documents + 1)]  # and two by themselves
    made = [Pair(ids[a], ids[b], "near", 0.5, 0.5, 0.5, None, 0.5, 3, one)
            for (a, b), one in zip(chained, told, strict=True)]  # fmt: skip
    pairs = in_columns(ids, made)
    wanted = list(range(documents + 2)) if asked else [documents, documents + 1]
    assert judge.carded(pairs, CONFIG).tolist() == wanted
    assert np.unique(pairs.documents[judge.unsure(pairs, CONFIG)]).tolist() == wanted
    assert judge.unasked(pairs, CONFIG) == (0 if asked else documents - 1)


@pytest.mark.parametrize(("budget", "asked"), [(5, [2, 3]), (4, [2]), (2, [2]), (1, [])])
def test_where_pairs_are_many_the_smaller_families_are_asked(
    budget: int, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "ASKED_PAIRS", budget)
    monkeypatch.setattr(judge, "DOCUMENTS_A_PAIR", 1000)
    unclear = dict.fromkeys(("strength", "substitution_share", "replaced_rate"), 0.0) | {"similarity": 0.9}
    families = [(0, 1), (2, 3), (4, 5), (5, 6), (4, 6)]  # two of two documents, one of three
    ids = [f"d{number}" for number in range(7)]
    told = evidence(common_share=1.0, **unclear)
    made = [Pair(ids[a], ids[b], "near", 0.5, 0.5, 0.5, None, 0.5, 3, told) for a, b in sorted(families)]
    pairs = in_columns(ids, made)
    wanted = [*(range(4) if 2 in asked else ()), *(range(4, 7) if 3 in asked else ())]
    assert judge.carded(pairs, CONFIG).tolist() == wanted
    assert np.unique(pairs.documents[judge.unsure(pairs, CONFIG)]).tolist() == wanted
    assert judge.unasked(pairs, CONFIG) == len(families) - len(judge.unsure(pairs, CONFIG))


@pytest.mark.parametrize("config", [CONFIG, WEIGHED], ids=["cards of noise", "all damage"])
@pytest.mark.parametrize("numbers", [list(range(8)), [0, 2, 3, 6], [5], []], ids=["all", "some", "one", "none"])
def test_a_card_speaks_against_its_document_as_the_rules_say(numbers: list[int], config: Config) -> None:
    chance = Random(len(numbers))
    made, pairs = every_pair(len(numbers))
    scores = np.array([[chance.choice((0.0, 0.25, 1.0)) for _ in KINDS] for _ in numbers]).reshape(-1, len(KINDS))
    card = {IDS[number]: dict(zip(KINDS, row, strict=True)) for number, row in zip(numbers, scores, strict=True)}
    nothing = dict.fromkeys(KINDS, 0.0)
    found = judge.with_damage(pairs, np.array(numbers, np.int64), scores, config)
    changed = 0
    for one, now in zip(made, found, strict=True):
        own, other = (card.get(name, nothing) for name in (one.a, one.b))
        part = config.damage_weight * sum(other[kind] - own[kind] for kind in ("invisible", "ocr", "spun"))
        if is_parted_by_noise(one):
            part += config.noise_card_weight * (other["ocr"] - own["ocr"])
        assert direction(now)["damage"] == pytest.approx(part, abs=5e-4)
        if one.relation == "exact" or not part:
            assert (now.cleaner, now.confidence) == (one.cleaner, one.confidence)
            continue
        odds = part + (sum(direction(one).values()) if one.cleaner else 0.0)
        sure = 1 / (1 + exp(-abs(odds)))
        wanted = None if sure < CONFIG.confidence_min else one.a if odds > 0 else one.b
        assert now.cleaner == wanted
        assert now.confidence == pytest.approx(sure if wanted else 0.5, abs=1e-4)
        changed += now.cleaner != one.cleaner
    assert changed or len(numbers) < 2
    assert numbers or not changed


@pytest.mark.parametrize("relation", ["damaged", "near", "exact", "spun"])
def test_a_slight_card_counts_a_little(relation: str) -> None:
    told = evidence(similarity=0.9, strength=2.0)
    told["direction"]["frequency"] = 2.0
    one = Pair("d0", "d1", relation, 0.5, 0.5, 0.5, "d0", 0.8808, 3, told)  # type: ignore[arg-type]
    scores = np.zeros((2, len(KINDS)))
    scores[0, KINDS.index("ocr")] = 0.02
    (now,) = judge.with_damage(in_columns(IDS, [one]), np.array([0, 1]), scores, CONFIG)
    part = -0.02 * CONFIG.noise_card_weight if relation in ("damaged", "near") else 0.0
    assert direction(now)["damage"] == pytest.approx(part)
    assert (now.cleaner, now.confidence) == ("d0", round(1 / (1 + exp(-2.0 - part)), 4))


def asked_of(one: Pair) -> tuple[bool, bool]:
    """Whether words, and whether slips, are asked of a pair, whatever is known of it."""
    told = one.evidence
    worded = one.relation in ("near", "spun") and told["strength"] != 0 and told["common_share"] != 0.1
    rate = told["replaced_rate"]
    assert isinstance(rate, float)
    worded = worded and rate >= judge.PUT_IN_RATE_MIN
    return worded, is_parted_by_noise(one) or (one.relation == "near" and told["similarity"] == 0)


@pytest.mark.parametrize("seed", range(5))
def test_more_is_asked_of_copies_that_words_or_noise_part_and_no_others(seed: int) -> None:
    made, pairs = every_pair(seed)
    rows = set(judge.unsure(pairs, CONFIG).tolist())
    assert judge.unasked(pairs, CONFIG) == 0
    for row, one in enumerate(made):
        wanted = any(asked_of(one))
        if not wanted:
            assert row not in rows
        elif abs(direction(one)["frequency"]) < judge.UNSURE:
            assert row in rows
        elif one.evidence["common_share"] != 0.1:
            assert row not in rows


@pytest.mark.parametrize(("seed", "model"), [*((seed, "") for seed in range(5)), (5, "one"), (6, "one")])
def test_what_is_told_beside_counts_where_it_was_asked(seed: int, model: str) -> None:
    config = replace(CONFIG, language_model=model)
    chance = Random(seed)
    made, pairs = every_pair(seed)
    rows = judge.unsure(pairs, CONFIG)
    told = np.array([[chance.uniform(-30, 30), chance.randint(-40, 40), chance.uniform(-50, 50)] for _ in rows])
    found = judge.with_leanings(pairs, rows, told, config)
    by_row = dict(zip(rows.tolist(), told.tolist(), strict=True))
    for row, (one, now) in enumerate(zip(made, found, strict=True)):
        if row not in by_row:
            assert now == replace(one, evidence=now.evidence)
            assert direction(now) == direction(one) | ({"fluency": 0.0} if model else {})
            continue
        worded, noisy = asked_of(one)
        share = one.evidence["substitution_share"]
        assert isinstance(share, float)
        put_in = judge.SUSPICION_WEIGHT * share * by_row[row][0] * worded
        slips = max(-judge.SLIPS_LIMIT, min(judge.SLIPS_LIMIT, judge.SLIP_WEIGHT * by_row[row][1])) * noisy
        assert direction(now)["suspicion"] == pytest.approx(put_in, abs=5e-4)
        assert direction(now)["slips"] == pytest.approx(slips, abs=5e-4)
        less = max(-judge.FLUENCY_LIMIT, min(judge.FLUENCY_LIMIT, judge.FLUENCY_WEIGHT * by_row[row][2]))
        assert direction(now).get("fluency", 0.0) == pytest.approx(less if model else 0.0, abs=5e-4)
        if one.evidence["common_share"] != 0.1:  # names count by rules of their own
            odds = direction(one)["frequency"] + put_in + slips + (less if model else 0.0)
            sure = 1 / (1 + exp(-abs(odds)))
            wanted = None if sure < CONFIG.confidence_min else one.a if odds > 0 else one.b
            assert now.cleaner == wanted
            assert now.confidence == pytest.approx(sure if wanted else 0.5, abs=1e-4)
