"""Documents of 2,000 words that share one paragraph, and short ones that are parts of them, with the spans.

1. Each of the documents takes in three paragraphs of 60 words and more, each from another document: verbatim, lightly
   edited, and spun at a fifth of the words. They are put between two of its own paragraphs.
2. Each of other documents has an excerpt of 150 to 300 words as a document by itself, verbatim or spun at a fifth.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import altered
import prose
import spinner
from labelled import GoldPair, GoldPassage, Item, LabelledSet, Request

HOST_WORDS = 2_000
HOSTS, HOSTS_QUICK = 300, 30
OTHERS = 500
"""Documents of the same length that share nothing, so that the corpus is worth the bulk way."""
SOURCES, SOURCES_QUICK = 150, 16
PASSAGE_WORDS = range(60, 200)
LIGHT_RATE, SPUN_SHARE = 0.03, 0.2
EXCERPT_WORDS = range(150, 301)
SEEN_SHARE_MAX = 0.002
"""Of 2,000 words four phrases may stand in another document."""

Alteration = Callable[[str, int], str]
KINDS: dict[str, Alteration] = {
    "verbatim": lambda text, seed: text,
    "light edits": lambda text, seed: altered.lightly_edited(text, LIGHT_RATE, random.Random(seed)),
    "spun at 20%": lambda text, seed: spinner.spun(text, SPUN_SHARE, seed)[0],
}


def part_reuse(request: Request) -> Iterator[LabelledSet]:
    """Paragraphs planted in documents, with gold spans."""
    found = prose.documents("English", [HOST_WORDS], request.seed, SEEN_SHARE_MAX)
    hosts = list(
        islice((text for text in found if len(whole_paragraphs(text)) >= len(KINDS)), request.some(HOSTS, HOSTS_QUICK))
    )
    items: list[Item] = []
    own_places: list[dict[int, int]] = []
    planted: list[list[GoldPassage]] = []
    for number, host in enumerate(hosts):
        draw = random.Random(f"{request.seed}|{number}")
        guests = []
        for at, (kind, alter) in enumerate(KINDS.items(), 1):
            giver = (number + at) % len(hosts)
            start, text = given(hosts[giver], at, request.seed)
            guests.append((kind, giver, (start, start + len(text)), alter(text, draw.getrandbits(32))))
        text, places, spans = with_guests(host, [guest[3] for guest in guests], draw)
        items.append(Item(f"host/{number}", text, f"host/{number}"))
        own_places.append(places)
        planted.append(
            [
                GoldPassage(f"host/{number}", f"host/{giver}", span, source, kind)
                for (kind, giver, source, _), span in zip(guests, spans, strict=True)
            ]
        )
    passages = [moved(one, own_places[int(one.b.removeprefix("host/"))]) for several in planted for one in several]
    gold = [GoldPair(one.a, one.b, one.kind, "reuse") for one in passages]
    others = enumerate(islice(found, request.some(OTHERS, 0)))
    items += [Item(f"other/{at}", text, f"other/{at}") for at, text in others]
    yield LabelledSet("part_reuse", tuple(items), tuple(gold), tuple(passages))


def moved(passage: GoldPassage, places: dict[int, int]) -> GoldPassage:
    """The passage with its span in the giver as it stands once that one has taken in guests of its own."""
    start, stop = passage.span_b
    paragraph = max(at for at in places if at <= start)
    by = places[paragraph] - paragraph
    return GoldPassage(passage.a, passage.b, passage.span_a, (start + by, stop + by), passage.kind)


def whole_paragraphs(text: str) -> list[tuple[int, str]]:
    """Where paragraphs of a length worth taking begin, and their texts; not the last, which may be cut."""
    found = []
    start = 0
    for paragraph in text.split("\n\n")[:-1]:
        if len(prose.WORD.findall(paragraph)) in PASSAGE_WORDS:
            found.append((start, paragraph))
        start += len(paragraph) + 2
    return found


def given(text: str, number: int, seed: int) -> tuple[int, str]:
    """The paragraph that a document gives to the one so many before it: each time another."""
    own = whole_paragraphs(text)
    random.Random(f"{seed}|{len(text)}").shuffle(own)
    return own[number - 1]


def with_guests(
    host: str, guests: Sequence[str], draw: random.Random
) -> tuple[str, dict[int, int], list[tuple[int, int]]]:
    """The host with the guests between its paragraphs; where each of its paragraphs now begins, by where it began; the
    guests' spans."""
    paragraphs = host.split("\n\n")
    before = draw.sample(range(1, len(paragraphs)), len(guests))
    parts: list[str] = []
    places: dict[int, int] = {}
    spans: dict[int, tuple[int, int]] = {}
    start = began = 0
    for at, paragraph in enumerate(paragraphs):
        if at in before:
            guest = before.index(at)
            parts.append(guests[guest])
            spans[guest] = (start, start + len(guests[guest]))
            start += len(guests[guest]) + 2
        parts.append(paragraph)
        places[began] = start
        start += len(paragraph) + 2
        began += len(paragraph) + 2
    return "\n\n".join(parts), places, [spans[guest] for guest in range(len(guests))]


def excerpts(request: Request) -> Iterator[LabelledSet]:
    """Parts of documents as documents by themselves: verbatim ones merge, spun ones stand in a relation at least."""
    found = prose.documents("English", [HOST_WORDS], request.seed + 1, SEEN_SHARE_MAX)
    items: list[Item] = []
    gold: list[GoldPair] = []
    for number, text in enumerate(islice(found, request.some(SOURCES, SOURCES_QUICK))):
        draw = random.Random(f"{request.seed}|{number}")
        words = list(prose.WORD.finditer(text))
        size = draw.choice(EXCERPT_WORDS)
        first = draw.randrange(len(words) - size)
        part = text[words[first].start() : words[first + size - 1].end()]
        name = f"source/{number}"
        items.append(Item(name, text, name))
        if number % 2:
            items.append(Item(f"{name}/excerpt", part, name))
            gold.append(GoldPair(name, f"{name}/excerpt", "verbatim excerpt"))
        else:
            items.append(Item(f"{name}/excerpt", spinner.spun(part, SPUN_SHARE, number)[0], name))
            gold.append(GoldPair(name, f"{name}/excerpt", "excerpt spun at 20%", "reuse"))
    yield LabelledSet("excerpts", tuple(items), tuple(gold))
