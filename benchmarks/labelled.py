"""Labelled collections become sets to measure on: documents, the pairs that are copies, and those that must not be.

The collections are read from a folder that the user names (`../shared/data` by default) and never copied. Each reader
gives one or more sets; what a set needs of other documents comes from `prose`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path
from typing import Any, Literal

import prose

from dedup.config import Config

BACKGROUND_DOCUMENTS, BACKGROUND_QUICK = 10_000, 1_000
REVIEW_WORDS = (90, 120, 130, 150, 170, 190, 230, 300, 430)
"""Deciles of the lengths of the reviews, in words: the other documents are sized like them."""
WORDS_MIN = 100
CATCH_ALL_LICENCES = frozenset(
    "bsd-new proprietary-license other-permissive other-copyleft commercial-license public-domain "
    "public-domain-disclaimer us-govt-public-domain generic-cla generic-export-compliance generic-trademark "
    "unknown-license-reference unknown free-unknown warranty-disclaimer historical x11-keith-packard".split()
)

Expected = Literal["copy", "apart", "revision", "reuse", "nothing"]


@dataclass(frozen=True, slots=True)
class Item:
    """A document of a set. Two of one `group` are copies, or at least not wrongly merged."""

    id: str
    text: str
    group: str


@dataclass(frozen=True, slots=True)
class GoldPair:
    """Two documents and what they must be: a `copy` is merged, what is `apart` is not, a `revision` is never spun,
    `reuse` stands in any relation, between two that share `nothing` there is none."""

    a: str
    b: str
    kind: str
    expected: Expected = "copy"


@dataclass(frozen=True, slots=True)
class GoldPassage:
    """A passage that two documents share: its span in each, in characters."""

    a: str
    b: str
    span_a: tuple[int, int]
    span_b: tuple[int, int]
    kind: str


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """What is measured in one run of the program.

    check_all: whether every merged pair goes through the slow check, or only those that are no gold pairs.
    """

    name: str
    items: tuple[Item, ...]
    gold: tuple[GoldPair, ...]
    passages: tuple[GoldPassage, ...] = ()
    check_all: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What a builder of sets is told: where the collections are, whether a small set will do, the seed; and the model
    of the language that is asked, if any."""

    data: Path
    quick: bool
    seed: int
    language_model: str = ""

    @property
    def config(self) -> Config:
        return Config(language_model=self.language_model)

    @property
    def background(self) -> int:
        return BACKGROUND_QUICK if self.quick else BACKGROUND_DOCUMENTS

    def some(self, whole: int, quick: int) -> int:
        return quick if self.quick else whole


def records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def background(request: Request, lengths: Sequence[int] = REVIEW_WORDS) -> list[Item]:
    """Documents that are copies of nothing: prose and technical documentation of Debian packages."""
    texts = islice(prose.documents("English", lengths, request.seed), request.background)
    found = [Item(f"other/{number}", text, f"other/{number}") for number, text in enumerate(texts)]
    assert len(found) == request.background, f"only {len(found)} other documents"
    return found


def within_groups(items: Sequence[Item], kind: str) -> tuple[GoldPair, ...]:
    """All pairs within the groups."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for item in items:
        groups[item.group].append(item.id)
    return tuple(GoldPair(a, b, kind) for members in groups.values() for a, b in combinations(members, 2))


def word_substitution(request: Request) -> Iterator[LabelledSet]:
    """Reviews of 100 words and more and their altered copies among other documents, a set for each attack."""
    others = background(request)
    for attack in ("textfooler", "pwws", "bae"):
        rows = records(request.data / "word_substitution" / f"imdb_{attack}.jsonl")
        long_enough = [row for row in rows if len(row["original"].split()) >= WORDS_MIN]
        reviews: list[Item] = []
        gold: list[GoldPair] = []
        groups: dict[str, str] = {}
        for row in islice(long_enough, request.some(len(long_enough), 100)):
            names = [f"{row['id']}/{side}" for side in ("original", "spun")]
            group = groups.setdefault(row["original"], row["id"])  # some reviews come twice
            reviews += [Item(name, row[name.rpartition("/")[2]], group) for name in names]
            gold.append(GoldPair(*names, attack))
        yield LabelledSet(f"word_substitution/{attack}", (*reviews, *others), tuple(gold))


def ocr_neardup(request: Request) -> Iterator[LabelledSet]:
    """Newspaper stories as OCR, corrected and transcribed."""
    rows = list(islice(records(request.data / "ocr_neardup" / "dev.jsonl"), request.some(1 << 30, 200)))
    items = tuple(Item(row["id"], row["text"], row["cluster"]) for row in rows)
    version = {row["id"]: row["version"] for row in rows}
    gold = tuple(
        GoldPair(pair.a, pair.b, "-".join(sorted((version[pair.a], version[pair.b]))))
        for pair in within_groups(items, "")
    )
    yield LabelledSet("ocr_neardup", items, gold)


def clough_stevenson(request: Request) -> Iterator[LabelledSet]:
    """Students' answers beside their source, at four levels of reuse."""
    rows = list(records(request.data / "clough_stevenson" / "dev.jsonl"))
    source = {row["task"]: row["id"] for row in rows if row["label"] == "orig"}
    items = tuple(Item(row["id"], row["text"], row["id"] if row["label"] == "non" else row["task"]) for row in rows)
    gold = tuple(
        GoldPair(source[row["task"]], row["id"], row["label"], "apart" if row["label"] == "non" else "copy")
        for row in rows
        if row["label"] != "orig"
    )
    yield LabelledSet("clough_stevenson", items, gold)


def licence_texts(request: Request) -> Iterator[LabelledSet]:
    """Whole licence texts of 100 words and more; every merged pair is checked."""
    rows = [
        row
        for row in records(request.data / "licence_texts" / "dev.jsonl")
        if row["kind"] == "license_text" and row["words"] >= WORDS_MIN and row["cluster"] not in CATCH_ALL_LICENCES
    ]
    items = tuple(Item(row["id"], row["text"], row["cluster"]) for row in rows[:: request.some(1, 4)])
    yield LabelledSet("licence_texts", items, within_groups(items, "same licence"), check_all=True)


def character_noise(request: Request) -> Iterator[LabelledSet]:
    """News paragraphs with characters inserted, removed, substituted or swapped, one set for each; an original that
    comes several times stands once."""
    by_attack: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    for row in records(request.data / "character_noise" / "dev.jsonl"):
        by_attack[row["attack"].rpartition("_")[2]].setdefault(row["original"], []).append(row["corrupt"])
    for attack, rows in sorted(by_attack.items()):
        items: list[Item] = []
        gold: list[GoldPair] = []
        for number, (original, copies) in enumerate(islice(rows.items(), request.some(1 << 30, 100))):
            name = f"{attack}/{number}"
            items.append(Item(f"{name}/original", original, name))
            for at, text in enumerate(copies):
                items.append(Item(f"{name}/{at}", text, name))
                gold.append(GoldPair(f"{name}/original", f"{name}/{at}", attack))
        yield LabelledSet(f"character_noise/{attack}", tuple(items), tuple(gold))
