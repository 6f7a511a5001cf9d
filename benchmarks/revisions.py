"""Honest revisions, which must not be called spun: a text and what an author or editor makes of it, by stated rules.

- A story updated: figures brought up to date, sentences added at the head and in between, some dropped, a few words put
  otherwise.
- A law amended: one term replaced throughout, numbers of days and sums changed, clauses added and struck out.
- A second edition: words improved, each the same way throughout, in 1, 3, 6 or 10 of 100, sentences added; spelling
  made one.
- The author's own rewriting: sentences reordered, joined and dropped, words put otherwise in places, others left alone.
- Paraphrases: pairs of sentences that say the same (from the labelled collection) make up pairs of documents.

An improved word is a frequent one that fits: among a thesaurus's candidates one that is at most `RARER_MAX` on the Zipf
scale rarer than what it replaces and is known to stand next to the words that it comes to stand next to, as a reviser
chooses it and a spinner does not. Limits: what is known are the pairs of words of wordsegment, which the program
looks at as well, so this flatters it; a tenth of the words improved is more than most revisers do.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import altered
import prose
import spinner
from labelled import WORDS_MIN, GoldPair, Item, LabelledSet, Request, records
from thesaurus import Key

LENGTHS = (150, 200, 300, 500)
OF_A_KIND, OF_A_KIND_QUICK = 100, 12
RARER_MAX, ZIPF_MIN = 0.3, 3.5
PARAPHRASES_IN_DOCUMENT = (6, 15)
EDITION_SHARES = (0.01, 0.03, 0.06, 0.10)
TERMS = (("shall", "must"), ("must", "shall"), ("may", "can"), ("user", "holder"), ("system", "service"))
SPELLING = (("isation", "ization"), ("ise ", "ize "), ("ised ", "ized "), ("our ", "or "), ("e-mail", "email"))
NUMBER = re.compile(r"\b\d+\b")


def revisions(request: Request) -> Iterator[LabelledSet]:
    """Pairs of a text and its revision, of every kind."""
    made: dict[str, Callable[[str, Sequence[str], random.Random], str]] = {
        "story updated": updated,
        "law amended": amended,
        **{f"second edition, {share:.0%} of words": edition_with(share) for share in EDITION_SHARES},
        "own rewriting": rewritten,
    }
    texts = prose.documents("English", LENGTHS, request.seed)
    spare = [one for text in islice(texts, 400) for one in altered.sentences(text) if 8 <= len(one.split()) <= 30]
    items: list[Item] = []
    gold: list[GoldPair] = []
    for kind, revise in made.items():
        for number, text in enumerate(islice(texts, request.some(OF_A_KIND, OF_A_KIND_QUICK))):
            name = f"{kind}/{number}"
            draw = random.Random(f"{request.seed}|{name}")
            add(items, gold, kind, (name, text, revise(text, spare, draw)))
    for number, (one, other) in enumerate(paraphrased(request)):
        add(items, gold, "paraphrased sentences", (f"paraphrased/{number}", one, other))
    yield LabelledSet("revisions", tuple(items), tuple(gold))


def add(items: list[Item], gold: list[GoldPair], kind: str, pair: tuple[str, str, str]) -> None:
    name, text, revised = pair
    items += [Item(name, text, name), Item(f"{name}/revised", revised, name)]
    gold.append(GoldPair(name, f"{name}/revised", kind, "revision"))


def paraphrased(request: Request) -> Iterator[tuple[str, str]]:
    """Pairs of documents whose sentences say the same in other words, one by one."""
    rows = [row for row in records(request.data / "sentence_pairs" / "msrp_train.jsonl") if row["label"] == 1]
    draw = random.Random(request.seed)
    draw.shuffle(rows)
    rest = iter(rows[:: request.some(1, 5)])
    while taken := list(islice(rest, draw.randint(*PARAPHRASES_IN_DOCUMENT))):
        sides = tuple(" ".join(row[side] for row in taken) for side in ("s1", "s2"))
        if len(sides[0].split()) >= WORDS_MIN:
            yield sides


# --- the kinds ------------------------------------------------------------------------------------------------------


def updated(text: str, spare: Sequence[str], draw: random.Random) -> str:
    """A story, brought up to date."""
    kept = [one for one in altered.sentences(text) if draw.random() > 0.12]
    changed = [numbers_changed(one, 0.6, draw) for one in kept]
    for _ in range(1 + len(changed) // 6):
        changed.insert(draw.choice([0, draw.randrange(len(changed) + 1)]), draw.choice(spare))
    return improved(" ".join(changed), draw.choice([0.0, 0.01, 0.03]), draw)


def amended(text: str, spare: Sequence[str], draw: random.Random) -> str:
    """A law, amended: one term for another throughout, other numbers, clauses added and struck out."""
    present = [pair for pair in TERMS if re.search(rf"\b{pair[0]}s?\b", text)]
    for old, new in draw.sample(present, min(len(present), 2)):
        text = re.sub(rf"\b{old}(s?)\b", rf"{new}\1", text)
    clauses = [numbers_changed(one, 0.5, draw) for one in altered.sentences(text) if draw.random() > 0.06]
    for _ in range(draw.randint(1, 3)):
        clauses.insert(draw.randrange(len(clauses) + 1), draw.choice(spare))
    return "\n".join(clauses)


def edition_with(share: float) -> Callable[[str, Sequence[str], random.Random], str]:
    def edition(text: str, spare: Sequence[str], draw: random.Random) -> str:
        for old, new in SPELLING:
            text = text.replace(old, new)
        found = altered.sentences(improved(text, share, draw))
        for _ in range(draw.randint(0, max(1, len(found) // 5))):
            found.insert(draw.randrange(1, len(found) + 1), draw.choice(spare))
        return " ".join(found)

    return edition


def rewritten(text: str, spare: Sequence[str], draw: random.Random) -> str:
    """The author's own rewriting: some sentences as they were, some worked over, some elsewhere, new, joined or gone."""
    found: list[str] = []
    for one in altered.sentences(text):
        chance = draw.random()
        if chance < 0.1:
            continue
        if chance < 0.45:
            one = improved(one, draw.choice([0.1, 0.2]), draw)
        elif chance < 0.6:
            one = (
                draw.choice(["In short, ", "As it turned out, ", "To be exact, ", "Even so, "])
                + one[0].lower()
                + one[1:]
            )
        elif chance < 0.7:
            one = " ".join(word for word in one.split() if draw.random() > 0.12)
        found.append(one)
    for _ in range(max(1, len(found) // 6)):
        at, to = draw.randrange(len(found)), draw.randrange(len(found))
        found[at], found[to] = found[to], found[at]
        found.insert(draw.randrange(len(found) + 1), draw.choice(spare))
    return " ".join(found)


def numbers_changed(text: str, chance: float, draw: random.Random) -> str:
    return NUMBER.sub(
        lambda number: str(int(number[0]) + draw.randint(1, 12)) if draw.random() < chance else number[0], text
    )


def improved(text: str, share: float, draw: random.Random) -> str:
    """The text with at most about that share of its words replaced by good ones, each by the same one throughout."""
    words = list(spinner.WORD.finditer(text))
    lowered = ["", *(word[0].lower() for word in words), ""]
    by_key: dict[Key, list[spinner.Place]] = {}
    for place in spinner.places(text, words):
        if not place.name and place.stop - place.start == 1:
            by_key.setdefault(place.key, []).append(place)
    keys = list(by_key)
    draw.shuffle(keys)
    taken: dict[int, str] = {}
    for key in keys:
        if len(taken) >= round(share * len(words)):
            break
        for chosen in draw.sample(spinner.candidates(key), len(spinner.candidates(key))):
            forms = {place.start: spinner.thesaurus().inflected(chosen, key[1], place.form) for place in by_key[key]}
            fitting = {at: form for at, form in forms.items() if fits(form, lowered[at : at + 3])}
            if fitting:
                taken.update({at: spinner.cased(words[at][0], form) for at, form in fitting.items()})
                break
    parts: list[str] = []
    done = 0
    for at, word in enumerate(words):
        parts += (text[done : word.start()], taken.get(at, word[0]))
        done = word.end()
    return "".join([*parts, text[done:]])


def fits(word: str, where: Sequence[str]) -> bool:
    """Whether a word may stand for the middle one of three: as frequent, and next to words that it is known to stand
    next to, where the one before it was."""
    from wordfreq import zipf_frequency

    before, original, after = where
    if " " in word or zipf_frequency(word, "en") < max(ZIPF_MIN, zipf_frequency(original, "en") - RARER_MAX):
        return False
    return all(
        f"{new[0]} {new[1]}" in neighbourships() or f"{old[0]} {old[1]}" not in neighbourships()
        for new, old in (((before, word), (before, original)), ((word, after), (original, after)))
    )


@functools.cache
def neighbourships() -> frozenset[str]:
    """The pairs of words that English is known to put next to each other."""
    import wordsegment

    wordsegment.load()
    return frozenset(wordsegment.BIGRAMS)
