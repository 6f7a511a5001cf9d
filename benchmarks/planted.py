"""Corpora with planted copies, made from texts that install with Debian packages (see `prose`): sets to measure on.

`spun_copies` English prose and a spun copy of it; `languages` copies in five other languages; `furniture` documents
that share nothing but footers, menus and licence headers.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, islice, product

import altered
import prose
import spinner
from labelled import Expected, GoldPair, Item, LabelledSet, Request

SPUN_SHARES = (0.1, 0.2, 0.3, 0.4)
SPUN_LENGTHS = (100, 150, 200, 300, 500)
ORIGINALS_OF_A_KIND, ORIGINALS_QUICK = 200, 20
SHARE_REACHED_MIN = 0.95
"""Of the wanted share: what a text of names and code cannot be spun to is no case of that share."""
LANGUAGE_LENGTHS = (100, 150, 200, 300)
LIGHT_RATE = 0.03
REPLACED_SHARES = (0.1, 0.2, 0.3)
FURNISHED, FURNITURE_MIN = (10, 30, 100, 300), 30
"""Documents that share a piece of furniture, and from how many on it is that and no reuse."""
FURNITURE_WORDS = {"footer": 80, "header": 120, "menu": 60}
FURNISHED_WORDS = (200, 300, 400)


def spun_copies(request: Request) -> Iterator[LabelledSet]:
    """Originals of five lengths, each with one spun copy, by four shares of replaced words, among other documents."""
    wanted = request.some(ORIGINALS_OF_A_KIND, ORIGINALS_QUICK)
    found: defaultdict[tuple[int, float], int] = defaultdict(int)
    items: list[Item] = []
    gold: list[GoldPair] = []
    others: list[str] = []
    for number, text in enumerate(prose.documents("English", SPUN_LENGTHS, request.seed)):
        length, share = len(prose.WORD.findall(text)), SPUN_SHARES[number % len(SPUN_SHARES)]
        if found[length, share] < wanted:
            copy, swaps = spinner.spun(text, share, number + request.seed)
            if spinner.share_of(text, swaps) >= SHARE_REACHED_MIN * share:
                found[length, share] += 1
                items += [Item(f"{number}/original", text, f"{number}"), Item(f"{number}/spun", copy, f"{number}")]
                gold.append(GoldPair(f"{number}/original", f"{number}/spun", f"{share:.0%}, {length} words"))
                continue
        others.append(text)
    items += [Item(f"other/{at}", text, f"other/{at}") for at, text in enumerate(others[: request.background])]
    yield LabelledSet("spinner", tuple(items), tuple(sorted(gold, key=lambda pair: (len(pair.kind), pair.kind))))


def languages(request: Request) -> Iterator[LabelledSet]:
    """For each of five languages: exact copies, other layout, light edits, words replaced; a third left alone.

    Words are replaced by others of like frequency, the same wherever they stand, since no thesaurus installs for all.
    """
    for language in prose.TRANSLATED:
        texts = list(islice(prose.documents(language, LANGUAGE_LENGTHS, request.seed), request.some(1 << 30, 60)))
        others = altered.stand_ins([text for page in prose.pages(language) for text in page])
        kinds = ["exact", "other layout", "light edits", *(f"{share:.0%} replaced" for share in REPLACED_SHARES)]
        items: list[Item] = []
        gold: list[GoldPair] = []
        for number, text in enumerate(texts):
            name = f"{language}/{number}"
            items.append(Item(name, text, name))
            if number % 3 == 2:
                continue
            kind = kinds[len(gold) % len(kinds)]
            draw = random.Random(f"{request.seed}|{name}")
            items.append(Item(f"{name}/copy", altered_by(kind, text, others, draw), name))
            gold.append(GoldPair(name, f"{name}/copy", kind))
        yield LabelledSet(f"languages/{language}", tuple(items), tuple(sorted(gold, key=lambda pair: pair.kind)))


def altered_by(kind: str, text: str, others: altered.StandIns, draw: random.Random) -> str:
    if kind == "exact":
        return text
    if kind == "other layout":
        return altered.reformatted(text, draw)
    if kind == "light edits":
        return altered.lightly_edited(text, LIGHT_RATE, draw)
    return altered.words_replaced(text, float(kind.split("%", maxsplit=1)[0]) / 100, others, draw)


def furniture(request: Request) -> Iterator[LabelledSet]:
    """Documents that share a footer, a header or a menu, 10, 30, 100 or 300 of them the same, and nothing else; and of
    every tenth a lightly edited copy without the furniture. From 30 on no pair may be made, of 10 none merged."""
    counts = FURNISHED[: request.some(len(FURNISHED), 2)]
    texts = prose.documents("English", FURNISHED_WORDS, request.seed)
    items: list[Item] = []
    gold: list[GoldPair] = []
    for kind, count in product(FURNITURE_WORDS, counts):
        piece = piece_of(kind, next(texts))
        names = [f"{kind}/{count}/{at}" for at in range(count)]
        for at, name in enumerate(names):
            text = next(texts)
            # a footer that carries the number of its issue
            shared = piece if kind != "footer" else piece.replace(". ", f". No. {at}. ", 1)
            items.append(Item(name, f"{text}\n\n{shared}" if kind == "footer" else f"{shared}\n\n{text}", name))
            if at % 10 == 0:
                copy = altered.lightly_edited(text, LIGHT_RATE / 2, random.Random(f"{request.seed}|{name}"))
                items.append(Item(f"{name}/copy", copy, name))
                gold.append(GoldPair(name, f"{name}/copy", "copy without the furniture"))
        expected: Expected = "apart" if count < FURNITURE_MIN else "nothing"
        gold += [GoldPair(a, b, f"{kind} in {count}", expected) for a, b in combinations(names, 2)]
    yield LabelledSet("furniture", tuple(items), tuple(gold))


def piece_of(kind: str, text: str) -> str:
    """Furniture made of a document that is not in the set: its first words, for a menu two to a line, as titles."""
    words = list(prose.WORD.finditer(text))[: FURNITURE_WORDS[kind]]
    if kind != "menu":
        return text[: words[-1].end()] + "."
    return "\n".join(f"{one[0]} {other[0]}".title() for one, other in zip(words[::2], words[1::2], strict=True))
