"""Bytes become text, repairs of its encoding, and tokens.

1. `decoded`: a byte-order mark decides; else UTF-8; else UTF-8 with a few broken bytes; else what
   charset-normalizer finds most plausible. Decoding keeps every character, a byte-order mark too, so that
   encoding gives the same bytes again.
2. `mojibake.repairs`: where the encoding is broken, the edits that mend it, and nothing else.
3. `tokens`: every code point has a class by its Unicode category. A word is a letter or digit and the letters,
   digits and marks that follow; an apostrophe between letters and invisible format characters (soft hyphen,
   zero-width joiner) stay inside. Everything else separates: spaces, dashes, punctuation, symbols. In scripts
   written without spaces (Han, Kana, Thai, Lao, Burmese, Khmer) every letter is a token. The matching form is the
   compatibility decomposition, case-folded (Unicode Standard, sections 3.13 and UAX #15), a code point at a time.
4. A token's hash is 64 bits: eight bytes of its UTF-8 a step, xor, multiply by an odd constant, shift and xor
   (the steps of MurmurHash3's 64-bit finaliser, A. Appleby), so tokens of up to eight bytes never collide with
   others of their length.

Spans are in characters of the original decoded text, also where a repair stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from dedup import mojibake
from dedup.edits import applied
from dedup.model import DedupError, Document, Edit, Locator, Raw, Tokens

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
BROKEN_SHARE_MAX = 0.02
"""Invalid bytes for every byte outside ASCII up to which a file is UTF-8 with damage, not another encoding."""
SNIFF_BYTES = 1 << 16
"""How much of a file charset-normalizer looks at; encodings do not change along a file often enough to pay more."""
CONTROL_SHARE_MAX = 0.02
"""Control characters (other than white space) for every character from which a file is not text."""


def document(raw: Raw) -> Document:
    """The document of what was read. Raises DedupError if it is empty or no text."""
    if not raw.data.strip():
        raise _empty(raw)
    if isinstance(raw.data, str):
        return Document(raw.id, raw.locator, raw.data, "json", 0, mojibake.repairs(raw.data), raw.source)
    try:
        text, codec, broken = decoded(raw.data)
    except ValueError as error:
        problem = f"is not text: it {error}"
        raise DedupError(raw.place or raw.locator.path, problem, "convert it to UTF-8 text, or leave it out") from error
    if not text.replace("\ufeff", "").strip():
        raise _empty(raw)
    return Document(raw.id, raw.locator, text, codec, broken, mojibake.repairs(text))


def _empty(raw: Raw) -> DedupError:
    return DedupError(raw.place or raw.locator.path, "is empty", "remove it, or put its text back")


def id_taken(name: str, place: str, first_place: str) -> DedupError:
    """The problem with a document at `place` whose id another one has already."""
    remedy = (
        "give one of them another id: of records, name a column of other ids with --id-column, or leave out their ids, "
        "so that file#row is one; of text files named one by one, scan a folder that holds them"
    )
    return DedupError(place, f"has the id {name!r}, which {first_place} has already", remedy)


def is_notable(document: Document) -> bool:
    """Whether a document was read otherwise than as sound UTF-8."""
    return bool(document.repairs or document.lossy_bytes) or document.decoding not in ("utf-8", "json")


def from_text(name: str, text: str) -> Document:
    """The document of a text that is at hand, under the id `name`."""
    return Document(name, Locator("", 0, 0), text, "json", 0, mojibake.repairs(text))


# --- bytes to text ---------------------------------------------------------------------------------------------


def decoded(data: bytes) -> tuple[str, str, int]:
    """The text of `data`, the codec it was read with, and how many of its bytes that codec could not read.

    Raises ValueError if the bytes are not text in any encoding that is plausible.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return _accepted(*_with_damage(data, codec))
    if b"\0" in data:
        raise ValueError("holds NUL bytes and no byte-order mark")
    try:
        return _accepted(data.decode("utf-8"), "utf-8", 0)
    except UnicodeDecodeError:
        pass
    text, codec, broken = _with_damage(data, "utf-8")
    if broken <= BROKEN_SHARE_MAX * sum(byte >= 0x80 for byte in data):
        return _accepted(text, codec, broken)
    from charset_normalizer import from_bytes

    matches = from_bytes(data[:SNIFF_BYTES])
    best = matches.best()
    if best is None:
        raise ValueError("is in no encoding that could be recognised")
    tied = [match for match in matches if (match.chaos, match.coherence) == (best.chaos, best.coherence)]
    plausible = {codec for match in tied for codec in match.could_be_from_charset}
    return _accepted(*_with_damage(data, "cp1252" if "cp1252" in plausible else best.encoding))  # the most used one


def _with_damage(data: bytes, codec: str) -> tuple[str, str, int]:
    """`data` decoded, each undecodable stretch as U+FFFD, and the number of undecodable bytes."""
    text = data.decode(codec, "replace")
    back = text.encode(codec, "replace" if codec not in ("utf-8",) else "strict")
    if back == data:
        return text, codec, 0
    kept = data.decode(codec, "ignore")
    return text, codec, max(1, len(data) - len(kept.encode(codec, "ignore")))


def _accepted(text: str, codec: str, broken: int) -> tuple[str, str, int]:
    head = text[:SNIFF_BYTES]
    controls = sum(character < " " and character not in "\t\n\v\f\r\x1b" for character in head)
    if controls > CONTROL_SHARE_MAX * len(head):
        raise ValueError("holds mostly control characters")
    return text, codec, broken


# --- tokens ----------------------------------------------------------------------------------------------------

_SOLO_RANGES = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Thai and Lao; Burmese; Khmer; Han and Kana with their extensions and half-width forms (Unicode block chart)."""
_APOSTROPHES = "'’"


@cache
def character_class(code: int) -> str:
    """The class of a code point: w word, s a word by itself, m mark, i invisible, ' apostrophe, space separator."""
    character = chr(code)
    category = unicodedata.category(character)
    if character in _APOSTROPHES:
        return "'"
    if category[0] == "M":
        return "m"
    if category[0] in "LN":
        return "s" if any(first <= code <= last for first, last in _SOLO_RANGES) else "w"
    return "i" if category == "Cf" else " "


@cache
def folded(code: int) -> str:
    """The matching form of a code point, which may be several characters, or none for an invisible one."""
    kind = character_class(code)
    if kind in " i":
        return ""
    if kind == "'":
        return "'"
    once = unicodedata.normalize("NFKD", chr(code)).casefold()
    twice = unicodedata.normalize("NFKD", once)
    return "".join(character for character in twice if character_class(ord(character)) in "wsm")


class _Classes(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = found = character_class(code)
        return found


class _Folds(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = found = folded(code)
        return found


_CLASSES, _FOLDS = _Classes(), _Folds()
_WORD = re.compile(r"w(?:[wmi]|'(?=w))*|s[mi]*")


def words(text: str) -> list[tuple[str, int, int]]:
    """(matching form, start, stop) of every token of `text`, in order; offsets in characters of `text`."""
    spans = map(re.Match.span, _WORD.finditer(text.translate(_CLASSES)))
    if not text.isascii():
        return [(text[start:stop].translate(_FOLDS), start, stop) for start, stop in spans]
    lower = text.lower()  # the folds of letters and digits that are ASCII
    return [(lower[start:stop], start, stop) for start, stop in spans]


def matching(phrase: str) -> str:
    """A phrase in matching form, words apart by one blank; what is in that form stays, whatever words it would make."""
    bare = phrase.replace(" ", "")
    if bare.strip("'") and bare.translate(_FOLDS) == bare and " ".join(phrase.split()) == phrase:
        return phrase
    return " ".join(word for word, _, _ in words(phrase))


def first_words(document: Document, most: int) -> list[str]:
    """The matching forms of the first tokens of a document with its repairs made."""
    text = applied(document.text, document.repairs)
    ends = [found.end() for found in islice(_WORD.finditer(text.translate(_CLASSES)), most)]
    return [form for form, _, _ in words(text[: ends[-1] if ends else 0])]


@cache
def _class_table() -> NDArray[np.uint8]:
    """The classes of code points that were met, 0 for the others."""
    return np.zeros(0x110000, np.uint8)


def count(document: Document) -> int:
    """How many tokens a document has, without taking it apart."""
    text = applied(document.text, document.repairs)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    table = _class_table()
    for code in np.unique(codes[table[codes] == 0]).tolist():
        table[code] = ord(character_class(code))
    classes = table[codes].tobytes()
    if b"m" in classes or b"i" in classes:
        return sum(1 for _ in _WORD.finditer(classes.decode()))
    for _ in range(2):  # in `o'clock'n'roll` every second apostrophe has lost its neighbour to the first
        classes = classes.replace(b"w'w", b"www")
    within = np.frombuffer(b" " + classes, np.uint8) == ord("w")
    return int(np.count_nonzero(within[1:] & ~within[:-1])) + classes.count(b"s")


_MASK = (1 << 64) - 1


@cache
def token_hash(word: str) -> int:
    """The 64-bit hash of a matching form (see the module's docstring, step 4)."""
    data = word.encode("utf-8", "surrogatepass")
    value = 0x9E3779B97F4A7C15 ^ len(data)
    for at in range(0, len(data), 8):
        value = ((value ^ int.from_bytes(data[at : at + 8], "little")) * 0xFF51AFD7ED558CCD) & _MASK
        value ^= value >> 32
    value = (value * 0xC4CEB9FE1A85EC53) & _MASK
    return value ^ (value >> 29)


def tokens(document: Document) -> Tokens:
    """The tokens of a document with its repairs made; spans point into the original text."""
    found = words(applied(document.text, document.repairs))
    forms, starts, stops = zip(*found, strict=True) if found else ((), (), ())
    spans = np.array((starts, stops), np.int64).T.copy()
    if document.repairs:
        spans = _unrepaired(spans, document.repairs)
    return Tokens(forms, np.array(list(map(token_hash, forms)), np.uint64), spans)


def _unrepaired(spans: NDArray[np.int64], edits: Sequence[Edit]) -> NDArray[np.int64]:
    """Spans in the repaired text as spans in the original; one that cuts into a repair takes the whole of it."""
    befores = np.array([edit.span for edit in edits], np.int64)
    lengths = np.array([len(edit.after) for edit in edits], np.int64)
    shifts = np.cumsum(lengths - (befores[:, 1] - befores[:, 0]))
    after_stops = befores[:, 1] + shifts
    after_starts = after_stops - lengths
    shifts = np.concatenate(([0], shifts))

    def original(points: NDArray[np.int64], side: int) -> NDArray[np.int64]:
        done = np.searchsorted(after_stops, points, side="right")
        cut = np.minimum(done, len(edits) - 1)
        within = (done < len(edits)) & ((after_starts[cut] < points) if side else (after_starts[cut] <= points))
        found: NDArray[np.int64] = np.where(within, befores[cut, side], points - shifts[done])
        return found

    return np.stack((original(spans[:, 0], 0), original(spans[:, 1], 1)), axis=1)


def plain(text: str) -> str:
    """`text` with case, white space and Unicode form normalised away: equal for `exact` copies."""
    folded_text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded_text.replace("\ufeff", "").split())


_SOFT = frozenset(" \t\r\n\v\f\u00a0\ufeff.,;:!?¡¿…·•'\"()[]{}«»‹›‘’‚‛“”„‟‐‑‒–—―-_")
"""What a copy may have otherwise without saying anything else: spaces, stops, quotes, brackets, dashes."""
_MINUS = re.compile(r"(?<!\w)[-−–](?=\d)")


def symbols(text: str) -> str:
    """The characters of a text that are neither words nor soft punctuation: operators, signs, currency, emoji."""
    signed = _MINUS.sub("−", text)
    return "".join(
        character for character in signed if character not in _SOFT and character_class(ord(character)) == " "
    )
