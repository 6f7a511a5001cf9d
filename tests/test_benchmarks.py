"""What the benchmarks measure with: the spinner, the figures of text alignment, the Rand index, the slow check.

A thesaurus of a few words stands in for the installed ones; those are tested where they are installed.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = str(Path(__file__).parent.parent / "benchmarks")
TEXT = (
    "The army crossed the border in the night. A small house near the bridge burned, and people in the house "
    "carried water from the river. The army of General House wanted 300 men; many people hid. Houses burned again."
)
WORDNET_NOUN = "  licence\n00000001 03 n 02 house 0 dwelling 0 000 | where one lives  \n"


@pytest.fixture(autouse=True, scope="module")
def benchmarks_on_path() -> Iterator[None]:
    sys.path.insert(0, BENCHMARKS)
    yield
    sys.path.remove(BENCHMARKS)


@pytest.fixture
def spinner(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The spinner with a thesaurus of a few words."""
    import spinner as module
    from thesaurus import Thesaurus

    small = Thesaurus(
        candidates={
            ("army", "n"): ("navy", "host"),
            ("house", "n"): ("dwelling", "mansion house"),
            ("night", "n"): ("dark",),
            ("burn", "v"): ("set ablaze", "take fire"),
            ("carry", "v"): ("bear", "haul"),
            ("people", "n"): ("folk",),
            ("small", "a"): ("little",),
            ("bridge", "n"): ("span",),
            ("cross the border", "v"): ("emigrate",),
        },
        counts={("house", "n"): 9},
        base_forms={("burnt", "v"): "burn"},
        irregular={
            ("bear", "v"): ("bore", "borne"),
            ("set", "v"): ("set", "setting"),
            ("take", "v"): ("taken", "took"),
        },
    )
    monkeypatch.setattr(module, "thesaurus", lambda: small)
    return module


# --- the spinner -------------------------------------------------------------------------------------------------


def test_swaps_lead_from_the_text_to_its_spun_copy_and_back(spinner: ModuleType) -> None:
    for seed in range(20):
        copy, swaps = spinner.spun(TEXT, 0.3, seed)
        assert swaps
        rebuilt, restored, at, spun_at = "", "", 0, 0
        for swap in swaps:
            assert TEXT[slice(*swap.span)] == swap.original != swap.replacement == copy[slice(*swap.spun_span)]
            rebuilt += TEXT[at : swap.span[0]] + swap.replacement
            restored += copy[spun_at : swap.spun_span[0]] + swap.original
            at, spun_at = swap.span[1], swap.spun_span[1]
        assert (rebuilt + TEXT[at:], restored + copy[spun_at:]) == (copy, TEXT)


def test_the_same_seed_gives_the_same_copy_and_another_another(spinner: ModuleType) -> None:
    assert spinner.spun(TEXT, 0.2, 5) == spinner.spun(TEXT, 0.2, 5)
    assert len({spinner.spun(TEXT, 0.2, seed)[0] for seed in range(10)}) > 1


def test_the_share_is_kept_and_numbers_stay(spinner: ModuleType) -> None:
    assert spinner.spun(TEXT, 0.0, 1) == (TEXT, [])
    for share in (0.1, 0.2, 0.3):
        copy, swaps = spinner.spun(TEXT, share, 3)
        assert abs(spinner.share_of(TEXT, swaps) - share) < 0.06  # a phrase may go over it by three words
        assert "300" in copy
    _, everything = spinner.spun(TEXT, 1.0, 3)
    assert 0.3 < spinner.share_of(TEXT, everything) < 0.6


def test_a_spinner_prefers_one_replacement_in_every_text_and_for_every_seed(spinner: ModuleType) -> None:
    found = [
        swap.replacement.lower()
        for seed in range(200)
        for swap in spinner.spun(TEXT, 1.0, seed)[1]
        if swap.original == "army"
    ]
    share = max(found.count(word) for word in set(found)) / len(found)
    assert set(found) == {"navy", "host"}
    assert abs(share - spinner.CONSTANCY) < 0.07


def test_what_is_replaced_once_is_replaced_throughout(spinner: ModuleType) -> None:
    text = "the people saw the bridge. " * 40
    _, swaps = spinner.spun(text, 0.2, 1)
    originals = [swap.original for swap in swaps]
    assert len(swaps) == 40
    assert max(originals.count("people"), originals.count("bridge")) >= 34


def test_names_are_mostly_left_and_the_first_word_of_a_sentence_is_not_one(spinner: ModuleType) -> None:
    name, first = TEXT.index("House wanted"), TEXT.index("Houses")
    starts = [swap.span[0] for seed in range(200) for swap in spinner.spun(TEXT, 1.0, seed)[1]]
    assert 0.02 < starts.count(name) / 200 < 0.25
    assert starts.count(first) / 200 > 0.9


def test_inflection_and_capitals_are_taken_over(spinner: ModuleType) -> None:
    small = spinner.thesaurus()
    assert small.analysed("houses", "") == (("house", "n"), "s")
    assert small.analysed("carrying", "") == (("carry", "v"), "ing")
    assert small.analysed("burnt", "was") == (("burn", "v"), "en")
    assert small.analysed("crossed the border", "they") == (("cross the border", "v"), "ed")
    assert small.analysed("unheard", "") is None
    assert [small.inflected("mansion house", "n", "s"), small.inflected("bear", "v", "ed")] == [
        "mansion houses",
        "bore",
    ]
    assert [small.inflected("take fire", "v", form) for form in ("ed", "en", "ing", "s")] == [
        "took fire", "taken fire", "taking fire", "takes fire",
    ]  # fmt: skip
    assert [spinner.cased(one, "large span") for one in ("BRIDGE", "Bridge", "bridge")] == [
        "LARGE SPAN", "Large span", "large span",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "form", "expected"),
    [
        ("city", "s", "cities"),
        ("day", "s", "days"),
        ("church", "s", "churches"),
        ("carry", "ed", "carried"),
        ("hope", "ed", "hoped"),
        ("hope", "ing", "hoping"),
        ("see", "ing", "seeing"),
    ],
)
def test_regular_forms(word: str, form: Any, expected: str) -> None:
    import thesaurus

    assert thesaurus.regular(word, form) == expected


def test_missing_thesauri_are_named_with_what_to_install(tmp_path: Path) -> None:
    import thesaurus

    with pytest.raises(thesaurus.MissingError, match=r"data\.noun.*apt-get install wordnet-base mythes-en-us"):
        thesaurus.load(tmp_path, tmp_path / "no.dat")


def test_thesauri_are_read_as_they_install(tmp_path: Path) -> None:
    import thesaurus

    (tmp_path / "data.noun").write_text(WORDNET_NOUN)
    (tmp_path / "index.noun").write_text("  licence\nhouse n 1 0 1 1 00000001\ndwelling n 1 0 1 1 00000001\n")
    for name in ("verb", "adj", "adv"):
        (tmp_path / f"data.{name}").write_text("")
        (tmp_path / f"index.{name}").write_text("")
    (tmp_path / "cntlist.rev").write_text("house%1:06:00:: 1 12\n")
    (tmp_path / "noun.exc").write_text("mice mouse\n")
    (tmp_path / "verb.exc").write_text("took take\ntaken take\n")
    mythes = tmp_path / "th.dat"
    mythes.write_text("UTF-8\nhouse|2\n(noun)|home|building (generic term)|Parliament\n(verb)|put up|shelter\n")
    found = thesaurus.load(tmp_path, mythes)
    assert found.candidates["house", "n"] == ("dwelling", "home", "building")
    assert found.candidates["house", "v"] == ("put up", "shelter")
    assert found.counts == {("house", "n"): 12}
    assert found.base_forms["mice", "n"] == "mouse"
    assert found.inflected("take", "v", "en") == "taken"


# --- figures -----------------------------------------------------------------------------------------------------


def shared(a: tuple[int, int], b: tuple[int, int], names: str = "xy") -> Any:
    import plagdet

    return plagdet.named_in_order(names[0], names[1], a, b)


def test_what_is_found_exactly_has_the_best_figures() -> None:
    import plagdet

    cases = [shared((0, 100), (50, 150)), shared((200, 260), (0, 60), "yz")]
    found = plagdet.figures(cases, cases)
    assert (found.precision, found.recall, found.granularity, found.plagdet) == (1.0, 1.0, 1.0, 1.0)


def test_the_order_of_the_documents_does_not_matter() -> None:
    assert shared((0, 10), (50, 60), "xy") == shared((50, 60), (0, 10), "yx")


def test_figures_of_text_alignment_by_hand() -> None:
    import plagdet

    case = shared((0, 100), (0, 100))
    # two detections of one case: 40 and 40 of its 100 characters on each side, the second with 10 beyond it
    parts = [shared((0, 40), (0, 40)), shared((60, 110), (60, 110))]
    found = plagdet.figures([case], parts)
    assert found.recall == pytest.approx(0.8)
    assert found.precision == pytest.approx((1.0 + 0.8) / 2)
    assert found.granularity == 2.0
    f1 = 2 * 0.9 * 0.8 / 1.7
    assert found.plagdet == pytest.approx(f1 / 1.584963, rel=1e-5)


def test_what_overlaps_on_one_side_only_or_stands_elsewhere_is_no_detection() -> None:
    import plagdet

    case = shared((0, 100), (0, 100))
    wrong = [shared((0, 100), (200, 300)), shared((0, 100), (0, 100), "xz")]
    found = plagdet.figures([case], wrong)
    assert (found.precision, found.recall, found.granularity, found.plagdet) == (0.0, 0.0, 1.0, 0.0)
    assert plagdet.figures([case], []).plagdet == 0.0


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6))
def test_a_union_counts_every_character_once(ranges: list[tuple[int, int]]) -> None:
    import plagdet

    spans = [(min(one), max(one)) for one in ranges]
    inside = {at for start, stop in spans for at in range(start, stop) if 10 <= at < 50}
    assert plagdet.union_within((10, 50), spans) == len(inside)


def test_spans_are_compared_in_words() -> None:
    import plagdet

    starts = {"x": range(0, 400, 4), "y": range(0, 400, 4)}
    case = shared((40, 200), (80, 240))
    near, far = shared((40, 184), (80, 240)), shared((40, 172), (80, 240))
    deviation = plagdet.deviation_words(starts)
    assert deviation("x", case.span_a, near.span_a) == 4
    assert plagdet.found_within([case], [near], deviation, 5) == plagdet.Found(1, 1, 1)
    assert plagdet.found_within([case], [far], deviation, 5) == plagdet.Found(1, 1, 0)


def test_rand_index_by_hand_and_at_its_ends() -> None:
    import scoring

    truth = list("aabbcc")
    assert scoring.adjusted_rand_index(truth, list("xxyyzz")) == 1.0
    assert scoring.adjusted_rand_index(truth, list("abcdef")) == pytest.approx(0.0)
    assert scoring.adjusted_rand_index(list("aaabbb"), list("aabbcc")) == pytest.approx(0.242424, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_rand_index_equals_the_count_over_pairs(labels: list[tuple[int, int]]) -> None:
    import scoring

    pairs = list(combinations(labels, 2))
    both = sum(one[0] == other[0] and one[1] == other[1] for one, other in pairs)
    first, second = (sum(one[at] == other[at] for one, other in pairs) for at in (0, 1))
    expected = first * second / len(pairs)
    most = (first + second) / 2
    wanted = 1.0 if most == expected else (both - expected) / (most - expected)
    assert scoring.adjusted_rand_index(*zip(*labels, strict=True)) == pytest.approx(wanted)


def test_pairs_are_scored_by_kind_and_wrong_ones_counted() -> None:
    import scoring
    from labelled import GoldPair, Item, LabelledSet
    from scanned import Scan

    items = tuple(Item(name, name, name[0]) for name in ("a1", "a2", "b1", "b2", "c1", "d1", "d2"))
    gold = (
        GoldPair("a1", "a2", "spun"),
        GoldPair("b2", "b1", "spun"),
        GoldPair("d1", "d2", "noise"),
        GoldPair("a1", "c1", "unlike", "apart"),
    )
    pairs = {
        ("a1", "a2"): {"relation": "spun"},
        ("b1", "b2"): {"relation": "reuse"},
        ("b1", "c1"): {"relation": "near"},
    }
    found = Scan(pairs, [("d1", "d2")], {}, 0.0)
    measured = LabelledSet("set", items, gold)
    figures = {kind.kind: kind for kind in scoring.by_kind(measured, found, found.merged())}
    spun, noise, unlike = figures["spun"], figures["noise"], figures["unlike"]
    assert (spun.recall, spun.related, spun.wrong, spun.precision) == (0.5, 2, 1, 0.5)
    assert spun.relations == {"spun": 1, "reuse": 1}
    assert (noise.recall, noise.precision, noise.relations) == (1.0, 1.0, {"same cluster": 1})
    assert (unlike.merged, unlike.related, unlike.precision) == (0, 0, None)
    assert figures["all"].recall == pytest.approx(2 / 3)
    assert scoring.wrong_pairs(measured, found.merged()) == [("b1", "c1")]
    assert scoring.cluster_ari(measured, found) < 1


# --- the slow check ----------------------------------------------------------------------------------------------

WORDS = "one two three four five six seven eight nine ten".split()


def slow(one: str, other: str) -> float:
    import slowcheck

    return slowcheck.checked(one, other, "near").differing


def test_slow_check_counts_what_the_shorter_text_has_otherwise() -> None:
    text = " ".join(WORDS)
    assert slow(text, text.upper()) == 0.0
    assert slow(text, text.replace("five", "of")) == pytest.approx(0.1)
    assert slow(text, f"before and after {text} comes more") == 0.0
    assert slow(text, text.replace("five ", "")) == pytest.approx(1 / 9, abs=1e-4)  # a word too many within
    long_block = " and so on" * 50
    assert slow(text, text.replace("five", f"five{long_block}")) == pytest.approx(0.1)  # a block, whatever its length
    assert slow(text, "quite another text with nothing in common at all here") == 1.0
    assert slow("", text) == 1.0


def test_slow_check_is_not_taken_in_by_words_strewn_over_a_long_text() -> None:
    strewn = " ".join(f"{word} {'x ' * 30}" for word in WORDS)
    assert slow(" ".join(WORDS), strewn) > 0.8


def test_slow_check_sees_paragraphs_that_changed_places() -> None:
    one, other = (" ".join(f"{letter}{at}" for at in range(30)) for letter in "ab")
    assert slow(f"{one} {other}", f"{other} {one}") == 0.0
    assert slow(f"{one} {one}", f"{other} {one}") == pytest.approx(0.5)  # each stretch is used once
    shuffled = [f"{one} {other}".split()[at] for at in random.Random(1).sample(range(60), 60)]
    assert slow(f"{one} {other}", " ".join(shuffled)) > 0.5


@given(st.lists(st.sampled_from("abcd"), max_size=7), st.lists(st.sampled_from("abcd"), max_size=7))
def test_slow_check_is_an_edit_distance_with_free_ends(one: list[str], other: list[str]) -> None:
    import slowcheck

    shorter, longer = sorted((one, other), key=len)
    ranges = [(start, stop) for start in range(len(longer) + 1) for stop in range(start, len(longer) + 1)]
    least = min(distance(shorter, longer[start:stop]) for start, stop in ranges)
    if shorter:
        found = slowcheck.differing_share(slowcheck.equality_costs(shorter, longer)) * len(shorter)
        assert found == pytest.approx(least)


def distance(one: list[str], other: list[str]) -> float:
    """Edits of units between two short sequences; what is added costs 1 a unit, and 3 at most in one block."""
    if not one or not other:
        return float(len(one)) if one else min(float(len(other)), 3.0)
    if one[-1] == other[-1]:
        return distance(one[:-1], other[:-1])
    blocks = [distance(one, other[:-size]) + min(size, 3.0) for size in range(1, len(other) + 1)]
    return min(distance(one[:-1], other) + 1, distance(one[:-1], other[:-1]) + 1, *blocks)


def test_noise_is_told_from_other_words_where_the_pair_is_damaged() -> None:
    import slowcheck

    clean = "the prisoner was brought before the magistrate and charged"
    noisy = "tlie prifoner wan brought hefore the magiftrate aud charged"
    other = "a carpenter had bread under no ceiling but slept"
    assert slowcheck.checked(clean, noisy, "damaged").holds
    assert not slowcheck.checked(clean, noisy, "near").holds
    assert not slowcheck.checked(clean, other, "damaged").holds


# --- what is planted ---------------------------------------------------------------------------------------------


def test_light_edits_touch_about_that_share_of_the_words() -> None:
    import altered

    text = " ".join(f"word{number}" for number in range(2000))
    edited = altered.lightly_edited(text, 0.05, random.Random(1)).split()
    opcodes = SequenceMatcher(None, text.split(), edited, autojunk=False).get_opcodes()
    kept = sum(stop - start for kind, start, stop, *_ in opcodes if kind == "equal")
    assert 0.94 < kept / 2000 < 0.99  # a doubled word stays
    assert altered.lightly_edited(text, 0.0, random.Random(1)) == text


def test_another_layout_keeps_every_word() -> None:
    import altered

    text = "“Where,” she said, “is the boat?” It was gone – for good, as the boy’s aunt had said. " * 20
    changed = altered.reformatted(text, random.Random(2))
    assert changed != text
    plain = str.maketrans("“”’–", '""\'-')
    assert changed.casefold().split() == text.translate(plain).casefold().split()


def test_stand_ins_replace_the_same_word_throughout() -> None:
    import altered

    vocabulary = [f"w{''.join(map(chr, (97 + at // 26, 97 + at % 26)))}" for at in range(400)]
    texts = [" ".join(vocabulary[: 1 + at]) for at in range(400)]
    text = " ".join(vocabulary[150:250] * 3)
    copy = altered.words_replaced(text, 0.2, altered.stand_ins(texts), random.Random(1))
    pairs = {(old, new) for old, new in zip(text.split(), copy.split(), strict=True) if old != new}
    assert len(pairs) == len({old for old, _ in pairs})
    assert 0.15 < sum(old != new for old, new in zip(text.split(), copy.split(), strict=True)) / 300 <= 0.21


def test_sentences_are_cut_at_their_ends() -> None:
    import altered

    text = "One, i.e. the first. “Two!” (Three?) Is it version 2.5 of foo.bar? Four"
    assert altered.sentences(text) == [
        "One, i.e. the first.",
        "“Two!”",
        "(Three?)",
        "Is it version 2.5 of foo.bar?",
        "Four",
    ]


def test_planted_paragraphs_stand_where_the_spans_say() -> None:
    import reuse

    host = "\n\n".join(f"Paragraph {at} of the host." for at in range(8))
    guests = ["first guest", "second guest", "third"]
    text, places, spans = reuse.with_guests(host, guests, random.Random(4))
    assert [text[slice(*span)] for span in spans] == guests
    for began, begins in places.items():
        assert text[begins : begins + 12] == host[began : began + 12]


def test_pages_give_paragraphs_of_prose_without_code() -> None:
    import prose

    page = (
        "<html><head><title>x</title></head><body><p>A <b>plain</b> line.</p><pre>code</pre><ul><li>An item</ul></body>"
    )
    assert list(prose.of_html(page)) == ["A plain line.", "An item"]
    rst = "Title\n=====\n\nA :c:func:`call` in ``text``\nthat wraps::\n\n    code\n\n.. note:: not this\n"
    assert list(prose.of_rst(rst)) == ["A call in text that wraps"]


# --- the run -----------------------------------------------------------------------------------------------------


def test_a_set_goes_through_the_command_under_opaque_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import scanned
    from labelled import Item

    script = tmp_path / "dedup"
    script.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        "rows = [json.loads(line) for line in open(sys.argv[2], encoding='utf-8')]\n"
        "ids = {row['text']: row['id'] for row in rows}\n"
        "assert not any('secret' in row['id'] for row in rows)\n"
        "out = [{'record': 'pair', 'a': ids['one'], 'b': ids['two'], 'relation': 'near'},\n"
        "  {'record': 'cluster', 'id': 0, 'canonical': ids['two'], 'members': [ids['one'], ids['two']]},\n"
        "  {'record': 'summary', 'candidates': 1, 'pairs': {}, 'unreadable': []}]\n"
        "open(sys.argv[sys.argv.index('-o') + 1], 'w').write('\\n'.join(map(json.dumps, out)))\n"
    )
    script.chmod(0o755)
    items = [Item(f"secret/{word}", word, word) for word in ("one", "two", "three")]
    found = scanned.scan(str(script), items, seed=1)
    assert found.relation("secret/two", "secret/one") == "near"
    assert found.clusters == [("secret/two", "secret/one")]
    assert found.merged() == {("secret/one", "secret/two")}
    script.write_text("#!/bin/sh\necho no such option >&2\nexit 2\n")
    with pytest.raises(RuntimeError, match="ended with 2: no such option"):
        scanned.scan(str(script), items, seed=1)


def test_results_of_a_set_replace_those_of_its_last_run(tmp_path: Path) -> None:
    import tables

    about = {"date": "2000-01-01", "cpu": "abacus", "cores": 2}
    wrong = {"pairs": 0, "checked": 0, "check_failed": 0}
    row = {
        "documents": 2, "ari": 1.0, "merged_pairs": 1, "wrong": wrong, "related_across_groups": 0, "clusters": 1,
        "widest_cluster": 2, "candidates_a_document": 0.5, "seconds": 1.0, "kinds": [],
    }  # fmt: skip
    tables.written([{**row, "set": "one"}, {**row, "set": "two"}], about, tmp_path)
    tables.written([{**row, "set": "two", "documents": 3}], {**about, "date": "2000-01-02"}, tmp_path)
    sets = json.loads((tmp_path / "quality.json").read_text(encoding="utf-8"))["sets"]
    assert [(one["set"], one["documents"], one["run"]["date"]) for one in sets] == [
        ("one", 2, "2000-01-01"),
        ("two", 3, "2000-01-02"),
    ]
    assert "2000-01-01, 2000-01-02; abacus, 2 cores" in (tmp_path / "quality.md").read_text(encoding="utf-8")


def test_of_replaced_places_are_told_those_that_the_ledger_knows() -> None:
    import conjectures

    from dedup.dictionary import dictionary
    from dedup.model import Substitution

    original, spun = "begin a big house", "commence a large dwelling"
    places = [((0, 5), (0, 8)), ((8, 11), (11, 16)), ((12, 17), (17, 25))]
    one = conjectures.Replaced(original, spun, places, [place for _, place in places])
    rows = [
        Substitution("began", "commenced", 2, 1),  # another form of the first
        Substitution("big", "large", 1, 1),
        Substitution("great", "large", 3, 2),  # stood there more often than what stood there here
        Substitution("house", "abode", 5, 2),  # says nothing of a dwelling
    ]
    assert conjectures.knowable(one, dictionary(rows)) == (2, 1)
    fewer = conjectures.Replaced(original, spun, places, [places[1][1]])
    assert conjectures.knowable(fewer, dictionary(rows)) == (1, 0)
    assert conjectures.knowable(one, dictionary([])) == (0, 0)


@pytest.mark.parametrize(("kind", "even"), [("replaced", True), ("rephrased", False)])
def test_a_book_and_its_copy_differ_in_the_share_of_words_asked_for(kind: str, even: bool) -> None:
    import book

    own, copy = book.book(kind, 20_000, 0.2, 7)
    assert (own, copy) == book.book(kind, 20_000, 0.2, 7)
    words, others = own.split(), copy.split()
    assert len(words) == 20_000
    assert (len(others) == 20_000) == even
    paragraphs, changed = own.split("\n\n"), copy.split("\n\n")
    assert len(paragraphs) == len(changed)
    alike = [a.split() for a in paragraphs], [b.split() for b in changed]
    moved = sum(len(a) != len(b) for a, b in zip(*alike, strict=True))
    assert moved > 10  # paragraphs that stand elsewhere, or what was put in
    codes = SequenceMatcher(None, words[:3000], others[:3000], autojunk=False).get_matching_blocks()
    assert 0.6 < sum(block.size for block in codes) / 3000 < 0.9
