"""Scanned, mistyped, spun and broken-off texts are told from sound ones of many kinds."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from strategies import PARAGRAPHS, article, noised

from dedup import damage
from dedup.damage import lexicon, marks, network, ocr, shapes, spun, structure

SEEDS = sorted((Path(__file__).parent.parent / "seeds").glob("*.txt"))
PROSE = "\n\n".join(PARAGRAPHS)
GENESIS = (
    "In the beginning God created the Heauen, and the Earth. And the earth was without forme, and voyd, and darkenesse "
    "was vpon the face of the deepe: and the Spirit of God mooued vpon the face of the waters. And God said, Let there "
    "be light: and there was light. And God saw the light, that it was good: and God diuided the light from the "
    "darkenesse. And God called the light, Day, and the darknesse he called Night: and the euening and the morning "
    "were the first day."
)
SCANNED = (
    "Tbe old bridgo was clo ed for ropairs until tbe cnd of Maroh, aud tho mayor snid thnt it wouId take rnore time. "
    "Mr. Srnith, wbo lives nenr tlie river, told our rcporter that lio had uever seen sucb a flood in liis life; the "
    "watcr roso to tho windows oî the m ll and carricd away two carts. ^ »"
)
LANGUAGES = (
    "Die alte Brücke wurde bis Ende März gesperrt, weil das Holz morsch war, und der Bürgermeister sagte, dass es "
    "länger dauern werde, als man zuerst gedacht habe; die Kinder spielen nun am anderen Ufer des Flusses, und abends "
    "hört man sie noch lange lachen und rufen, bis die Mütter sie nach Hause holen, wo das Essen schon kalt ist.",
    "Le vieux pont est fermé jusqu'à la fin du mois de mars, parce que le bois était pourri, et le maire a dit que les "
    "travaux dureraient plus longtemps que prévu ; les enfants jouent maintenant sur l'autre rive et le soir on les "
    "entend encore rire et crier, jusqu'à ce que leurs mères les appellent pour le souper qui est déjà froid.",
)


# --- scanned and mistyped ----------------------------------------------------------------------------------------


def test_a_scanned_text_is_flagged_and_its_words_are_listed() -> None:
    found = ocr.detect(SCANNED)
    assert found.score >= damage.FLAG_LEVEL
    assert {"tbe", "rnore", "sucb"} <= {one.text.lower() for one in found.findings}


@pytest.mark.parametrize("text", [PROSE, GENESIS, *(path.read_text(encoding="utf-8") for path in SEEDS)])
def test_sound_prose_and_old_spelling_are_not_flagged(text: str) -> None:
    assert ocr.detect(text).score < damage.FLAG_LEVEL


@pytest.mark.parametrize("text", LANGUAGES)
def test_other_languages_are_not_judged(text: str) -> None:
    assert not ocr.detect(text).judged
    assert not spun.detect(text).judged


def test_more_noise_never_looks_less_noisy() -> None:
    scores = [ocr.detect(noised(article(3, 20), 1, rate)).score for rate in (0.0, 0.1, 0.3)]
    assert scores == sorted(scores)
    assert scores[-1] >= damage.FLAG_LEVEL


@pytest.mark.parametrize(
    ("word", "other"), [("tbe", "the"), ("uniz", "unit"), ("detb", "debt"), ("treausry", "treasury"), ("the", None)]
)
def test_the_neighbour_of_a_rare_word_is_one_slip_away(word: str, other: str | None) -> None:
    assert lexicon.neighbour(word) == other


def test_letters_that_changed_places_must_be_the_same_letters() -> None:
    assert lexicon.neighbour("hssan") != "susan"


@pytest.mark.parametrize("old", ["haue", "vpon", "selfe", "diuided", "euening", "forme"])
def test_old_spellings_count_as_the_words_they_spell(old: str) -> None:
    assert lexicon.zipf(old) > 3.0


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a long sen-\ntence goes on", "a long sentence\ngoes on"),
        ("a long sen-\r\ntence goes on", "a long sentence\r\ngoes on"),
        ("it was a prop-\nerty, he said", "it was a property,\nhe said"),
        ("the last prop-\nerty", "the last property"),
        ("in the prop-\n  erty\nof", "in the property\nof"),
    ],
)
def test_words_divided_at_a_line_end_are_joined_on_the_first_line(text: str, mended: str) -> None:
    (found,) = ocr.line_ends(text)
    start, stop = found.span
    assert text[:start] + str(found.after) + text[stop:] == mended


@pytest.mark.parametrize(
    "text", ["a well-\nknown man", "the Anglo-\nSaxon", "pages 3-\n4 of", "an xyzz-\nqwrt here", "-\n"]
)
def test_hyphens_that_belong_are_left(text: str) -> None:
    assert list(ocr.line_ends(text)) == []


# --- spun --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name[:3])
def test_of_the_seeds_only_the_spun_one_is_flagged(path: Path) -> None:
    found = spun.detect(path.read_text(encoding="utf-8"))
    assert (found.score >= damage.FLAG_LEVEL) == path.name.startswith("002")


def test_what_is_put_in_for_words_is_found_where_it_is() -> None:
    swaps = {"lift": "elevate", "queen": "monarch butterfly", "winter": "wintertime", "stone": "rock candy",
             "weight": "heaviness", "drawn": "attracted", "home": "abode", "before": "prior", "count": "numeration",
             "long": "lengthy", "taught": "instructed", "next": "adjacent", "heart": "ticker"}  # fmt: skip
    text = PROSE
    for plain, stiff in swaps.items():
        text = text.replace(f" {plain} ", f" {stiff} ")
    before, after = spun.detect(PROSE), spun.detect(text)
    assert before.score < damage.FLAG_LEVEL
    assert after.score > before.score
    assert all(text[slice(*one.span)] == one.text for one in after.findings)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a odd man ate an banana", 2),
        ("a one-off, a user, an hour, an MP, a European", 0),
        ("A odd, an even", 1),
        ("a", 0),
    ],
)
def test_articles_that_do_not_fit_are_counted(text: str, wrong: int) -> None:
    assert marks.disagreements(marks.marked(text)) == wrong


def test_short_texts_are_not_judged() -> None:
    assert not spun.detect("A short line of text.").judged


def test_a_token_in_no_list_has_a_number_by_its_ending() -> None:
    net = network.model()
    one, other = network.number("zzqxation", net.numbers), network.number("wwkxation", net.numbers)
    assert one == other > len(net.numbers)
    assert one < len(net.vectors)


# --- structure ---------------------------------------------------------------------------------------------------


def causes(text: str) -> set[str]:
    return {one.cause for one in structure.detect(text).findings}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (PROSE[:-60].rstrip(".,"), "truncated"),
        (PROSE.replace("brood must", "brood (must"), "unclosed"),
        (f"{PROSE}\n\n{PROSE}", "repeated"),
        (PROSE.replace("the old", "the the old").replace("look", "look look", 1), "word twice"),
        (f"Share on Facebook\n\n{PROSE}\n\nLeave a Reply\nYour email address will not be published.", "furniture"),
        (PROSE.replace(". ", ".<br /><br />"), "tag"),
        (f"Lorem ipsum dolor sit amet, consectetur adipiscing elit.\n\n{PROSE}", "filler"),
        (f"{PROSE}\n\n{LANGUAGES[0]}", "language"),
        ("\n".join(f"{number} | {number * 7} | {number % 9}" for number in range(60)), "no prose"),
        (f"{PROSE}\n\nDear [insert name here], yours.", "placeholder"),
        (PROSE.replace("\n\n", "\n\n- 12 -\n\n"), "page number"),
    ],
)  # fmt: skip
def test_each_break_of_structure_is_found(text: str, cause: str) -> None:
    assert cause in causes(text)


@pytest.mark.parametrize(
    "text", [PROSE, article(4, 30), GENESIS, "A title", "", " \n", "Roses are red,\nviolets are blue,"]
)
def test_whole_texts_have_no_flag(text: str) -> None:
    assert structure.detect(text).score < damage.FLAG_LEVEL


def test_a_text_cut_within_a_word_says_so() -> None:
    found = structure.detect(f"{PROSE} And then we saw that the governm").findings
    assert any("middle of a word" in one.explanation for one in found)


def test_a_text_that_is_half_repetition_is_flagged_and_a_refrain_is_not() -> None:
    refrain = "And all the bells of the valley rang."
    song = "\n\n".join(f"{paragraph}\n{refrain}" for paragraph in PARAGRAPHS)
    assert structure.detect(song).score < damage.FLAG_LEVEL
    assert structure.detect(f"{PROSE}\n\n{PROSE}").score >= damage.FLAG_LEVEL


@pytest.mark.parametrize("seed", range(8))
def test_spans_lie_in_the_text(seed: int) -> None:
    chance = Random(seed)
    text = "".join(chance.choice(("a ", "(", "“", "\n\n", ". ", "the same line of text stands here\n", "<br />", "é"))
                   for _ in range(300))  # fmt: skip
    for found in structure.detect(text).findings:
        assert 0 <= found.span[0] < found.span[1] <= len(text)


# --- the parts of the judgement ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "stood"),
    [("rnore", "more"), ("avhich", "which"), ("tirne", "time"), ("tlian", "than"), ("moming", "morning")],
)
def test_a_misread_stroke_is_known_by_the_word_that_stood_there(read: str, stood: str) -> None:
    assert shapes.shape(read) in ("misread", "near", "near rare")
    assert stood in (shapes.misread(read), lexicon.neighbour(read))


@pytest.mark.parametrize("word", ["first", "Avignon", "Lviv", "the", "modem", "bread", "read"])
def test_known_words_and_names_were_not_misread(word: str) -> None:
    assert shapes.shape(word) != "misread"


def test_garbage_without_any_word_is_flagged_and_code_is_not() -> None:
    garbage = "WATER HP^TJBB CO;ST. Buv!ai US rolfi*' M^i.lrate; MoBn-'IUid. Y,orunt «ds w,r. yo/orQ. »Cp:r^ini i:wit. "
    found = ocr.detect(3 * garbage)
    assert found.judged
    assert found.score >= damage.FLAG_LEVEL
    assert ocr.detect("\n".join(f"x{n} = f(a[{n}], b_{n})  # {n}" for n in range(40))).score < damage.FLAG_LEVEL


def test_specks_are_lines_of_signs_but_not_rules() -> None:
    assert ocr.strays("one\n-«\n»\ntwo\n---\n***\n-\nthree ! four\n.\n") == 3


def test_the_network_gives_log_odds_for_words_and_for_nothing_else() -> None:
    net = network.model()
    stretch = network.tokens(f'He said: "{PARAGRAPHS[0]}" (1984), and CovertAction agreed; iPhones too.')
    places, odds = network.odds(stretch, net)
    assert [stretch[at] for at in places.tolist()] == [token for token in stretch if token[0].isalpha()]
    assert len(odds) == len(places)
    again = network.odds(stretch, net)[1]
    assert (odds == again).all()


@pytest.mark.parametrize("text", ["", "word", ".", '" " "', "a b"])
def test_the_network_takes_stretches_of_any_length(text: str) -> None:
    stretch = network.tokens(text)
    if stretch:
        assert len(network.odds(stretch, network.model())[0]) == sum(token[0].isalpha() for token in stretch)


def test_a_word_is_less_likely_among_words_that_it_does_not_go_with() -> None:
    net = network.model()
    plain = network.tokens("They walked along the river and looked at the old stone bridge in the evening.")
    swapped = [
        {"river": "tributary", "looked": "gazed", "bridge": "viaduct", "old": "geriatric"}.get(one, one)
        for one in plain
    ]
    before, after = (
        dict(zip(*(column.tolist() for column in network.odds(one, net)), strict=True)) for one in (plain, swapped)
    )
    at = plain.index("old")
    assert after[at] > before[at]


def test_what_a_page_is_made_of_is_found_whatever_its_capitals() -> None:
    found = structure.detect(f"{PROSE}\n\nLEAVE A REPLY\n\nShare on Facebook\n\nWe use cookies.\n\nPrivacy Policy")
    assert {"leave a reply", "share on facebook"} <= {one.text.lower() for one in found.findings}
    assert found.score >= damage.FLAG_LEVEL
