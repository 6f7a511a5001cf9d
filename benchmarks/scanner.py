"""A poor scan: a text becomes the same text with OCR-like errors in a share of its words.

1. Words are chosen by chance, those of a bad line (one line in `BAD_LINE_EVERY`) `BAD_LINE_FACTOR` times as often: real
   errors come in clusters.
2. A chosen word gets one error, a long one now and then two: letters read as those that look like them (`LOOKS_LIKE`,
   `rn` for `m`, `c` for `e`), a letter lost, a speck, the space beside it lost, or a space put in.

The same text, share and seed give the same result; two seeds give two independent damages of one text. Limits: lines
and columns stay in their order; English letters alone. The table is drawn up by hand from what is commonly known of
scanned newspapers, not counted from any of the sets that are measured.
"""

from __future__ import annotations

import random
import re
import zlib

WORD = re.compile(r"\S+")
BAD_LINE_EVERY, BAD_LINE_FACTOR = 5, 3
LINE_WORDS = 9
TWO_ERRORS_LETTERS, TWO_ERRORS_CHANCE = 7, 0.3
KINDS = {"letter": 72, "lost": 8, "speck": 7, "joined": 7, "parted": 6}
SPECKS = ".,'^*-_~|;:"
LOOKS_LIKE = {
    "a": "aous", "b": "hl6", "c": "eoeG", "d": "dlo", "e": "ccoao", "f": "ftr", "g": "gqy9", "h": "bbkn", "i": "l1tjr",
    "j": "ji;", "k": "lkh", "l": "i1tIl", "m": "mn", "n": "uuri", "o": "oaec0", "p": "pn", "q": "qg", "r": "rtvi",
    "s": "sa8z", "t": "tlfir", "u": "unaii", "v": "vry", "w": "wv", "x": "xr", "y": "yvj", "z": "zs",
    "A": "AR4", "B": "BRE8", "C": "COG", "D": "DOP", "E": "EFBK", "F": "FPE", "G": "GCO6", "H": "HIB", "I": "Il1T",
    "J": "JI", "K": "KR", "L": "LI", "M": "MN", "N": "NMX", "O": "O0CQ", "P": "PFI", "Q": "QO", "R": "RKB", "S": "S85",
    "T": "TIY", "U": "UV", "V": "VY", "W": "WV", "0": "O06", "1": "1lI", "2": "2Z", "3": "38", "5": "5S", "8": "83B",
}  # fmt: skip
RUNS = {
    "rn": "m", "m": "rn", "h": "li", "n": "ri", "u": "ii", "w": "vv", "d": "cl", "in": "m", "ri": "n", "li": "h",
    "cl": "d", "fi": "h", "nn": "mi", "ni": "m", "tt": "lt", "ll": "U", "ff": "fl", "M": "AI", "H": "II", "W": "VV",
}  # fmt: skip
"""Letters that are read as more or fewer of them."""


def scanned(text: str, share: float, seed: int) -> str:
    """The text with errors in about that share of its words."""
    draw = random.Random(f"{seed}|{zlib.crc32(text.encode())}")
    pieces: list[str] = []
    done = 0
    base = share * BAD_LINE_EVERY / (BAD_LINE_EVERY - 1 + BAD_LINE_FACTOR)
    chance = base
    for number, word in enumerate(WORD.finditer(text)):
        if number % LINE_WORDS == 0:
            chance = base * (BAD_LINE_FACTOR if draw.randrange(BAD_LINE_EVERY) == 0 else 1)
        between, piece = text[done : word.start()], word[0]
        done = word.end()
        if draw.random() < chance:
            kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
            if kind == "joined" and number:
                between = ""
            else:
                twice = len(piece) >= TWO_ERRORS_LETTERS and draw.random() < TWO_ERRORS_CHANCE
                piece = misread(misread(piece, kind, draw), "letter", draw) if twice else misread(piece, kind, draw)
        pieces += (between, piece)
    return "".join([*pieces, text[done:]])


def misread(word: str, kind: str, draw: random.Random) -> str:
    """The word with one error of a kind."""
    at = draw.randrange(len(word))
    if kind == "lost" and len(word) > 1:
        return word[:at] + word[at + 1 :]
    if kind == "speck":
        return word[:at] + draw.choice(SPECKS) + word[at:]
    if kind == "parted" and at:
        return f"{word[:at]} {word[at:]}"
    return _misread_letter(word, draw)


def _misread_letter(word: str, draw: random.Random) -> str:
    places = [(at, size) for at in range(len(word)) for size in (2, 1) if _readings(word[at : at + size])]
    if not places:
        return word + draw.choice(SPECKS)
    at, size = draw.choice(places)
    return word[:at] + draw.choice(_readings(word[at : at + size])) + word[at + size :]


def _readings(letters: str) -> list[str]:
    """What letters are read as, the likelier ones more than once."""
    run = RUNS.get(letters)
    return [*(one for one in LOOKS_LIKE.get(letters, "") if one != letters), *([run] if run else [])]
