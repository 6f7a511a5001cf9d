"""Relations by stated figures, directions by evidence, and honest texts left in peace."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import in_columns
from strategies import PARAGRAPHS, article, edited_pairs, noised, spun

from dedup import clean, figures, judge, pipeline, readings, rules
from dedup.columns import SHOWN, Pairs
from dedup.config import Config
from dedup.figures import MENDED, NOT_SAME, SIGNS, WRITTEN, Compared
from dedup.model import RELATIONS, Collation, Pair, Relation

CONFIG = Config()


def compared(a: str, b: str, config: Config = CONFIG) -> Pair | None:
    return pipeline.compare(clean.from_text("a", a), clean.from_text("b", b), config)


def found(a: str, b: str, config: Config = CONFIG) -> Pair:
    pair = compared(a, b, config)
    assert pair is not None
    return pair


def collated(a: str, b: str) -> Collation:
    return pipeline.collate(clean.from_text("a", a), clean.from_text("b", b))


TEXT = article(1, 30)


# --- relation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (TEXT, "exact"),
        (TEXT.upper().replace(" ", "  "), "exact"),
        (TEXT.replace("the river", "the stream", 1), "near"),
        (spun(TEXT), "spun"),
        (spun(TEXT, 3, 0.6), "spun"),
        (noised(TEXT, rate=0.2), "damaged"),
        (TEXT[: len(TEXT) // 2], "excerpt"),
        (article(2, 30) + PARAGRAPHS[0], None),
    ],
    ids=["same", "capitals", "one word", "spun", "spun in part", "noise", "half", "other"],
)
def test_each_way_of_copying_has_its_relation(other: str, expected: Relation | None) -> None:
    text = TEXT if expected else f"{PARAGRAPHS[1]} {PARAGRAPHS[2]}"
    pair = compared(text, other)
    assert (pair and pair.relation) == expected
    back = compared(other, text)
    assert (back and back.relation) == expected


def test_a_shared_paragraph_is_reuse_and_no_copy() -> None:
    pair = found(f"{PARAGRAPHS[0]} {PARAGRAPHS[1]}", f"{PARAGRAPHS[2]} {PARAGRAPHS[0]} {PARAGRAPHS[3]}")
    assert pair.relation == "reuse"
    assert pair.containment_a > pair.containment_b > 0.2
    passages = pair.evidence["passages"]
    assert isinstance(passages, list)
    assert [passage["equal_words"] for passage in passages] == [len(clean.words(PARAGRAPHS[0]))]


@pytest.mark.parametrize("seed", range(6))
def test_two_honest_articles_are_no_spun_pair(seed: int) -> None:
    pair = compared(article(seed), article(seed + 900))
    assert pair is None or pair.relation == "reuse"


_FORM = (
    "This is to certify that {name} of {town} has been enrolled in the evening class number {number} since the "
    "month of {month}. The fee of {number} crowns was paid in {town}. All books that were lent to {name} by the "
    "library of {town} must be brought back before the end of {month}, or a fine of {number} crowns falls due. Please "
    "keep this letter safe, since {name} will be asked to show it in {town} whenever a new class begins. We wish "
    "{name} much pleasure in learning."
)


def filled(seed: int) -> str:
    chance = Random(seed)
    pick = {
        "name": ("Ruth Alder", "Ivo Brandt", "Mary Quill", "Otto Finch", "Lena Marsh")[seed % 5],
        "town": ("Oldham", "Zwolle", "Bergen", "Trento", "Leiria")[seed % 5],
        "month": ("January", "March", "October", "July", "June")[seed % 5],
        "number": str(chance.randint(10, 999)),
    }
    return "\n".join([_FORM.format(**pick)] * 3)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (3, 4)])
def test_a_form_filled_in_twice_is_not_spun(one: int, other: int) -> None:
    pair = compared(filled(one), filled(other))
    assert pair is not None
    assert pair.relation != "spun"
    assert pair.evidence["common_share"] == 0.0


def test_a_revision_that_adds_and_drops_as_much_as_it_replaces_is_not_spun() -> None:
    sentences = TEXT.split(". ")
    chance = Random(5)
    revised = []
    for number, one in enumerate(sentences):
        words = one.split(" ")
        if number % 3 == 0:
            del words[chance.randrange(1, len(words) - 3)]
        elif number % 3 == 1:
            words.insert(chance.randrange(1, len(words)), "rather")
        else:
            words = spun(" ".join(words)).split(" ")
        revised.append(" ".join(words))
    pair = found(TEXT, ". ".join(revised), replace(CONFIG, threshold=1.0))
    assert pair.relation == "reuse"


def test_resemblance_at_the_threshold_is_near_and_below_it_is_not() -> None:
    other = TEXT.replace(" the ", " this ", 6)
    exact = collated(TEXT, other).compared.resemblance
    wholly = replace(CONFIG, in_order_share_min=1.0)
    assert found(TEXT, other, replace(wholly, threshold=exact)).relation == "near"
    assert found(TEXT, other, replace(wholly, threshold=min(1.0, exact + 1e-9))).relation != "near"


Values = dict[str, float]
_SPUN: Values = {
    "resemblance": 0.3, "words_a": 500, "words_b": 500, "passages": 1, "places": 50, "coverage_a": 0.9,
    "coverage_b": 0.9, "containment_a": 0.7, "containment_b": 0.7, "replaced_rate": 0.1, "spread": 0.9,
    "substitution_share": 0.9, "common_share": 0.9, "similarity": 0.3, "uneven_share": 0.0, "balance": 0.9,
    "likeness": 0.0, "substitutions": 50,
    "same": NOT_SAME, "odds": 50.0, "strength": 2.8, "repairs": 0,
}  # fmt: skip
"""The figures of a spun pair, in what its texts are the same, the log-odds of its readings and how strongly a place
speaks for either side (0 where they could not be weighed), and the repairs of b less those of a."""


def columns(rows: list[Values]) -> Compared:
    """What comparisons would give that come to these values, a row a pair."""
    seen = {name: np.array([row[name] for row in rows], np.float64) for name in figures.NAMES}
    trust = np.where(seen["substitution_share"] > 0, seen["substitution_share"], 1.0)
    odds, strength = (np.array([row[name] for row in rows], np.float64) for name in ("odds", "strength"))
    sums = np.zeros((len(rows), figures.READINGS))
    sums[:, 0] = odds / trust / readings.WEIGHTS["frequency"]
    sums[:, readings.PLACES] = seen["places"]
    sums[:, readings.SQUARES] = strength**2 * np.maximum(1.0, seen["places"])
    return Compared(
        figures.Figures(**seen),
        np.array([row["same"] for row in rows], np.uint8),
        sums,
        np.array([row["repairs"] for row in rows], np.float64),
        np.zeros((0, 5), np.int64),
        np.zeros(len(rows) + 1, np.int64),
    )


def relations(rows: list[Values], config: Config = CONFIG) -> list[str | None]:
    return [(*RELATIONS, None)[code] for code in rules.relations(columns(rows), config)]


def relation(changes: Values, config: Config = CONFIG, base: Values = _SPUN) -> str | None:
    (found,) = relations([base | changes], config)
    return found


def findings(rows: list[Values], config: Config = CONFIG) -> Pairs:
    """The findings on documents 0 and 1, 2 and 3 and so on, which are named for their numbers."""
    ids = [f"{number:03}" for number in range(2 * len(rows))]
    documents = np.arange(2 * len(rows)).reshape(-1, 2)
    return judge.findings(ids, documents, columns(rows), np.zeros((len(rows), 3), np.int64), config)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "spun"),
        ({"coverage_a": 0.59, "coverage_b": 0.59}, "reuse"),
        ({"coverage_a": 0.59, "coverage_b": 0.62, "words_b": 499}, "spun"),
        ({"replaced_rate": 0.076}, "spun"),
        ({"replaced_rate": 0.075}, "reuse"),
        ({"substitution_share": 0.2, "odds": 11.0}, "spun"),
        ({"substitution_share": 0.1, "odds": 5.5}, "reuse"),
        ({"common_share": 0.51}, "spun"),
        ({"common_share": 0.50}, "reuse"),
        ({"uneven_share": 0.082}, "spun"),
        ({"uneven_share": 0.083}, "reuse"),
        ({"passages": 2}, "reuse"),
        ({"passages": 2, "words_a": 1500, "words_b": 1500}, "spun"),
        ({"strength": 2.14}, "spun"),
        ({"strength": 2.13}, "reuse"),
        ({"strength": 9.0, "replaced_rate": 0.02}, "reuse"),
        ({"odds": 0.0}, "spun"),
        ({"strength": 0.0}, "reuse"),
        ({"similarity": 0.5}, "damaged"),
        ({"similarity": 0.49}, "spun"),
        ({"similarity": 0.5, "replaced_rate": 0.019}, "reuse"),
        ({"words_a": 64, "words_b": 64}, "spun"),
        ({"words_a": 63, "words_b": 64}, "reuse"),
    ],
)
def test_each_figure_bounds_the_relation_that_is_named_for_it(changes: Values, expected: str) -> None:
    assert relation(changes) == expected


def test_an_excerpt_must_be_shorter_and_contained() -> None:
    half = _SPUN | {"words_a": 250, "containment_a": 0.9, "replaced_rate": 0.0, "similarity": 0.0}
    half |= {"containment_b": 0.45, "coverage_b": 0.45}
    assert relation({}, base=half) == "excerpt"
    assert relation({"coverage_b": 0.475}, base=half) == "excerpt"
    assert relation({"coverage_b": 0.476}, base=half) == "reuse"  # strewn over the longer
    assert relation({"passages": 4}, base=half) == "excerpt"
    assert relation({"passages": 5}, base=half) == "reuse"
    assert relation({"containment_a": 0.84}, base=half) == "reuse"
    assert relation({}, replace(CONFIG, excerpt_length_ratio_max=0.3), half) == "reuse"
    turned = {"words_a": 500, "words_b": 250, "containment_a": 0.45, "containment_b": 0.9, "coverage_a": 0.45}
    turned |= {"coverage_b": 0.9}
    assert relation(turned, base=half) == "excerpt"


_NEAR = _SPUN | {"resemblance": 0.8, "containment_a": 0.83, "containment_b": 0.83}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "near"),
        ({"resemblance": 0.69}, "spun"),
        ({"containment_a": 0.82, "containment_b": 0.82}, "spun"),
        ({"containment_a": 0.65, "containment_b": 1.0}, "near"),
        ({"containment_a": 0.64, "containment_b": 1.0}, "spun"),
        ({"containment_a": 0.7, "containment_b": 1.0, "words_a": 750}, "spun"),
        ({"containment_a": 0.7, "containment_b": 0.89, "words_a": 250}, "near"),
        ({"containment_a": 0.0, "containment_b": 0.0, "words_a": 31}, "near"),
        ({"containment_a": 0.0, "containment_b": 0.0, "words_a": 32, "words_b": 32, "passages": 0, "coverage_a": 0.0,
          "coverage_b": 0.0}, None),
    ],
)  # fmt: skip
def test_near_texts_run_alike_unless_they_are_short(changes: Values, expected: str | None) -> None:
    assert relation(changes, base=_NEAR) == expected


_ALIKE = _SPUN | {"containment_a": 0.875, "containment_b": 0.875, "strength": 1.0}
"""Texts of which one word in eight was replaced, by words that tell nothing of a program."""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "near"),
        ({"containment_a": 0.874}, "reuse"),
        ({"words_a": 64, "words_b": 64}, "near"),
        ({"words_a": 63, "words_b": 64}, "reuse"),
        ({"substitution_share": 0.5}, "near"),
        ({"substitution_share": 0.49}, "reuse"),
        ({"uneven_share": 0.15}, "near"),
        ({"uneven_share": 0.16}, "reuse"),
        ({"common_share": 0.6}, "near"),
        ({"common_share": 0.59}, "reuse"),
        ({"strength": 0.0}, "near"),
        ({"strength": 0.0, "substitution_share": 0.89}, "reuse"),
        ({"strength": 0.0, "common_share": 0.3}, "near"),
        ({"strength": 0.0, "common_share": 0.29}, "reuse"),
        ({"strength": 3.4}, "spun"),
        ({"similarity": 0.6}, "damaged"),
    ],
)
def test_texts_with_one_word_in_eight_replaced_are_near_whoever_did_it(changes: Values, expected: str) -> None:
    assert relation(changes, base=_ALIKE) == expected


def test_short_lines_that_differ_in_a_word_are_no_copies() -> None:
    words = "Thank you for your message, which we shall answer within two working days or as soon as somebody is here"
    for length in (6, 9, 12, 16, 20):
        line = words.split()[:length]
        other = [*line[: length // 2], "never", *line[length // 2 + 1 :]]
        pair = compared(" ".join(line), " ".join(other))
        assert pair is None or pair.relation == "reuse"
        assert found(" ".join(line), " ".join(line).upper()).relation == "exact"


def test_numbers_for_numbers_are_no_noise_however_alike_they_are() -> None:
    rows = [[f"{1000 + 37 * row + 11 * column}" for column in range(6)] for row in range(20)]
    table = "\n".join(" ".join(row) for row in rows)
    other = "\n".join(" ".join([*row[:3], f"{int(row[3]) + 1}", *row[4:]]) for row in rows)
    pair = found(table, other)
    assert pair.relation == "reuse"
    assert pair.evidence["similarity"] >= CONFIG.noise_similarity_min  # type: ignore[operator]


def test_words_in_order_count_only_up_to_the_usual_threshold() -> None:
    seen = {"containment_a": 0.99, "containment_b": 0.99}
    assert relation(seen, replace(CONFIG, threshold=0.5), _ALIKE) == "near"
    assert relation(seen, CONFIG, _ALIKE) == "near"
    assert relation(seen, replace(CONFIG, threshold=0.71), _ALIKE) == "reuse"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"coverage_a": 0.8, "coverage_b": 0.8}, "damaged"),
        ({"coverage_a": 0.79, "coverage_b": 0.79}, "reuse"),
        ({"uneven_share": 0.1}, "damaged"),
        ({"uneven_share": 0.11}, "reuse"),
        ({"uneven_share": 0.2, "likeness": 0.45}, "damaged"),
        ({"uneven_share": 0.2, "likeness": 0.44}, "reuse"),
        ({"uneven_share": 0.2, "similarity": 0.9, "likeness": 0.6}, "reuse"),
        ({"uneven_share": 0.2, "similarity": 0.9, "likeness": 0.61}, "damaged"),
        ({"common_share": 0.1}, "damaged"),
        ({"common_share": 0.09}, "reuse"),
        ({"common_share": 0.09, "likeness": 0.9}, "reuse"),
    ],
)
def test_noise_lies_over_the_whole_of_a_text(changes: Values, expected: str) -> None:
    assert relation({"similarity": 0.6, "strength": 0.0} | changes) == expected


@pytest.mark.parametrize(
    ("same", "passages", "expected"),
    [(WRITTEN, 0, "exact"), (MENDED, 0, "damaged"), (SIGNS, 1, "reuse"), (SIGNS, 0, None)],
)
def test_the_same_words_are_told_by_what_else_is_the_same(same: int, passages: int, expected: str | None) -> None:
    assert relation({"passages": passages, "resemblance": 1.0, "same": same}, base=_NEAR) == expected


_OTHER_WORDS: Values = {"passages": 0, "places": 0, "substitutions": 0, "odds": 0.0}
_OTHER_WORDS |= {name: 0.0 for name in _SPUN if name.startswith(("coverage", "contain", "replaced", "substitution_"))}


def test_letters_that_agree_make_a_damaged_copy_of_what_shares_no_passage() -> None:
    assert relation(_OTHER_WORDS | {"likeness": 0.44}) is None
    assert relation(_OTHER_WORDS | {"likeness": 0.45}) == "damaged"
    assert relation(_OTHER_WORDS | {"likeness": 0.45}, replace(CONFIG, noise_likeness_min=0.5)) is None
    assert relation({"similarity": 0.3, "strength": 0.0, "likeness": 0.45}) == "damaged"


@pytest.mark.parametrize(
    ("changes", "asked"),
    [({}, False), (_OTHER_WORDS, True), ({"strength": 0.0}, False), ({"strength": 0.0, "similarity": 0.46}, True),
     ({"strength": 0.0, "similarity": 0.44}, False),
     ({"strength": 0.0, "similarity": 0.0, "places": 0}, True), ({"similarity": 0.6, "uneven_share": 0.2}, True),
     ({"similarity": 0.6, "common_share": 0.09}, False),
     (_OTHER_WORDS | {"same": SIGNS}, False), ({"strength": 0.0, "similarity": 0.46, "same": SIGNS}, False),
     ({"resemblance": 0.8}, False), ({"same": WRITTEN}, False)],
)  # fmt: skip
def test_letters_are_asked_where_words_tell_of_no_copy(changes: Values, asked: bool) -> None:
    assert rules.unexplained(columns([_SPUN | changes]), CONFIG).tolist() == [asked]


def test_a_copy_known_by_its_letters_is_covered_as_far_as_its_length_goes() -> None:
    seen = _OTHER_WORDS | {"likeness": 0.6, "words_a": 100, "words_b": 150}
    (pair,) = findings([_SPUN | seen])
    assert (pair.relation, pair.evidence["coverage_a"], pair.evidence["coverage_b"]) == ("damaged", 1.0, 0.6667)


def test_without_a_direction_neither_copy_is_the_cleaner() -> None:
    pairs = findings([_SPUN | {"odds": odds} for odds in (50.0, -50.0, 0.1, 1.2)])
    assert [pair.relation for pair in pairs] == ["spun"] * 4
    assert [pair.cleaner for pair in pairs] == ["000", "003", None, None]
    assert [pair.confidence > 0.5 for pair in pairs] == [True, True, False, False]


@pytest.mark.parametrize(
    ("changes", "decided"),
    [
        ({"places": 0}, True),  # by its repairs, say: no name speaks
        ({"places": 1}, False),
        ({"places": 1, "common_share": 0.6}, True),
        ({"places": 1, "common_share": 0.59}, False),
        ({"places": 1, "odds": 3.001}, True),
        ({"places": 1, "odds": -3.001}, True),
        ({"places": 1, "odds": 2.99}, False),
        ({"places": 1, "odds": 9.0, "similarity": 0.5}, True),
        ({"places": 1, "odds": 9.0, "similarity": 0.49}, False),
        ({"places": 1, "similarity": 0.6, "resemblance": 0.3, "containment_a": 0.7, "containment_b": 0.7}, True),
        ({"places": 1, "odds": 9.0, "resemblance": 0.3, "uneven_share": 0.2}, False),
    ],
)
def test_names_and_numbers_tell_no_direction_unless_noise_made_one_of_the_other(changes: Values, decided: bool) -> None:
    named = {"common_share": 0.1, "similarity": 0.0, "substitution_share": 1.0, "odds": 2.0, "places": 1}
    (pair,) = findings([_NEAR | named | changes])
    assert (pair.cleaner is not None) == decided
    assert (pair.confidence > 0.5) == decided


@pytest.mark.parametrize("sign", [1, -1])
def test_a_direction_is_told_from_the_confidence_that_is_asked_for(sign: int) -> None:
    pairs = [findings([_SPUN | {"odds": sign * odds}])[0] for odds in (1.30, 1.29)]  # 0.785 lies between
    assert [pair.cleaner for pair in pairs] == ["000" if sign > 0 else "001", None]
    assert pairs[0].confidence == round(1 / (1 + np.exp(-1.30)), 4)
    sure = findings([_SPUN | {"odds": sign * 1.29}], replace(CONFIG, confidence_min=0.78))[0]
    assert sure.cleaner == pairs[0].cleaner


def test_the_confidence_that_is_asked_for_is_itself_enough() -> None:
    row = _SPUN | {"odds": 1.5}
    one = columns([row])
    odds, _ = readings.weighed(one.readings, one.figures.substitution_share, one.repairs)
    least = rules.probabilities(odds).item()
    told = [findings([row], replace(CONFIG, confidence_min=limit))[0].cleaner
            for limit in (least, np.nextafter(least, 1.0).item())]  # fmt: skip
    assert told == ["000", None]


def test_figures_are_told_as_they_are_rounded_alike() -> None:
    odd = dict.fromkeys(("coverage_a", "coverage_b", "replaced_rate", "uneven_share", "spread"), 0.123456789)
    (pair,) = findings([_SPUN | odd | {"resemblance": 0.123456789, "containment_a": 0.3333333, "containment_b": 0.1}])
    assert (pair.resemblance, pair.containment_a, pair.containment_b) == (0.123457, 0.333333, 0.1)
    assert {pair.evidence[name] for name in odd} == {0.1235}
    assert pair.substitutions == 50
    told = rules.by_readings(columns([_SPUN | odd]))
    assert {name: pair.evidence[name] for name in told} == {name: round(one.item(), 4) for name, one in told.items()}


def test_coverage_is_by_length_only_where_letters_alone_tell_and_never_less_than_is_known() -> None:
    base = {"coverage_a": 0.3, "coverage_b": 0.2, "uneven_share": 0.2, "similarity": 0.6, "strength": 0.0}
    (by_letters,), (by_words,) = (findings([_SPUN | base | more]) for more in ({"likeness": 0.45, "words_a": 1000}, {}))
    assert (by_letters.relation, by_words.relation) == ("damaged", "reuse")
    assert [by_letters.evidence[name] for name in ("coverage_a", "coverage_b")] == [0.5, 1.0]
    assert [by_words.evidence[name] for name in ("coverage_a", "coverage_b")] == [0.3, 0.2]
    (more,) = findings([_SPUN | base | {"coverage_a": 0.7, "likeness": 0.45, "words_a": 1000}])
    assert more.evidence["coverage_a"] == 0.7


Asked = tuple[tuple[str, str, float], ...]
_STATED: list[tuple[str, Asked, Relation | None]] = [
    ("the same text, but for case, space and Unicode form", (("same", "=", WRITTEN),), "exact"),
    ("the same text once its encoding is mended", (("same", "=", MENDED),), "damaged"),
    ("a resemblance of 0.7 or more, in the same order",
     (("same", "!=", SIGNS), ("resemblance", ">=", 0.7), ("shared_in_order", ">=", 1.4 / 1.7)), "near"),
    ("the same words with other signs between them, and no passage",
     (("same", "=", SIGNS), ("passages", "=", 0)), None),
    ("the same words with other signs between them", (("same", "=", SIGNS),), "reuse"),
    ("60% of the shorter text shared, words replaced one for another throughout",
     (("coverage_shorter", ">=", 0.6), ("words_shorter", ">=", 64), ("similarity", "<", 0.5),
      ("replaced_rate", ">=", 0.02), ("readings_known", "=", 1), ("systematic", ">=", 0.5)), "spun"),
    ("80% of the shorter text shared, words replaced by like ones",
     (("coverage_shorter", ">=", 0.8), ("similarity", ">=", 0.5), ("replaced_rate", ">=", 0.02),
      ("uneven_share", "<=", 0.1), ("words_share", ">=", 0.1)), "damaged"),
    ("seven words of eight in the same order, the others replaced, and seldom names",
     (("readings_known", "=", 1), ("words_shorter", ">=", 64), ("shared_in_order", ">=", 0.875),
      ("uneven_share", "<=", 0.15), ("substitution_share", ">=", 0.5), ("common_share", ">=", 0.6)), "near"),
    ("the same, nearly all replaced, in a language without tables",
     (("readings_known", "=", 0), ("words_shorter", ">=", 64), ("shared_in_order", ">=", 0.875),
      ("uneven_share", "<=", 0.15), ("substitution_share", ">=", 0.9), ("common_share", ">=", 0.3)), "near"),
    ("the letters agree where the words do not",
     (("likeness", ">=", 0.45), ("likeness_evenness", ">=", 0.67), ("words_share", ">=", 0.1)), "damaged"),
    ("the shorter text stands word for word in a longer one",
     (("length_ratio", "<=", 0.8), ("containment_shorter", ">=", 0.85), ("strange_shorter", "<=", 0.15)), "excerpt"),
    ("no passage that both share", (("passages", "=", 0),), None),
]  # fmt: skip
"""The rules as people are told them, by `dedup explain` and in docs/judging.md."""


def test_rules_are_stated_as_people_are_told_them() -> None:
    stated = rules.stated(columns([_SPUN]), CONFIG)
    assert [rule.told for rule in stated] == [told for told, _, _ in _STATED]
    assert [(*RELATIONS, None)[rule.code] for rule in stated] == [code for _, _, code in _STATED]
    for rule, (_, asked, _) in zip(stated, _STATED, strict=True):
        assert [(one.figure, one.sign) for one in rule.asks] == [(figure, sign) for figure, sign, _ in asked]
        assert [one.limit for one in rule.asks] == [pytest.approx(limit) for _, _, limit in asked]
    strict = rules.stated(columns([_SPUN]), replace(CONFIG, threshold=0.75, copy_coverage_min=0.5))
    assert [rule.told for rule in strict if "resemblance" in rule.told or "throughout" in rule.told] == [
        "a resemblance of 0.75 or more, in the same order",
        "50% of the shorter text shared, words replaced one for another throughout",
    ]


def test_what_a_rule_asks_is_what_it_decides_by() -> None:
    chance = Random(3)
    rows = [_SPUN | {name: chance.choice((0.0, 0.1, 0.5, 0.8, 0.9, 1.0)) for name in ("coverage_a", "containment_a",
            "replaced_rate", "common_share", "similarity", "uneven_share", "likeness", "resemblance")}
            | {"words_a": chance.choice((31, 64, 300, 500)), "passages": chance.choice((0, 1, 2))}
            for _ in range(200)]  # fmt: skip
    signs = {"=": lambda x, y: x == y, "!=": lambda x, y: x != y, ">=": lambda x, y: x >= y,
             "<=": lambda x, y: x <= y, "<": lambda x, y: x < y}  # fmt: skip
    stated = rules.stated(columns(rows), CONFIG)
    for number, given_ in enumerate(relations(rows)):
        holding = [rule for rule in stated
                   if all(signs[one.sign](one.values[number], one.limit) for one in rule.asks)]  # fmt: skip
        assert given_ == ((*RELATIONS, None)[holding[0].code] if holding else "reuse")
    assert len(set(relations(rows))) >= 5


def test_of_two_that_are_the_same_neither_is_the_cleaner_whatever_the_readings_say() -> None:
    (pair,) = findings([_SPUN | {"same": WRITTEN, "odds": 6.0}])
    assert (pair.relation, pair.cleaner, pair.confidence) == ("exact", None, 0.5)
    assert pair.containment_a == pair.containment_b == 1.0


_any_row = st.fixed_dictionaries({
    name: st.sampled_from([0, 20, 31, 32, 100, 500]) if name.startswith("words")
    else st.sampled_from([0, 1, 3]) if name == "passages" else st.sampled_from([1, 2, 50]) if name == "places"
    else st.sampled_from([NOT_SAME, NOT_SAME, NOT_SAME, WRITTEN, MENDED, SIGNS]) if name == "same"
    else st.sampled_from([-40.0, -1.0, 0.5, 3.0, 50.0]) if name == "odds" else st.sampled_from([0, 0, 3, -20])
    if name == "repairs" else st.sampled_from([0.0, 0.02, 0.3, 0.5, 0.6, 0.7, 0.85, 0.9, 1.0])
    for name in _SPUN
})  # fmt: skip


@given(st.lists(_any_row, max_size=6))
def test_a_pair_among_others_is_judged_as_it_is_alone(rows: list[Values]) -> None:
    assert relations(rows) == [relation(row) for row in rows]
    alone = [list(findings([row])) for row in rows]
    together = {pair.a: pair for pair in findings(rows)}
    for number, own in enumerate(alone):
        names = {f"{2 * number:03}": "000", f"{2 * number + 1:03}": "001", None: None}
        found = together.get(f"{2 * number:03}")
        assert own == ([replace(found, a="000", b="001", cleaner=names[found.cleaner])] if found else [])


def test_turning_a_finding_twice_gives_it_back() -> None:
    pair = found(TEXT, spun(TEXT)[: len(TEXT) // 2])
    pairs, turns = in_columns("ab", [pair]), np.array([True])
    (back,) = pairs.turned(turns)
    assert pairs.turned(turns).turned(turns) == [pair]
    assert (back.a, back.containment_a, back.cleaner) == (pair.b, pair.containment_b, pair.cleaner)
    assert back.evidence["coverage_a"] == pair.evidence["coverage_b"]


def test_without_a_passage_there_is_nothing_to_tell() -> None:
    assert compared(*PARAGRAPHS[:2]) is None
    assert found("", "").relation == "exact"
    assert compared("", "word") is None


# --- figures ---------------------------------------------------------------------------------------------------


@given(edited_pairs())
def test_figures_are_shares(pair: tuple[str, str]) -> None:
    judged = compared(*pair)
    if judged:
        shares = [judged.resemblance, judged.containment_a, judged.containment_b]
        unbounded = ("consistency", "lean", "strength")
        shares += [judged.evidence[name] for name in SHOWN if name not in unbounded]  # type: ignore[misc]
        assert all(judged.evidence[name] >= 0.0 for name in unbounded)  # type: ignore[operator]
        assert all(0.0 <= share <= 1.0 for share in shares)
        assert judged.cleaner in (None, "a", "b")
        low, high = (CONFIG.confidence_min, 1.0) if judged.cleaner else (0.0, 0.5)
        assert low <= judged.confidence <= high
    assert judged or collated(*pair).compared.passages == ()


@given(edited_pairs())
def test_letters_agree_alike_from_either_side_and_wholly_with_themselves(pair: tuple[str, str]) -> None:
    a, b = pair
    assert figures.agreement(a, b) == figures.agreement(b, a)
    assert 0.0 <= figures.agreement(a, b) <= 1.0
    if sum(map(str.isalnum, a)) >= figures.LETTERS_MIN:
        assert figures.agreement(a, a.upper()) == 1.0
    words = [[word for word, _, _ in clean.words(text)] for text in pair]
    assert 0.0 <= figures.likeness(figures.agreement(a, b), *words) <= 1.0


def test_letters_of_short_or_other_texts_do_not_agree() -> None:
    assert figures.agreement(TEXT[:90], TEXT[:90]) == 0.0
    assert figures.agreement(PARAGRAPHS[0], PARAGRAPHS[1]) == 0.0
    assert figures.agreement("abba " * 100, "baab " * 100) == 0.0  # as much as by chance


@pytest.mark.parametrize("seed", range(3))
def test_letters_tell_the_worst_scan_of_a_text(seed: int) -> None:
    text, chance = article(seed, 12), Random(seed)
    scan = "".join(chance.choice(" xqz1,") if chance.random() < 0.25 else one for one in text if chance.random() > 0.05)
    pair = found(text, scan)
    assert pair.relation == "damaged"
    assert pair.containment_a < 0.3
    assert all(pair.evidence[name] > 0.8 for name in ("coverage_a", "coverage_b"))  # type: ignore[operator]


def test_figures_of_a_spun_pair_are_what_was_done_to_it() -> None:
    words = TEXT.split(" ")
    places = [at for at in range(5, len(words) - 5, 10) if words[at].isalpha()]
    for at in places:
        words[at] = "marmalade"
    told = figures.figures(collated(TEXT, " ".join(words)).compared, CONFIG)
    assert all(getattr(told, name).shape == (1,) for name in figures.NAMES)
    seen = {name: getattr(told, name).item() for name in figures.NAMES}
    length = len(clean.words(TEXT))
    assert seen["substitutions"] == seen["places"] == len(places)
    assert seen["words_a"] == seen["words_b"] == length
    assert seen["replaced_rate"] == pytest.approx(len(places) / length)
    assert seen["containment_a"] == seen["containment_b"] == pytest.approx(1 - len(places) / length)
    assert seen["coverage_a"] == seen["coverage_b"] == seen["spread"] == seen["substitution_share"] == 1.0
    assert (seen["balance"], seen["uneven_share"]) == (1.0, 0.0)
    assert seen["common_share"] > 0.8
    assert seen["similarity"] < 0.5


def test_the_relation_does_not_depend_on_which_text_is_named_first() -> None:
    chance = Random(8)
    pairs = []
    for seed in range(40):
        sentences = article(seed, 4, 4).strip().split(". ")
        other = [*sentences, *article(seed + 700, 3, 3).strip().split(". ")]
        chance.shuffle(other)
        pairs.append((". ".join(sentences), ". ".join(other)))
    figures = [(compared(a, b), compared(b, a)) for a, b in pairs]
    assert all((one and one.containment_a) == (two and two.containment_b) for one, two in figures)


# --- direction -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_plainer_text_is_the_cleaner_from_either_side(seed: int) -> None:
    text = article(seed, 30)
    for damage in (spun, noised):
        one, other = found(text, damage(text, seed)), found(damage(text, seed), text)
        assert (one.cleaner, other.cleaner) == ("a", "b")


def test_where_nothing_decides_no_copy_is_called_cleaner() -> None:
    for other in (TEXT, TEXT.replace("the ", "the  "), TEXT[: len(TEXT) // 2]):
        assert found(TEXT, other).cleaner is None


def test_broken_encoding_betrays_the_copy() -> None:
    accented = f"{TEXT}\nZoë’s crème brûlée was sold out.\nThe café’s doors stayed shut.\nNobody’s fault, said René.\n"
    broken = accented.encode("utf-8").decode("cp1252")
    assert len(clean.from_text("b", broken).repairs) > 4
    pair = found(accented, broken)
    assert (pair.relation, pair.cleaner) == ("damaged", "a")


def test_two_words_that_an_editor_exchanged_for_as_good_ones_tell_next_to_nothing() -> None:
    pair = found(TEXT, TEXT.replace(" small ", " little ", 1).replace(" winter ", " autumn ", 1))
    assert pair.relation == "near"
    assert pair.confidence < 0.8


def test_of_an_editor_who_also_adds_and_drops_the_exchanges_tell_less() -> None:
    exchanged = TEXT.replace(" begin ", " commence ", 1)
    edited = exchanged.replace(" small ", " ").replace(" new ", " ").replace(" old ", " very old ")
    plain, freer = (readings.direction(collated(TEXT, text).compared) for text in (exchanged, edited))
    assert plain > freer > 0


def test_words_at_both_ends_of_both_texts_are_weighed() -> None:
    other = f"Yonder {TEXT.partition(' ')[2].rpartition(' ')[0]} opine."
    seen = collated(TEXT, other).compared
    assert [run.a for run in readings.places(seen)] == [(0, 1), (len(seen.tokens_a) - 1, len(seen.tokens_a))]
    assert readings.direction(seen) > 0
    long = f"{'Yonder ' * 5}{TEXT.partition(' ')[2]}"
    assert not list(readings.places(collated(TEXT, long).compared))


def test_a_capital_that_was_lost_tells_and_a_text_in_capitals_does_not() -> None:
    frame = "Once upon a time there lived far away in {} a man and there it was that nobody ever wanted to go again"
    one, other = frame.format("Bergen"), frame.format("trento")

    def capitals(a: str, b: str) -> float:
        seen = collated(a, b).compared
        (run,) = readings.places(seen)
        return readings.evidence(seen, run, readings.recurring(seen))["capitals"]

    assert [capitals(one, other), capitals(other, one)] == [1.0, -1.0]
    assert capitals(one.upper(), other) == capitals(one, frame.format("7th")) == 0.0


@given(st.integers(0, 30))
def test_direction_turns_round_with_the_order(seed: int) -> None:
    text = article(seed, 8)
    forth = readings.direction(collated(text, spun(text)).compared)
    back = readings.direction(collated(spun(text), text).compared)
    assert forth > 0 > back


# --- verdicts --------------------------------------------------------------------------------------------------


def test_every_locus_has_a_verdict_in_order_and_unsure_ones_keep_nothing() -> None:
    both = collated(spun(TEXT), TEXT)
    given_ = judge.verdicts(both, "spun", CONFIG)
    assert [verdict.locus for verdict in given_] == list(both.loci)
    assert all(0.5 <= verdict.confidence <= 1 for verdict in given_)
    assert all(verdict.kept is None for verdict in given_ if verdict.confidence < CONFIG.confidence_min)
    kept = [verdict.kept for verdict in given_ if verdict.locus.kind == "substitution"]
    assert kept.count("b") >= 0.9 * len(kept)


def test_a_block_that_one_edition_has_is_nobodys_fault() -> None:
    halves = spun(TEXT[: len(TEXT) // 2]), spun(TEXT[len(TEXT) // 2 :])
    both = collated(f"{halves[0]} {PARAGRAPHS[0]} {halves[1]}", TEXT)
    verdicts = judge.verdicts(both, "spun", CONFIG)
    blocks = [one for one in verdicts if one.locus.kind == "deletion" and len(one.locus.text_a) > 60]
    assert blocks
    assert all(verdict.kept is None for verdict in blocks)


def test_what_lies_outside_the_shared_passages_stays_undecided() -> None:
    heads = "Vespertine bulletin regarding maritime commerce hereabouts", "Evening paper about trade by sea"
    both = collated(f"{heads[0]}\n\n{spun(TEXT)}", f"{heads[1]}\n\n{TEXT}")
    start = both.compared.tokens_a.spans[both.compared.passages[0].range_a[0]][0]
    assert start > len(heads[0])
    before = [one for one in judge.verdicts(both, "spun", CONFIG) if one.locus.span_a[1] <= start]
    assert before
    assert all(verdict.kept is None for verdict in before)


def test_layout_is_nobodys_reading() -> None:
    laid_out = TEXT.replace("\n\n", "\n \n").replace("'", "’")
    both = collated(spun(laid_out), TEXT)
    verdicts = [one for one in judge.verdicts(both, "spun", CONFIG) if one.locus.kind == "formatting"]
    assert verdicts
    assert all(verdict.kept is None for verdict in verdicts)


def test_a_moved_paragraph_is_left_where_it_is() -> None:
    parts = TEXT.strip().split("\n\n")
    both = collated(spun("\n\n".join([*parts[1:], parts[0]])), "\n\n".join(parts))
    moves = [one for one in judge.verdicts(both, "spun", CONFIG) if one.locus.kind == "move"]
    assert moves
    assert all(verdict.kept is None for verdict in moves)
    assert all(one.kept is None for one in judge.verdicts(both, "spun", CONFIG) if len(one.locus.text_b) > 100)


def test_what_decides_more_is_asked_of_the_unsure() -> None:
    both = collated(spun(article(1, 3)), article(1, 3))
    kept = [sum(one.kept is not None for one in judge.verdicts(both, "spun", replace(CONFIG, confidence_min=least)))
            for least in (0.5, 0.9, 1.0)]  # fmt: skip
    assert kept == sorted(kept, reverse=True)
    assert kept[0] > kept[-1] == 0


@pytest.mark.parametrize(
    ("changes", "relation_", "covered"),
    [
        ({"likeness": 0.99, "similarity": 0.6}, "damaged", [0.96, 1.0]),
        ({"likeness": 0.0, "similarity": 0.6}, "damaged", [0.9, 0.9]),
        ({"likeness": 0.99, "resemblance": 0.8, "containment_a": 0.83, "containment_b": 0.83}, "near", [0.9, 0.9]),
    ],
)
def test_where_noise_hides_the_words_and_only_there_lengths_tell_what_is_covered(
    changes: Values, relation_: str, covered: list[float]
) -> None:
    (pair,) = findings([_SPUN | {"words_a": 500, "words_b": 480} | changes])
    assert pair.relation == relation_
    assert [pair.evidence["coverage_a"], pair.evidence["coverage_b"]] == covered
