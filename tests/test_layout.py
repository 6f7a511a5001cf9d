"""A reading takes the document's case, blanks and signs: what a witness looks like is its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import article, noised

from dedup import clean, layout, restoring
from dedup.model import Edit, Restoration, Tokens
from dedup.pipeline import Entry


def both(text: str) -> tuple[str, Tokens]:
    return text, clean.tokens(clean.from_text("own", text))


# --- case ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("THE OLD MILL STANDS", "OLD", True),
        ("The OLD mill stands", "OLD", False),
        ("It is said.\nTHE OLD MILL\nIt is said.", "MILL", True),  # its own line tells
        ("MILL\nIt is said.", "MILL", True),  # alone in its line
        ("A mill\nTHE OLD MILL STANDS HERE", "mill", False),
        ("THE OLD mill STANDS HERE", "mill", True),
        ("12 345 678", "345", False),
        ("SMITH john", "john", False),
        ("WARNING: Flammable", "Flammable", False),
    ],
)
def test_whether_a_text_is_in_capitals_is_told_by_the_line(text: str, word: str, expected: bool) -> None:
    start = text.index(word)
    assert layout.in_capitals(text, (start, start + len(word))) is expected


@pytest.mark.parametrize(
    ("after", "before", "capitals", "expected"),
    [
        ("NATO", "NAlO", (False, False), "NATO"),
        ("US", "united states", (False, False), "US"),
        ("mill", "MIL", (True, False), "MILL"),
        ("THE MILL", "The mil", (False, True), "The mill"),
        ("MILL", "mil", (False, True), "mill"),
        ("MILL", "MIL", (True, True), "MILL"),
    ],
)
def test_a_reading_is_in_capitals_where_the_document_is(
    after: str, before: str, capitals: tuple[bool, bool], expected: str
) -> None:
    assert layout.cased(after, before, capitals) == expected


def test_a_witness_in_capitals_changes_words_and_not_their_case() -> None:
    original, damaged = article(3, 40), noised(article(3, 40), 1, 0.03)
    found = restoring.restoration(clean.from_text("own", damaged), [clean.from_text("other", original.upper())])
    assert len(found.edits) < 60
    assert sum(map(str.isupper, found.text)) < 1.2 * sum(map(str.isupper, original))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("a  b", "a\n\tb", True),
        ("“so”, he said", '"so", he said', True),
        ("it’s", "it's", True),
        ("1914–1918 — both", "1914-1918 - both", True),
        ("a b", "ab", False),
        ("So", "so", False),
        ("so.", "so,", False),
    ],
)
def test_spaces_quotes_and_dashes_are_layout_and_nothing_else_is(a: str, b: str, same: bool) -> None:
    assert (layout.plain(a) == layout.plain(b)) == same


@pytest.mark.parametrize(
    ("text", "parted"),
    [("a b", False), ("a-b", False), ("a\nb", False), ("a \r\n b", False), ("a\n\nb", True), ("a. b", True),
     ("a, b", True), ("a (b", True), ("東京", False), (f"a{' ' * 50_000}b", False), (f"a{' ' * 50_000}.b", True)],
)  # fmt: skip
def test_what_parts_two_words_of_a_phrase(text: str, parted: bool) -> None:
    tokens = clean.tokens(clean.from_text("x", text))
    assert layout.is_parted(text, tokens, 1) == parted
    assert layout.is_whole(text, tokens, 0, 2) != parted
    assert layout.is_whole(text, tokens, 0, 1)


# --- blanks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "before", "text", "expected"),
    [
        ("as well as", "in\naddition to", "in\naddition to", "as\nwell as"),  # one for one
        ("also\nthis", "too", "too", "also this"),
        (";\n", ".\n\n", "a.\n\nb", ";\n\n"),
        ("well-\nknown", "wellknown", "wellknown", "well-known"),
        ("stud-\nents", "studevts", "studevts", "students"),
        ("- bread\n- milk", "bread\nmilk", "bread\nmilk", "- bread\n- milk"),
        ("; — ", ".\n\n", "a.\n\nb", ";\n\n— "),
        (".\n* * *\n", ".\n\n", "a.\n\nb", ".\n* * *\n"),
        ("-\n", "-", "a-b", "-"),
        ("He went.\n\nShe", "", "a\r\nb", "He went.\r\n\r\nShe"),  # a paragraph stays one, with the document's ends
        ("a  b", "ab", "ab", "a  b"),
    ],
)
def test_blanks_are_those_of_the_document(after: str, before: str, text: str, expected: str) -> None:
    assert layout.spaced(after, before, text) == expected


def test_a_block_keeps_its_lines() -> None:
    verse = "The quick brown fox\njumps over the lazy dog\n" * 10
    assert layout.spaced(verse, "", "one\ntwo") == verse


@given(st.text("ab .\n\r-", max_size=40), st.text("ab .\n\r-", max_size=40))
def test_only_blanks_are_changed_and_once_is_enough(after: str, before: str) -> None:
    once = layout.spaced(after, before, before)
    assert "".join(once.split()).replace("-", "") == "".join(after.split()).replace("-", "")
    assert layout.spaced(once, before, before) == once


# --- signs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fresh rn bread.", "Fresh bread."),
        ("Fresh bread rn.\n\nThey ate.", "Fresh bread.\n\nThey ate."),
        ("Fresh bread rn\n\nThey ate.", "Fresh bread\n\nThey ate."),
        ("Fresh bread.\n\nrn They ate.", "Fresh bread.\n\nThey ate."),
        ("Fresh bread.\r\n\r\nrn\r\n\r\nThey ate.", "Fresh bread.\r\n\r\nThey ate."),
        ("Milk, rn, bread", "Milk, bread"),
        ("A well-rn known mill", "A well known mill"),
        ("A well rn-known mill", "A well known mill"),
        ("The mill (rn two) stands", "The mill (two) stands"),
        ("rn. The mill", "The mill"),
        ("The mill rn\n", "The mill\n"),
        ("The mill. rn.\n", "The mill.\n"),
        ("“rn The mill”", "“The mill”"),
        ("Bread.\n\nrn.\n\nMilk", "Bread.\n\nMilk"),
        ("Bread.\n\n* * rn *\n\nMilk", "Bread.\n\n* * *\n\nMilk"),
        ("Bread.\n\n- rn milk", "Bread.\n\n- milk"),
        ("The mill (rn) stands", "The mill stands"),
        ("He said “rn” to them", "He said to them"),
        ("At home rn—and away", "At home—and away"),
        ("Fresh bread rn[1] here", "Fresh bread[1] here"),
        ("The sea was calm rn\nthe wind was still", "The sea was calm\nthe wind was still"),
        ("The sea was calm\nrn the wind was still", "The sea was calm\nthe wind was still"),
    ],
)
def test_what_is_left_out_takes_no_sign_along_that_is_not_its_own(text: str, expected: str) -> None:
    _, tokens = both(text)
    at = tokens.words.index("rn")
    start, stop = layout.left_out(text, tokens, at, at + 1)
    assert text[:start] + text[stop:] == expected


@pytest.mark.parametrize(
    ("attested", "expected"), [(" ", "He came home."), (". ", "He came. home."), (None, "He came. home.")]
)
def test_a_witness_tells_which_signs_go(attested: str | None, expected: str) -> None:
    text, tokens = both("He came rn. home.")
    start, stop = layout.left_out(text, tokens, 2, 3, attested)
    assert text[:start] + text[stop:] == expected


@pytest.mark.parametrize(
    "expected",
    [
        "Fresh bread and milk.",
        "Bread of rye.\n\nThey ate.",
        "Bread.\n\nRye they ate.",
        "Milk, rye, bread",
        "Milk rye, bread and salt",
        "Salt bread, rye",
        "Salt\n\nrye bread is good",
        "They ate. Rye",
        "Rye they ate",
        "Rye, they ate",
        "They ate.\n\nRye.\n\nThey drank.",
        "They ate.\n\nThey drank.\n\nRye.",
    ],
)
@pytest.mark.parametrize("lost", ["milk", "rye"])
def test_what_was_lost_comes_back_on_its_side_of_the_signs(expected: str, lost: str) -> None:
    """The document is the witness without a word, as a careless reader would leave it out."""
    _, tokens = both(expected)
    if lost not in tokens.words:
        return
    at = tokens.words.index(lost)
    (first, start), (stop, last) = layout.gap(expected, tokens, at), layout.gap(expected, tokens, at + 1)
    beside = expected[first:start], expected[stop:last]
    start_out, stop_out = layout.left_out(expected, tokens, at, at + 1)
    text = expected[:start_out] + expected[stop_out:]
    word = expected[start:stop]
    (where, until), put = layout.put_in(*both(text), at, word, beside)
    assert text[:where] + put + text[until:] == expected


def test_into_an_empty_text_a_word_is_put_as_it_stands() -> None:
    assert layout.put_in(*both(""), 0, "red", (" ", ".")) == ((0, 0), "red")


def test_signs_without_blanks_between_them_stay_so() -> None:
    text, tokens = both("東京")
    assert layout.put_in(text, tokens, 1, "北", ("", "")) == ((1, 1), "北")


def test_an_end_of_paragraph_between_texts_that_part_stays(  # what three texts chose took it along
) -> None:
    original = article(41, 40).replace(". ", ".\n\n")
    others = [clean.from_text(f"w{seed}", noised(original, seed, 0.15)) for seed in (2, 3)]
    damaged = noised(original, 1, 0.15).replace("pieces of dulcimer.", "pieces of.", 1).replace(".\n\n", " rn.\n\n", 4)
    found = restoring.restoration(clean.from_text("own", damaged), others)
    assert found.text.count("\n\n") == original.count("\n\n")
    assert found.text.count(".") == original.count(".")
    assert "pieces of dulcimer.\n\n" in found.text
    assert " rn" not in found.text


def test_a_document_is_given_no_ends_of_lines_of_another_kind() -> None:
    original = " ".join(article(5, 30).split())
    damaged = noised(original, 1, 0.03).replace(". ", ".\r\n")
    wrapped = original.replace(" ", "\n")
    found = restoring.restoration(clean.from_text("own", damaged), [clean.from_text("other", wrapped)])
    assert found.edits
    assert found.text.count("\r\n") == found.text.count("\n") == damaged.count("\r\n")


# --- restored texts --------------------------------------------------------------------------------------------


def restored(own: str, *others: str) -> str:
    """A text between paragraphs that are noised, restored by copies of all of it: the text alone."""
    before, after = (" ".join(article(seed, sentences).split()) for seed, sentences in ((3, 40), (4, 20)))

    def whole(part: str, seed: int | None) -> str:
        sides = (before, after) if seed is None else (noised(before, seed), noised(after, seed))
        return f"\n\n{part}\n\n".join(sides)

    clean_one = len(others) == 1
    witnesses = [clean.from_text(f"w{n}", whole(text, None if clean_one else n)) for n, text in enumerate(others, 2)]
    found = restoring.restoration(clean.from_text("own", whole(own, 1)), witnesses)
    return found.text.partition("\n\n")[2].rpartition("\n\n")[0]


@pytest.mark.parametrize(
    ("own", "witness", "expected"),
    [
        ("At the mill.\n\nrn The end came.", "At the mill. The end came.", "At the mill.\n\nThe end came."),
        ("At the mill.\n\nmiller slept.", "At the mill. The miller slept.", "At the mill.\n\nThe miller slept."),
        ("He met McDonald, O'Brien and GmbH there", "HE MET MCDONALD, O'BRIEN AND GMBH THERE", None),
        ("DIE GROSSE STRASSE IN ISTANBUL HIER", "Die große Straße in Istanbul hier", None),
        ("He lived in peru for long", "He lived in Peru for long", "He lived in Peru for long"),
    ],
)
def test_a_clean_witness_changes_words_and_not_how_the_document_looks(
    own: str, witness: str, expected: str | None
) -> None:
    assert restored(own, witness) == (own if expected is None else expected)


@pytest.mark.parametrize(
    ("own", "witness", "expected"),
    [
        ("Then l went, and l said so to him.", "Then I went, and I said so to him.", None),
        ("Henry Vlll and the fbl came to him", "Henry VIII and the FBI came to him", None),
        ("He came (rn) home again with the others.", "He came home again with the others.", None),
        ("He came rn zz. home again with all.", "He came home again with all.", None),
        ("He slept at the.\n\nThe miller slept.", "He slept at the mill.\n\nThe miller slept.", None),
    ],
)
def test_two_damaged_witnesses_change_words_and_signs_that_go_with_them(
    own: str, witness: str, expected: str | None
) -> None:
    assert restored(own, witness, witness.replace("him", "hiin")) == (expected or witness)


def test_what_several_choices_leave_out_in_a_row_is_left_out_at_once() -> None:
    whole = "He waited there with {}, like a heron."
    found = restored(whole.format("rn xj"), whole.format("xj").replace(" xj", " xj"), whole.format("rn"))
    assert "rn" not in found.replace("heron", "") or "xj" not in found


def test_a_circle_of_conjectures_and_votes_stops_at_the_same_text_wherever_it_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = {"one": "two", "two": "three", "three": "two"}

    def step(own: Entry, *_: object) -> Restoration:
        text = own.document.text
        made = Edit((0, len(text)), text, turns[text], "noise")
        return Restoration(own.document, made.after, (made,))

    monkeypatch.setattr(restoring, "_step", step)
    for text in turns:
        assert restoring.restoration(clean.from_text("own", text), ()).text == "three"
