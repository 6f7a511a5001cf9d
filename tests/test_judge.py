"""Relations by stated figures, directions by evidence, and honest texts left in peace."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import PARAGRAPHS, article, edited_pairs, noised, spun

from dedup import clean, figures, judge, pipeline
from dedup.config import Config
from dedup.model import Collation, Pair, Relation

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
    assert found(TEXT, other, replace(CONFIG, threshold=exact)).relation == "near"
    assert found(TEXT, other, replace(CONFIG, threshold=min(1.0, exact + 1e-9))).relation != "near"


_SPUN = figures.Figures(
    resemblance=0.3, words_a=500, words_b=500, passages=1, places=50, coverage_a=0.9, coverage_b=0.9,
    containment_a=0.7, containment_b=0.7, replaced_rate=0.1, spread=0.9,
    substitution_share=0.9, common_share=0.9, similarity=0.3, substitutions=50,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "spun"),
        ({"coverage_a": 0.59, "coverage_b": 0.59}, "reuse"),
        ({"replaced_rate": 0.039}, "reuse"),
        ({"spread": 0.49}, "reuse"),
        ({"substitution_share": 0.69}, "reuse"),
        ({"common_share": 0.59}, "reuse"),
        ({"similarity": 0.5}, "damaged"),
        ({"similarity": 0.5, "replaced_rate": 0.019}, "reuse"),
    ],
)
def test_each_figure_bounds_the_relation_that_is_named_for_it(changes: dict[str, float], expected: str) -> None:
    assert judge.relation(replace(_SPUN, **changes), None, CONFIG) == expected


def test_an_excerpt_must_be_shorter_and_contained() -> None:
    half = replace(_SPUN, words_a=250, containment_a=0.9, replaced_rate=0.0, similarity=0.0)
    assert judge.relation(half, None, CONFIG) == "excerpt"
    assert judge.relation(replace(half, containment_a=0.84), None, CONFIG) == "reuse"
    assert judge.relation(half, None, replace(CONFIG, excerpt_length_ratio_max=0.3)) == "reuse"
    turned = replace(half, words_a=500, words_b=250, containment_a=0.1, containment_b=0.9)
    assert judge.relation(turned, None, CONFIG) == "excerpt"


_NEAR = replace(_SPUN, resemblance=0.8, containment_a=0.7, containment_b=0.7)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "near"),
        ({"resemblance": 0.69}, "spun"),
        ({"containment_a": 0.59, "containment_b": 0.59}, "spun"),
        ({"containment_a": 0.0, "containment_b": 0.6}, "near"),
        ({"containment_a": 0.0, "containment_b": 0.0, "words_a": 31}, "near"),
        ({"containment_a": 0.0, "containment_b": 0.0, "words_a": 32, "words_b": 32, "passages": 0}, None),
    ],
)
def test_near_texts_run_alike_unless_they_are_short(changes: dict[str, Any], expected: str | None) -> None:
    assert judge.relation(replace(_NEAR, **changes), None, CONFIG) == expected


@pytest.mark.parametrize(
    ("same", "passages", "expected"),
    [("written", 0, "exact"), ("mended", 0, "damaged"), ("signs", 1, "reuse"), ("signs", 0, None)],
)
def test_the_same_words_are_told_by_what_else_is_the_same(
    same: judge.Sameness, passages: int, expected: str | None
) -> None:
    assert judge.relation(replace(_NEAR, passages=passages, resemblance=1.0), same, CONFIG) == expected


def test_without_a_direction_a_spun_pair_is_reuse() -> None:
    shown = {"direction": {}, "passages": []}
    for odds, relation, cleaner in (
        (3.0, "spun", "a"),
        (-3.0, "spun", "b"),
        (0.0, "reuse", None),
        (1.3, "reuse", None),
    ):
        pair = judge.finding(("a", "b"), _SPUN, None, (odds, shown), CONFIG)
        assert pair is not None
        assert (pair.relation, pair.cleaner) == (relation, cleaner)
        assert (pair.confidence > 0.5) == (cleaner is not None)


def test_turning_a_finding_twice_gives_it_back() -> None:
    pair = found(TEXT, spun(TEXT)[: len(TEXT) // 2])
    back = judge.turned(pair)
    assert judge.turned(back) == pair
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
        shares += [value for value in judged.evidence.values() if isinstance(value, float)]
        assert all(0.0 <= share <= 1.0 for share in shares)
        assert judged.cleaner in (None, "a", "b")
        low, high = (CONFIG.confidence_min, 1.0) if judged.cleaner else (0.0, 0.5)
        assert low <= judged.confidence <= high
    assert judged or collated(*pair).compared.passages == ()


def test_figures_of_a_spun_pair_are_what_was_done_to_it() -> None:
    words = TEXT.split(" ")
    places = [at for at in range(5, len(words) - 5, 10) if words[at].isalpha()]
    for at in places:
        words[at] = "marmalade"
    seen = figures.figures(collated(TEXT, " ".join(words)).compared, CONFIG)
    length = len(clean.words(TEXT))
    assert seen.substitutions == len(places)
    assert seen.replaced_rate == pytest.approx(len(places) / length)
    assert seen.containment_a == seen.containment_b == pytest.approx(1 - len(places) / length)
    assert seen.coverage_a == seen.coverage_b == seen.spread == seen.substitution_share == 1.0
    assert seen.common_share > 0.8
    assert seen.similarity < 0.5


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


def test_two_words_that_an_editor_changed_tell_no_direction() -> None:
    pair = found(TEXT, TEXT.replace("the", "this", 1).replace(" a ", " one ", 1))
    assert (pair.relation, pair.cleaner) == ("near", None)


@given(st.integers(0, 30))
def test_direction_turns_round_with_the_order(seed: int) -> None:
    text = article(seed, 8)
    forth, _ = judge.direction(collated(text, spun(text)).compared)
    back, _ = judge.direction(collated(spun(text), text).compared)
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
