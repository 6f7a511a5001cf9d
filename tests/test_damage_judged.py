"""What kernels tell of strings never met before is what Python tells of them: marks, classes, tokens, frequencies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS

from dedup.damage import lexicon, listed, marks, shapes, tabled
from dedup.kernels import judged, shaped, spelling

FREQUENT = sorted(lexicon.frequent_words())
WORDS = tuple(dict.fromkeys(" ".join(PARAGRAPHS).split()))
LISTED = sorted(listed.of_lists())
MISREAD = sorted(shapes.misreadings())[::37]
SIGNS = "\"'“”‘’.,;:!?()[]{}…—–-_*«»=<>\\$@#%+|~`^/&\x00\x07\x1b\x7f"
OLD = (
    *"haue vpon selfe iudge countrie's walk'd people's musick vvhat loue giue vvith ioy themselues seruaunt".split(),
    *"publick goeth hadst pretie deliuer th ed e 'd ie es ck v i u vv y s 's 'S iv euer vse yt".split(),
)
SHAPED = (
    *"MacDonald McKay O'Neill O’Neill D’Arcy DeWitt VanDyke FitzRoy LaTeX iPhone eBay NASA's USAir aB ABcd AbC".split(),
    *"l9 1O 3l4 12th 3.5 $5 #7 5% 12am 10,000 1/2 1940's 1940’s 7b 7bc 3-4 u.s.a U.S. e.g. Ph.D a.b.c.".split(),
    *"foo_bar foo() f(x) a[0] --option a::b http://x.y x.y.z 1:30 a/b well-known for- x- -x --- … *".split(),
    *"Well- abcd.efghi. ** (a) —word—".split(),
    *"rock'n'roll don’t DON'T don't Don’t “The “a” an An A I i. o'clock; hel!o wor\"d 1st2 4x4 ab1 AB12 Ab12".split(),
    *"tlie rnore govemment tbe Tbe tho tlie, (aud) hour unit use uses ewe euro one once honest eAt uRn".split(),
    *["x" * 119, "x" * 120, "x" * 121, "é" * 70, "’" * 41, ".a" * 60, "“" * 40, "a-" * 60],
)
any_string = st.text(st.characters(exclude_categories=()), max_size=12)
strings = st.one_of(
    st.sampled_from(FREQUENT), st.sampled_from(WORDS), st.sampled_from(LISTED), st.sampled_from(MISREAD),
    st.sampled_from(OLD + SHAPED), any_string,
    st.text(alphabet="aeiourntlhmcvyjds'’", min_size=1, max_size=9),
    st.text(alphabet="abAB019lO" + SIGNS, min_size=1, max_size=8),
    st.lists(st.sampled_from([*FREQUENT[::50], *OLD, *SHAPED, *SIGNS, "é", "1", "lO", "A", "I"]), min_size=1,
             max_size=4).map("".join),
    st.tuples(st.sampled_from(FREQUENT), st.integers(0, 12), st.sampled_from([*"aeinrlx'-A’", ""])).map(
        lambda made: made[0][: made[1]] + made[2] + made[0][made[1] + 1 :]
    ),
)  # fmt: skip
some_strings = st.lists(
    st.one_of(strings, strings.map(str.capitalize), strings.map(str.upper), strings.map(lambda one: f"“{one},”")),
    max_size=30,
)


def judge(some: list[str]) -> tuple[list[tuple[int, int, int, list[int]]], set[int]]:
    """Marks, class, length and tokens of strings, as the kernel puts them down; which of them are strange."""
    parts = [one.encode("utf-8", "surrogatepass") for one in some]
    ends, count = np.cumsum([0, *map(len, parts)]), len(some)
    bounds = np.stack((ends[:-1], ends[1:]), 1).astype(np.int64)
    data = np.frombuffer(b"".join(parts), np.uint8)
    flags, classes, lengths = np.zeros(count, np.uint8), np.zeros(count, np.uint8), np.zeros(count, np.int32)
    starts, stops, pool = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(len(data), np.int64)
    strange = np.zeros(count, np.int32)
    pooled, told = judged.judge(
        data, bounds, tabled.lists(), tabled.words(), 0, flags, classes, lengths, starts, stops, pool, 0, strange
    )
    assert pooled == stops.max(initial=0)
    columns = zip(flags.tolist(), classes.tolist(), lengths.tolist(), starts.tolist(), stops.tolist(), strict=True)
    known = [(mark, kind, size, pool[start:stop].tolist()) for mark, kind, size, start, stop in columns]
    return known, set(strange[:told].tolist())


def check(some: list[str]) -> None:
    found, strange = judge(some)
    for at, (one, known) in enumerate(zip(some, found, strict=True)):
        is_short = len(one.encode("utf-8", "surrogatepass")) <= spelling.LONGEST
        assert (at in strange) == (not is_short or any(c >= "\x80" and c not in spelling.TYPOGRAPHIC for c in one))
        assert known[2] == len(one)
        if at not in strange:
            kind = shapes.SHAPES.index(shapes.shape(one))
            assert (one, known) == (one, (listed.marks_of(one), kind, len(one), marks.of_string(one)))


@settings(max_examples=400, deadline=None)
@given(some_strings)
@example([*OLD, *SHAPED, *LISTED])
@example([one.capitalize() for one in (*OLD, *SHAPED)] + [f"({one}-" for one in (*OLD, *SHAPED)])
@example(MISREAD)
@example([])
def test_strings_are_judged_as_python_judges_them(some: list[str]) -> None:
    check([one for one in some if one])


def test_every_listed_word_is_judged_as_python_judges_it() -> None:
    from dedup import language

    words = list(language.shares())[::23]
    check([*words, *(f"{one}'s" for one in words[::9]), *(f"“{one.capitalize()}”." for one in words[::7])])


def test_slips_of_frequent_words_are_judged_as_python_judges_them() -> None:
    chosen = [one for one in FREQUENT[::11] if len(one) > 3]
    check(
        [f"{one[:at]}{put}{one[at + cut :]}" for at, one in enumerate(chosen) for at in (at % (len(one) - 1),)
         for put, cut in (("", 1), ("e", 1), ("x", 0), (one[at + 1] + one[at], 2), ("’", 1), ("é", 1))]
    )  # fmt: skip


def test_each_sign_is_judged_as_python_judges_it_wherever_it_stands() -> None:
    signs = [chr(code) for code in (*range(1, 9), *range(14, 28), *range(33, 256))] + list(
        spelling.TYPOGRAPHIC + "€•■�"
    )
    check(
        [
            form.format(one)
            for one in signs
            for form in ("{}", "a{}b", "{}a", "ab{}", "1{}2", "A{0}B{0}", "a{0}-b", "{0}{0}")
        ]
    )


def test_the_table_has_what_scanners_read_for_words() -> None:
    lists, room = tabled.lists(), spelling.piece()
    for word, other in list(shapes.misreadings().items())[::5]:
        data = np.frombuffer(word.encode(), np.uint8)
        count = spelling.coded(data, 0, len(data), room)
        if count >= 0:
            state = np.uint64(spelling.part(room, spelling.SMALL, 0, count))
            found = spelling.value(lists, state, spelling.MISREAD)
            assert (word, lists.levels[found]) == (word, lexicon.listed(other))
    assert spelling.value(lists, np.uint64(12345), spelling.MISREAD) == 0


@pytest.mark.parametrize("word", [*OLD, "the", "qqq", ""])
def test_a_word_is_as_frequent_as_python_has_it(word: str) -> None:
    room = spelling.piece()
    data = np.frombuffer(word.encode(), np.uint8)
    count = spelling.coded(data, 0, len(data), room)
    if count:
        assert spelling.zipf(tabled.lists(), room, spelling.SMALL, 0, count) == lexicon.zipf(word)


def test_classes_and_marks_have_the_places_that_python_gives_them() -> None:
    assert shaped.NUMBER == shapes.SHAPES.index("number") == len(shapes.SHAPES) - 1
    assert (judged.KNOWN_MARK, judged.STOP_MARK, judged.KNOWN_ZIPF) == (listed.KNOWN, listed.STOP, lexicon.KNOWN_ZIPF)
    assert set(tabled.lists().keys[tabled.lists().values != 0].tolist()).isdisjoint([0])


def test_what_has_no_room_is_refused() -> None:
    data, none = np.frombuffer(b"word", np.uint8), np.zeros(1, np.int64)
    flags, lengths = np.zeros(1, np.uint8), np.zeros(1, np.int32)
    for bounds, pool, first in (([[0, 4]], 3, 0), ([[0, 5]], 9, 0), ([[-1, 4]], 9, 0), ([[0, 4]], 9, 1)):
        with pytest.raises(AssertionError):
            judged.judge(
                data, np.array(bounds), tabled.lists(), tabled.words(), first, flags, flags.copy(), lengths,
                none, none.copy(), np.zeros(pool, np.int64), 0, lengths.copy(),
            )  # fmt: skip
