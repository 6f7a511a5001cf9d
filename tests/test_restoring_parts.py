"""How a document is put right, part by part: which witnesses are copies, which is followed, what may be chosen, when
nothing more is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from strategies import PARAGRAPHS, article, noised, spun

from dedup import clean, conjecture, judge, layout, ledger, pipeline, restore, restoring, suspicion, vote, witnesses
from dedup.channel import Channel
from dedup.config import Config
from dedup.dictionary import NOTHING, Dictionary, dictionary
from dedup.model import Document, Edit, Relation, Restoration, Substitution
from dedup.places import Choice, Kind
from dedup.restoring import Copy, Means

CONFIG = Config()
TEXT = article(41, 24)


def document(name: str, text: str) -> Document:
    return clean.from_text(name, text)


def entry(name: str, text: str) -> pipeline.Entry:
    return pipeline.entry(document(name, text), CONFIG)


def copies(own: str, *others: str) -> list[Copy]:
    return restoring._copies(entry("own", own), [entry(f"w{at}", text) for at, text in enumerate(others)], CONFIG)


@cache
def learnt() -> tuple[Substitution, ...]:
    texts = [(seed, article(seed, 40)) for seed in range(100, 112)]
    return tuple(ledger.substitutions([
        pipeline.collate(document("a", text), document("b", spun(text, seed))) for seed, text in texts
    ]))  # fmt: skip


@cache
def known() -> Dictionary:
    return dictionary(learnt())


# --- which witnesses are copies --------------------------------------------------------------------------------


def test_copies_are_those_with_other_words_each_once() -> None:
    found = copies(TEXT, TEXT.upper(), spun(TEXT), PARAGRAPHS[0], spun(TEXT).upper(), noised(TEXT))
    assert [(one.entry.document.id, one.pair.relation) for one in found] == [("w1", "spun"), ("w4", "damaged")]
    assert {one.pair.a for one in found} | {one.pair.b for one in found} == {"own", "w1", "w4"}


def test_only_of_spun_copies_is_it_asked_which_words_seem_put_in() -> None:
    one, other = copies(TEXT, spun(TEXT), noised(TEXT))
    assert one.suspicions.tolist() == suspicion.suspicions(one.entry.document, one.entry.tokens).tolist()
    assert one.suspicions.any()
    assert other.suspicions.tolist() == [0.0] * len(other.entry.tokens)


@pytest.mark.parametrize(("damage", "kind"), [(spun, "replaced"), (noised, "noise")])
def test_a_witness_stands_as_it_is_right_at_the_places_of_each_kind(damage: object, kind: Kind) -> None:
    assert callable(damage)
    (worse,), (better,) = copies(TEXT, damage(TEXT)), copies(damage(TEXT), TEXT)
    other: Kind = "noise" if kind == "replaced" else "replaced"
    for copy in (worse, better):
        assert copy.standing[kind][1] >= 10
        assert copy.standing[other] == (0.5, 0)
    assert worse.standing[kind][0] < 0.2
    assert better.standing[kind][0] > 0.8


def test_which_words_seem_put_in_counts_in_how_a_spun_witness_stands() -> None:
    own = entry("own", TEXT)
    (copy,) = copies(TEXT, spun(TEXT))
    odds = suspicion.suspicions(own.document, own.tokens), copy.suspicions
    assert copy.standing == restoring._standing(own, copy.witness, odds, CONFIG)
    assert copy.standing["replaced"][0] < restoring._standing(own, copy.witness, (), CONFIG)["replaced"][0]


def test_as_many_places_are_looked_at_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    (every,) = copies(TEXT, spun(TEXT))
    monkeypatch.setattr(restoring, "PLACES_MAX", 7)
    (few,) = copies(TEXT, spun(TEXT))
    assert every.standing["replaced"][1] > few.standing["replaced"][1] == 7


# --- which of them is followed ---------------------------------------------------------------------------------


Stands = dict[Kind, tuple[float, int]]


def standing(noise: tuple[float, int] = (0.5, 0), replaced: tuple[float, int] = (0.5, 0)) -> Stands:
    return {"noise": noise, "replaced": replaced}


@pytest.mark.parametrize(
    ("stands", "sound"),
    [
        (standing(), True),
        (standing((0.98, 10), (0.85, 10)), True),
        (standing((0.97, 10)), False),
        (standing((0.97, 9)), True),
        (standing(replaced=(0.84, 10)), False),
        (standing(replaced=(0.84, 9)), True),
        (standing((1.0, 50), (0.84, 10)), False),
    ],
)
def test_a_copy_is_sound_unless_its_places_show_that_it_is_not(stands: Stands, sound: bool) -> None:
    (copy,) = copies(spun(TEXT), TEXT)
    assert restoring._is_sound(replace(copy, standing=stands), CONFIG) == sound
    assert (restoring._clean(entry("own", spun(TEXT)), [replace(copy, standing=stands)], CONFIG) is not None) == sound


def test_of_several_clean_copies_the_one_with_the_most_evidence_is_followed() -> None:
    damaged = spun(TEXT)
    half = len(TEXT) // 2
    less = spun(TEXT[:half]) + TEXT[half:]
    for texts in ((TEXT, less), (less, TEXT)):
        found = [replace(one, standing=standing()) for one in copies(damaged, *texts)]
        assert [one.pair.cleaner for one in found] == ["w0", "w1"]
        followed = restoring._clean(entry("own", damaged), found, CONFIG)
        assert followed is not None
        assert followed.entry.document.text == TEXT


def test_a_worse_copy_is_not_followed() -> None:
    assert restoring._clean(entry("own", TEXT), copies(TEXT, spun(TEXT)), CONFIG) is None
    assert restoring._clean(entry("own", TEXT), [], CONFIG) is None


# --- what may be chosen ----------------------------------------------------------------------------------------


def decidable(kind: Kind, word: str, relations: Sequence[Relation], stands: Sequence[Stands]) -> bool:
    """Whether a choice for the word `word`, which stands amid others, may be made."""
    own = entry("own", f"Here {word} stands")
    (plain,) = copies(TEXT, spun(TEXT))
    made = [
        replace(plain, pair=replace(plain.pair, relation=relation), standing=one)
        for relation, one in zip(relations, stands, strict=True)
    ]
    return restoring._is_decidable(own, Choice(1, 2, ("such",), (), (), kind, 0.9, {}), made, CONFIG)


@pytest.mark.parametrize(
    ("relation", "stands", "expected"),
    [
        ("spun", (0.5, 10), True),
        ("spun", (0.5, 9), False),
        ("near", (0.5, 10), False),
        ("damaged", (0.5, 10), False),
        ("spun", (0.16, 10), True),
        ("spun", (0.15, 10), False),
        ("spun", (0.9, 10), True),
    ],
)
def test_words_are_chosen_among_where_copies_were_spun_and_the_document_too(
    relation: Relation, stands: tuple[float, int], expected: bool
) -> None:
    told = standing((0.0, 50), stands)
    assert decidable("replaced", "navy", [relation], [told]) == expected
    assert decidable("replaced", "navy", [relation, "near"], [told, standing(replaced=(0.99, 99))]) == expected


@pytest.mark.parametrize(
    ("relation", "word", "stands", "expected"),
    [
        ("damaged", "river", (0.5, 10), True),
        ("spun", "river", (0.5, 10), False),
        ("spun", "rivqer", (0.5, 10), True),
        ("near", "rivqer", (0.5, 0), True),
        ("damaged", "river", (0.03, 10), True),
        ("damaged", "river", (0.02, 10), False),
        ("damaged", "river", (0.02, 9), True),
    ],
)
def test_where_nothing_was_scanned_noise_is_what_is_no_word(
    relation: Relation, word: str, stands: tuple[float, int], expected: bool
) -> None:
    assert decidable("noise", word, [relation], [standing(stands, (0.0, 50))]) == expected


# --- step by step ----------------------------------------------------------------------------------------------


def test_a_witness_of_the_documents_own_name_is_named_by_where_it_lies() -> None:
    named = document("same", TEXT)
    witness = replace(named, locator=replace(named.locator, path="elsewhere/same"))
    found = restoring.restoration(document("same", spun(TEXT)), [witness])
    assert found.text == TEXT
    assert {edit.witness for edit in found.edits} == {"elsewhere/same"}


def test_the_order_of_the_witnesses_does_not_count() -> None:
    others = [document(f"w{seed}", noised(TEXT, seed, 0.2)) for seed in range(1, 4)]
    one, other = (restoring.restoration(document("own", noised(TEXT, 0, 0.2)), list(order))
                  for order in (others, others[::-1]))  # fmt: skip
    assert one.edits
    assert one == other


def test_what_does_not_come_to_rest_is_left_as_it_was_but_for_its_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = document("own", spun(TEXT).replace("the river", "the cafÃ©’s river"))
    assert damaged.repairs
    monkeypatch.setattr(restoring, "STEPS_MAX", 1)
    found = restoring.restoration(damaged, [document("w", TEXT)])
    assert found.edits == damaged.repairs
    assert found.text == damaged.text.replace("Ã©", "é")


def test_beside_a_clean_copy_nothing_is_conjectured(monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = entry("own", spun(TEXT)), entry("w", TEXT)
    asked: list[object] = []
    monkeypatch.setattr(judge, "verdicts", lambda *_: ())
    monkeypatch.setattr(restoring, "_conjectures", lambda *given: asked.append(given) or ())
    assert restoring._step(own, [other], CONFIG, Means(conjectured=known())).edits == ()
    assert asked == []
    monkeypatch.setattr(restoring, "_clean", lambda *_: None)
    monkeypatch.setattr(restoring, "_voted", lambda *_: [])
    restoring._step(own, [other], CONFIG, Means(conjectured=known()))
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("cause", "count", "expected"), [("replaced", 10, True), ("replaced", 9, False), ("noise", 10, False)]
)
def test_that_a_vote_put_words_back_is_known_to_the_next_step(
    monkeypatch: pytest.MonkeyPatch, cause: str, count: int, expected: bool
) -> None:
    own = document("own", " ".join(f"w{at}" for at in range(30)))
    seen: list[Means] = []

    def step(current: pipeline.Entry, others: object, config: Config, by: Means) -> Restoration:
        seen.append(by)
        text, made, at = current.document.text, [], 0
        for number in range(count if len(seen) == 1 else 0):
            at = text.index(f"w{number}", at)
            made.append(Edit((at, at + 1), "w", "v", cause))
        return Restoration(current.document, text.replace("w", "v", count), tuple(made))

    monkeypatch.setattr(restoring, "_step", step)
    found = restoring.restoration(own, (), CONFIG, Means(known(), known()))
    assert [by.spun for by in seen] == [False, expected]
    assert all(by.ledger is by.conjectured is known() for by in seen)
    assert all(isinstance(by.channel, Channel) for by in seen)
    assert len(found.edits) == count


def test_a_channel_asks_more_of_what_the_vote_has_shown_and_of_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    own = entry("own", spun(TEXT, 0, 0.7))
    found = copies(own.document.text, spun(TEXT, 1, 0.7), spun(TEXT, 2, 0.7))
    star, channel = restoring._star(own, found, CONFIG), Channel(known())
    asked: list[Any] = []
    words = own.tokens.words
    end = next(at for at in range(6, len(words)) if layout.is_parted(own.document.text, own.tokens, at))
    shown = words[7:8], words[3:6], words[end - 1 : end + 1]

    def wider(*given: Any) -> witnesses.Star:
        asked.append(given)
        return star

    monkeypatch.setattr(restoring, "_star", wider)
    monkeypatch.setattr(vote, "shown", lambda *_: dict.fromkeys(shown))
    for spun_too, conjectured, told, often in (
        (False, known(), channel, 1), (True, known(), channel, 1),
        (True, NOTHING, channel, 0), (True, known(), None, 0),
    ):  # fmt: skip
        by = Means(known(), conjectured, spun_too, told)
        asked.clear()
        restoring._voted(own, found, star, CONFIG, by)
        assert len(asked) == often
        for given in asked:
            assert given[:3] == (own, found, CONFIG)
            wanted = {at for at, word in enumerate(words) if word == words[7] or channel.origins((word,))}
            assert {at for at in range(len(words)) if given[3](at, at + 1)} == wanted
            assert given[3](3, 6)
            assert not given[3](end - 1, end + 1)  # over the end of a sentence


@pytest.mark.parametrize("spun_too", [True, False])
def test_whether_a_choice_may_be_made_is_asked_of_the_document_itself(
    monkeypatch: pytest.MonkeyPatch, spun_too: bool
) -> None:
    own = entry("own", spun(TEXT, 0, 0.7))
    found = copies(own.document.text, spun(TEXT, 1, 0.7), spun(TEXT, 2, 0.7))
    asked: list[Any] = []
    monkeypatch.setattr(restoring, "_is_decidable", lambda *given: asked.append(given) or True)
    by = Means(known(), known(), spun_too, Channel(known()))
    made = restoring._voted(own, found, restoring._star(own, found, CONFIG), CONFIG, by)
    assert made
    assert all(given[0] is own and given[2:] == (found, CONFIG) for given in asked)
    assert [given[1] for given in asked][-len(made) :] == made


def test_passages_are_taken_over_up_to_the_length_that_may_be() -> None:
    lacking = TEXT.replace(". ", ".\n\n", 1).split("\n\n")
    block = lacking.pop(2)
    length = len(clean.words(block))
    assert length >= CONFIG.block_tokens
    own, witness = document("own", "\n\n".join(lacking)), document("w", TEXT)
    for most, causes in ((length, {restore.BLOCK}), (length - 1, set())):
        found = restoring.restoration(own, [witness], replace(CONFIG, taken_tokens_max=most))
        assert {edit.cause for edit in found.edits} == causes


# --- conjectures -----------------------------------------------------------------------------------------------


def choice(start: int, stop: int, *words: str) -> Choice:
    return Choice(start, stop, words, (), (), "replaced", 0.9, {})


def test_choices_are_found_where_they_stand_once_all_are_made() -> None:
    made = [choice(1, 2, "a", "b", "c"), choice(4, 6, "d"), choice(6, 6, "e"), choice(9, 10)]
    assert restoring._moved(made) == [(1, 4), (6, 7), (7, 8), (11, 11)]


def test_what_is_made_of_choices_has_nothing_left_to_repair() -> None:
    own = entry("own", TEXT.replace("the river", "the cafÃ©’s river"))
    assert own.document.repairs
    made = restoring._with(own, [choice(0, 1, "Such")])
    assert made.repairs == ()
    assert made.text.startswith("Such ")
    assert "café’s" in made.text


@pytest.mark.parametrize("spun_too", [True, False])
def test_conjectures_are_made_on_other_terms_beside_copies_that_were_spun(
    monkeypatch: pytest.MonkeyPatch, spun_too: bool
) -> None:
    own = entry("own", spun(TEXT, 0, 0.7))
    found = copies(own.document.text, spun(TEXT, 1, 0.7))
    star = restoring._star(own, found, CONFIG)
    asked: dict[str, tuple[Any, ...]] = {}

    def told(name: str, gives: object) -> Callable[..., object]:
        def called(*given: object) -> object:
            asked[name] = given
            return gives

        return called

    for name, gives in (("among_spun", "spun"), ("alone", "alone"), ("choices", ())):
        monkeypatch.setattr(conjecture, name, told(name, gives))
    by = Means(known(), known(), spun=spun_too)
    assert restoring._conjectures(own, found, star, CONFIG, by) == []
    name, terms = ("among_spun", "spun") if spun_too else ("alone", "alone")
    assert set(asked) == {name, "choices"}
    voices = asked[name][0]
    assert asked[name][1:] == ((CONFIG, None) if spun_too else (known(), CONFIG, None))
    assert asked["choices"] == (own.document, own.tokens, known(), terms)
    parted = {at for place in star.places for at in range(place.own.start, place.own.stop)}
    assert parted
    assert voices == [0 if at in parted else one for at, one in enumerate(star.voices)]


def test_whether_a_conjecture_stands_is_asked_of_the_text_as_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    own, by = entry("own", spun(TEXT, 0, 0.7)), Means(known(), known(), spun=True)
    found = copies(own.document.text, spun(TEXT, 1, 0.7), spun(TEXT, 2, 0.7))
    star = restoring._star(own, found, CONFIG)
    asked: list[Any] = []
    monkeypatch.setattr(restoring, "_voted", lambda *given: asked.append(given) or [])
    made = restoring._conjectures(own, found, star, CONFIG, by)
    ((changed, again, anew, config, means),) = asked
    assert changed.document == restoring._with(own, made)
    assert [copy.entry for copy in again] == [copy.entry for copy in found]
    assert anew == witnesses.star(changed.tokens, [copy.witness for copy in again], CONFIG)
    assert (config, means) == (CONFIG, by)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [("word", "a word", True), ("a word", "word", True), ("a word", "a", True), ("zinc bath", "zinc", True),
     ("bath", "zinc bath tub", False), ("word", "words", False), ("a word", "word a", False), ("a b", "a c b", False)],
)  # fmt: skip
def test_what_leaves_words_out_beside_one_that_stays(a: str, b: str, expected: bool) -> None:
    row = replace(learnt()[0], a=a, b=b)
    assert restoring._is_beside(replace(choice(0, 1, "x"), entry=row)) == expected
    assert not restoring._is_beside(choice(0, 1, "x"))


def test_what_looks_replaced_is_told_of_the_restored_text_and_only_by_a_ledger() -> None:
    own = document("own", spun(TEXT))
    by = Means(conjectured=known())
    untouched = restore.restoration(own, None, ())
    assert restoring.suspects(untouched, Means(ledger=known())) == ()
    before = restoring.suspects(untouched, by)
    after = restoring.suspects(restoring.restoration(own, (), CONFIG, by), by)
    assert len(before) > len(after)
    assert all(own.text[slice(*one.span)].lower() == " ".join(one.words) for one in before)


def test_of_a_corpus_the_kept_documents_are_conjectured_upon(tmp_path: Path) -> None:
    texts = {"clean": article(300, 40), "copy": spun(article(41, 40)), "spun": spun(article(41, 40)).upper().lower()}
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    with pipeline.find_duplicates(tmp_path, CONFIG) as findings:
        assert findings.clusters.kept().tolist().count(0) == 1
        (kept,) = {name for name, number in zip(findings.corpus.ids, findings.clusters.kept().tolist(), strict=True)
                   if findings.corpus.ids[number] == name} - {"clean.txt"}  # fmt: skip
        found = restoring.conjectured(findings, learnt(), CONFIG)
        own = findings.corpus.ids.index(kept)
        assert set(found.corpus.notable) == {own}
        alone = pipeline.document_at(findings.corpus, own)
        made = restoring.restoration(alone, (), CONFIG, Means(conjectured=known())).edits
        assert made
        assert found.corpus.notable[own] == replace(alone, repairs=made)
        assert not findings.corpus.notable


def test_a_conjecture_that_the_other_texts_would_overrule_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    own, by = entry("own", spun(TEXT, 0, 0.7)), Means(known(), known(), spun=True)
    found = copies(own.document.text, spun(TEXT, 1, 0.7), spun(TEXT, 2, 0.7))
    star = witnesses.star(own.tokens, [copy.witness for copy in found], CONFIG)

    def made(*overruled: tuple[int, int]) -> list[tuple[int, int]]:
        monkeypatch.setattr(restoring, "_voted", lambda *_: [choice(start, stop, "x") for start, stop in overruled])
        return [(one.start, one.stop) for one in restoring._conjectures(own, found, star, CONFIG, by)]

    every = made()
    assert len(every) >= 3
    parted = {at for place in star.places for at in range(place.own.start, place.own.stop)}
    assert not parted & {at for start, stop in every for at in range(start, stop)}
    moved = restoring._moved(restoring._conjectures(own, found, star, CONFIG, by))
    start, stop = moved[1]
    assert moved[0][1] < start
    assert stop < moved[2][0]
    assert made((start, stop)) == [every[0], *every[2:]]
    assert made((start - 1, start)) == made((stop, stop + 1)) == every
    assert made((start - 1, stop + 1)) == made((stop - 1, stop + 1)) == [every[0], *every[2:]]
