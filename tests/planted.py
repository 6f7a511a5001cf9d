"""A corpus for the index: texts of made-up words, and among them every kind of copy, in no order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random

from strategies import article, noised, spun

VOCABULARY = 12_000


def words(chance: Random, size: int) -> list[str]:
    """Words whose frequencies fall as those of a language do."""
    return [f"w{int(VOCABULARY ** chance.random()):x}q" for _ in range(size)]


def corpus(documents: int, seed: int = 1) -> dict[str, str]:
    """Texts by id, of each seven one a copy: edited, cut, the same words in capitals, or with a passage of another."""
    chance = Random(seed)
    texts: list[str] = []
    for number in range(documents):
        if number % 7 or number < 20:
            texts.append(" ".join(words(chance, chance.randint(80, 240))))
            continue
        own = texts[chance.randrange(max(0, number - 400), number)].split()
        kind = number // 7 % 4
        if kind == 0:
            for _ in range(max(1, len(own) // 40)):
                own[chance.randrange(len(own))] = words(chance, 1)[0]
        elif kind == 1:
            own = own[: len(own) * 3 // 5]
        elif kind == 2:
            own = [word.upper() for word in own]
        else:
            own = words(chance, 60) + own[10:70] + words(chance, 60)
        texts.append(" ".join(own))
    for one in range(6):
        texts += [article(one, 12), spun(article(one, 12), one), noised(article(one, 12), one, 0.2)]
    chance.shuffle(texts)
    return {f"d{number:05}": text for number, text in enumerate(texts)}


def jsonl(path: Path, texts: Mapping[str, str]) -> Path:
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in texts.items()))
    return path
