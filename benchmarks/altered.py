"""Texts are altered in stated ways, by rules and a seed: light edits, replaced words, sentences."""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

from prose import WORD

StandIns = Mapping[str, Sequence[str]]
SENTENCE_END = re.compile(r"([.!?][\"'”’)\]]*)\s+(?=[\"'“‘(\[]*[A-Z])")
FUNCTION_WORDS = 100
BAND = 3
"""Words stand in for words of like frequency: those up to three times as far down the list as it begins."""


def lightly_edited(text: str, rate: float, draw: random.Random) -> str:
    """The text with that share of its words dropped, doubled, exchanged with the next one or given other letters."""
    words = list(WORD.finditer(text))
    pieces: list[str] = []
    done = 0
    at = 0
    while at < len(words):
        word = words[at]
        pieces.append(text[done : word.start()])
        done = word.end()
        kind = draw.randrange(4) if draw.random() < rate else None
        if kind is None:
            pieces.append(word[0])
        elif kind == 1:
            pieces.append(word[0] + (" " if word[0].isascii() else "") + word[0])
        elif kind == 2 and at + 1 < len(words):
            between = text[done : words[at + 1].start()]
            pieces.append(words[at + 1][0] + between + word[0])
            at += 1
            done = words[at].end()
        elif kind == 3:
            pieces.append(mistyped(word[0], draw))
        at += 1
    return "".join([*pieces, text[done:]])


def mistyped(word: str, draw: random.Random) -> str:
    """A word with two of its letters exchanged, or doubled where it has one."""
    if len(word) < 2:
        return word * 2
    at = draw.randrange(len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def reformatted(text: str, draw: random.Random) -> str:
    """The same words, wrapped otherwise, with other quotes and a capital here and there."""
    pieces = re.split(r"(\s+)", text.translate(str.maketrans({"“": '"', "”": '"', "’": "'", "–": "-"})))
    wrapped = ["\n" if piece == " " and draw.random() < 0.1 else piece for piece in pieces]
    return "".join(piece.upper() if piece.isalpha() and draw.random() < 0.02 else piece for piece in wrapped)


def stand_ins(texts: Sequence[str]) -> StandIns:
    """For every word of the texts but the `FUNCTION_WORDS` most frequent, words of like frequency and of the same
    script: what a crude spinner without a thesaurus puts in its place."""
    counts = Counter(word for text in texts for word in WORD.findall(text.lower()) if not any(map(str.isdigit, word)))
    counted = [word for word, _ in counts.most_common()]
    native = Counter(word.isascii() for word in counted[:FUNCTION_WORDS]).most_common(1)[0][0]
    found: dict[str, Sequence[str]] = {}
    start = FUNCTION_WORDS
    while start < len(counted):
        stop = min(len(counted), start * BAND)
        # a language in ASCII has words with other letters too; one in another script has foreign ones in ASCII
        band = [word for word in counted[start:stop] if native or not word.isascii()]
        found.update(dict.fromkeys(band, band))
        start = stop
    return found


def words_replaced(text: str, share: float, others: StandIns, draw: random.Random) -> str:
    """The text with that share of its words replaced, each word by the same other one wherever it stands."""
    words = list(WORD.finditer(text))
    keys = sorted({word[0].lower() for word in words} & others.keys())
    draw.shuffle(keys)
    by_key = Counter(word[0].lower() for word in words)
    chosen: dict[str, str] = {}
    count = 0
    for key in keys:
        if count >= share * len(words):
            break
        other = others[key][zlib.crc32(key.encode()) % len(others[key])]
        if other != key and count + by_key[key] <= share * len(words) + 2:
            chosen[key] = other
            count += by_key[key]

    def replaced(word: re.Match[str]) -> str:
        other = chosen.get(word[0].lower(), word[0])
        return other.capitalize() if word[0][0].isupper() and word[0].lower() in chosen else other

    return WORD.sub(replaced, text)


def sentences(text: str) -> list[str]:
    """The sentences of an English text, without the spaces between them."""
    parts = [*SENTENCE_END.split(text), ""]
    return [whole for part, end in zip(parts[::2], parts[1::2], strict=True) if (whole := (part + end).strip())]
