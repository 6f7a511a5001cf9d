"""Corpora with planted copies, made from texts that install with Debian packages (see `prose`): sets to measure on."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

import prose
import spinner
from labelled import GoldPair, Item, LabelledSet, Request

SPUN_SHARES = (0.1, 0.2, 0.3, 0.4)
SPUN_LENGTHS = (100, 150, 200, 300, 500)
ORIGINALS_OF_A_KIND, ORIGINALS_QUICK = 200, 20


def spun_copies(request: Request) -> Iterator[LabelledSet]:
    """Originals of five lengths, each with one spun copy, by four shares of replaced words, among other documents."""
    wanted = request.some(ORIGINALS_OF_A_KIND, ORIGINALS_QUICK) * len(SPUN_SHARES)
    originals: defaultdict[int, list[str]] = defaultdict(list)
    others: list[str] = []
    for text in prose.documents("English", SPUN_LENGTHS, request.seed):
        length = len(prose.WORD.findall(text))
        if len(originals[length]) < wanted:
            originals[length].append(text)
        elif len(others) < request.background:
            others.append(text)
        else:
            break
    items = [Item(f"other/{number}", text, f"other/{number}") for number, text in enumerate(others)]
    gold = []
    for length in SPUN_LENGTHS:
        for number, text in enumerate(originals[length]):
            share = SPUN_SHARES[number % len(SPUN_SHARES)]
            name = f"{length}/{number}"
            copy, _ = spinner.spun(text, share, random.Random(f"{request.seed}|{name}").getrandbits(32))
            items += [Item(f"{name}/original", text, name), Item(f"{name}/spun", copy, name)]
            gold.append(GoldPair(f"{name}/original", f"{name}/spun", f"{share:.0%}, {length} words"))
    yield LabelledSet("spinner", tuple(items), tuple(gold))
