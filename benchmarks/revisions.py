"""Honest revisions, which must not be called spun: a text and what an author or editor makes of it, by stated rules.

- A story updated: figures brought up to date, sentences added at the head and in between, some dropped, a few words put
  otherwise.
- A law amended: one term replaced throughout, numbers of days and sums changed, clauses added and struck out.
- A second edition: words improved, each the same way throughout, in up to 1, 3 or 6 of 100, sentences added; spelling
  made one.
- The author's own rewriting: sentences reordered, joined and dropped, words put otherwise in places, others left alone.
- Paraphrases: pairs of sentences that say the same (from the labelled collection) make up pairs of documents.

Words are put otherwise by a list of plain exchanges (`SYNONYMS`), such as an editor makes, not by a thesaurus: what a
reviser writes is as good as what stood there. Limits: the exchanges do not look at the sentence, as a reviser would;
texts that have fewer places for them than wanted are changed in all they have.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import altered
import prose
import spinner
from labelled import WORDS_MIN, GoldPair, Item, LabelledSet, Request, records
from thesaurus import PLAIN_SWAPS, Key

LENGTHS = (150, 200, 300, 500)
OF_A_KIND, OF_A_KIND_QUICK = 100, 12
SPARE_DOCUMENTS = 500
"""Documents whose sentences are added to others."""
PARAPHRASES_IN_DOCUMENT = (6, 15)
EDITION_SHARES = (0.01, 0.03, 0.06)
TERMS = (("shall", "must"), ("must", "shall"), ("may", "can"), ("user", "holder"), ("system", "service"))
SPELLING = (
    (
        re.compile(r"\b((?:organ|real|recogn|initial|optim|normal|character|emphas|util|central)i)s(?=e|ing|ation)"),
        r"\1z",
    ),
    (re.compile(r"\b((?:col|fav|lab|behavi|hon|neighb|harb)o)u(?=r)"), r"\1"),
    (re.compile(r"\be-mail"), "email"),
)
SYNONYMS = {
    "v": "use/employ, begin/start, help/assist, show/demonstrate, need/require, try/attempt, buy/purchase, "
    "keep/retain, give/provide/supply, find/discover, change/alter/modify, build/construct, "
    "choose/select/pick, happen/occur, allow/permit/enable, ensure/guarantee, gather/collect, receive/obtain, "
    "reduce/lower, remain/stay, remove/delete, fix/repair, answer/reply, specify/state, stop/halt, want/wish, "
    "create/produce, claim/assert, argue/contend/maintain, reject/refuse, oppose/resist, write/compose, "
    "seem/appear, develop/evolve, install/set up, run/execute, display/show, perform/carry out, "
    "increase/raise, explain/describe, check/verify, connect/link, store/keep",
    "n": "method/approach, manner/way, part/portion, problem/difficulty, goal/aim, answer/reply, job/task, "
    "error/mistake, kind/type/sort, amount/quantity, beginning/start, area/region, idea/notion, "
    "freedom/liberty, image/picture, chance/opportunity, need/requirement, worker/labourer, struggle/fight, "
    "machine/device, page/sheet, reason/cause, result/outcome, size/dimension, choice/option, place/location, "
    "change/alteration, purpose/aim",
    "a": "big/large, main/principal/chief, whole/entire, enough/sufficient, important/significant, "
    "wrong/incorrect, right/correct, usual/normal, different/distinct, various/several, current/present, "
    "additional/further/extra, complete/full, appropriate/suitable, specific/particular, hard/difficult, "
    "easy/simple, quick/fast, real/actual, small/little, necessary/needed, possible/feasible, early/initial, "
    "common/frequent",
    "r": "usually/normally/as a rule, often/frequently, therefore/thus/hence, approximately/about, "
    "mostly/mainly/chiefly, now/at present, quickly/rapidly, clearly/plainly, almost/nearly, perhaps/maybe, "
    "simply/merely, because/since, although/though, while/whereas, such as/like, in order to/so as to, "
    "however/yet, many/numerous, only/just, very/quite, instead of/rather than, for example/for instance, "
    "automatically/by itself",
}
"""Words that a reviser exchanges for each other, either way."""
NUMBER = re.compile(r"\b\d+\b")


def revisions(request: Request) -> Iterator[LabelledSet]:
    """Pairs of a text and its revision, of every kind."""
    made: dict[str, Callable[[str, Iterator[str], random.Random], str]] = {
        "story updated": updated,
        "law amended": amended,
        **{f"second edition, {share:.0%} of words": edition_with(share) for share in EDITION_SHARES},
        "own rewriting": rewritten,
    }
    texts = prose.documents("English", LENGTHS, request.seed)
    given_up = list(islice(texts, SPARE_DOCUMENTS))
    # a sentence that is added to one text must not be added to another, or they would share it
    spare = (one for text in given_up for one in altered.sentences(text)[1:-1] if 8 <= len(one.split()) <= 30)
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


def updated(text: str, spare: Iterator[str], draw: random.Random) -> str:
    """A story, brought up to date."""
    kept = [one for one in altered.sentences(text) if draw.random() > 0.12]
    changed = [numbers_changed(one, 0.6, draw) for one in kept]
    for _ in range(1 + len(changed) // 6):
        changed.insert(draw.choice([0, draw.randrange(len(changed) + 1)]), next(spare))
    return improved(" ".join(changed), draw.choice([0.0, 0.01, 0.03]), draw)


def amended(text: str, spare: Iterator[str], draw: random.Random) -> str:
    """A law, amended: one term for another throughout, other numbers, clauses added and struck out."""
    present = [pair for pair in TERMS if re.search(rf"\b{pair[0]}s?\b", text)]
    for old, new in draw.sample(present, min(len(present), 2)):
        text = re.sub(rf"\b{old}(s?)\b", rf"{new}\1", text)
    clauses = [numbers_changed(one, 0.5, draw) for one in altered.sentences(text) if draw.random() > 0.06]
    for _ in range(draw.randint(1, 3)):
        clauses.insert(draw.randrange(len(clauses) + 1), next(spare))
    return "\n".join(clauses)


def edition_with(share: float) -> Callable[[str, Iterator[str], random.Random], str]:
    def edition(text: str, spare: Iterator[str], draw: random.Random) -> str:
        for old, new in SPELLING:
            text = old.sub(new, text)
        found = altered.sentences(improved(text, share, draw))
        for _ in range(draw.randint(0, max(1, len(found) // 5))):
            found.insert(draw.randrange(1, len(found) + 1), next(spare))
        return " ".join(found)

    return edition


def rewritten(text: str, spare: Iterator[str], draw: random.Random) -> str:
    """The author's own rewriting: some sentences as they were, some worked over, some elsewhere, new or gone."""
    found = [worked_over(one, draw) for one in altered.sentences(text) if draw.random() > 0.1]
    for _ in range(max(1, len(found) // 6)):
        at, to = draw.randrange(len(found)), draw.randrange(len(found))
        found[at], found[to] = found[to], found[at]
        found.insert(draw.randrange(len(found) + 1), next(spare))
    return " ".join(found)


def worked_over(sentence: str, draw: random.Random) -> str:
    """A sentence with other words, with words before it, with words left out, or as it was."""
    chance = draw.random()
    if chance < 0.4:
        return improved(sentence, draw.choice([0.1, 0.2]), draw)
    if chance < 0.55:
        return draw.choice(["In short, ", "As it turned out, ", "Even so, "]) + sentence[0].lower() + sentence[1:]
    if chance < 0.65:
        return " ".join(word for word in sentence.split() if draw.random() > 0.12)
    return sentence


def numbers_changed(text: str, chance: float, draw: random.Random) -> str:
    return NUMBER.sub(
        lambda number: str(int(number[0]) + draw.randint(1, 12)) if draw.random() < chance else number[0], text
    )


def improved(text: str, share: float, draw: random.Random) -> str:
    """The text with at most about that share of its words put otherwise, each by the same word throughout."""
    words = list(spinner.WORD.finditer(text))
    by_key: dict[Key, list[spinner.Place]] = {}
    for place in spinner.places(text, words):
        if not place.name and place.key in improvements():
            by_key.setdefault(place.key, []).append(place)
    keys = list(by_key)
    draw.shuffle(keys)
    wanted = round(share * len(words))
    taken: dict[int, tuple[int, str]] = {}
    for key in keys:
        if len(taken) >= wanted:
            break
        chosen = draw.choice(improvements()[key])
        for place in by_key[key]:
            original = text[words[place.start].start() : words[place.stop - 1].end()]
            form = spinner.thesaurus().inflected(chosen, key[1], place.form)
            taken[words[place.start].start()] = words[place.stop - 1].end(), spinner.cased(original, form)
    parts: list[str] = []
    done = 0
    for start, (stop, replacement) in sorted(taken.items()):
        parts += (text[done:start], replacement)
        done = stop
    return "".join([*parts, text[done:]])


@functools.cache
def improvements() -> Mapping[Key, Sequence[str]]:
    """The other words for a base form and class that a reviser has in mind."""
    found: dict[Key, list[str]] = {}
    for word_class, rows in SYNONYMS.items():
        for row in rows.split(", "):
            words = row.split("/")
            for word in words:
                key = (word, "r" if word in PLAIN_SWAPS else word_class)
                found.setdefault(key, []).extend(other for other in words if other != word)
    return found
