"""What a page leaves in a text, and text that is no prose: places, and how sure it is that they are damage.

1. Page furniture: share buttons, comment forms, cookie notices, navigation, page numbers; tags left in.
2. Filler: placeholder Latin, encoded data, a text that shrinks to almost nothing.
3. Mixture: a paragraph in another script or language than most of the text.
4. No prose: tables, lists of figures, code.

Furniture is English; seven languages and nine scripts are told apart. Linear in length.
"""

from __future__ import annotations

import re
import string
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from dedup.damage import strings
from dedup.damage.batch import Text
from dedup.damage.furniture import LANGUAGE_OF_STOPS, PHRASES, phrases_by_word
from dedup.damage.listed import FURNITURE, LATIN, STOP
from dedup.kernels.hints import NUMBERED, SCRIPT
from dedup.model import Span

PARAGRAPH_LETTERS_MIN = 60
"""Letters of a paragraph from which its language is asked for."""
LETTER_SHARE_MIN = 0.6
"""Share of letters among what is not white space below which a text is no prose; about 0.95 in prose."""
PROSE_CHARACTERS = 4000
"""How much of a text, from its middle, is looked at for its share of letters."""
DISTINCT_SHARE = 0.12
"""Distinct words by words below which a text is worth compressing; prose of 10,000 words is at 0.2."""
SQUEEZED_SHARE = 0.12
"""Compressed size by size below which a text is one thing over and over; prose is at 0.4 and above."""
SAMPLE_CHARACTERS = 1 << 14

Place = tuple[Span, str, str]
"""A span, a cause and an explanation."""


# --- 3: furniture ------------------------------------------------------------------------------------------------

_ORDER = {phrase: at for at, phrase in enumerate(PHRASES)}
_PAGE_NUMBER = re.compile(
    r"\n[ \t]{0,40}(?:-\s?\d{1,4}\s?-|[Pp]age \d{1,4}(?: of \d{1,4})?|\d{1,4} \| [Pp]age)[ \t]{0,40}(?=\n|\Z)"
)
FURNITURE_EACH = 0.22
"""How much surer each distinct piece of furniture makes: three of them are a page, one may be quoted."""


def furniture(one: Text) -> tuple[list[Place], float]:
    """What surrounds a text on a page."""
    text = one.text
    keys = strings.known().of_furniture(one.numbers) if one.tally.marks[FURNITURE] else ()
    met = {phrase for key in keys for phrase in phrases_by_word()[key]}
    # Phrases are ASCII, and seldom there: bytes tell sooner. Of other letters only the Kelvin sign is small in ASCII.
    plain = text.replace("\u212a", "k").encode("utf-8", "replace").lower() if met else b""
    wanted = sorted((phrase for phrase in met if phrase.encode() in plain), key=_ORDER.__getitem__)
    small = text.lower() if wanted else ""
    if len(small) != len(text) and wanted:
        small = text.translate(_SMALL)
    found: list[Place] = []
    distinct = 0
    for phrase in wanted:
        at = small.find(phrase)
        distinct += at >= 0
        while at >= 0:
            found.append(((at, at + len(phrase)), "furniture", f"page furniture: {phrase.strip()!r}"))
            at = small.find(phrase, at + len(phrase))
    numbers = [
        ((match.start(), match.end()), "page number", "a page number among the text")
        for match in (_PAGE_NUMBER.finditer(text) if one.hints & NUMBERED else ())
    ]
    distinct += len(numbers) > 1
    return [*found, *numbers], 1.0 - (1.0 - FURNITURE_EACH) ** distinct


_SMALL = {code: code + 32 for code in range(65, 91)}
"""ASCII capitals to small letters: other letters may change their length."""
_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|em|strong|img|table|tr|td|ul|li|h[1-6]|script|style|font)(?: [^<>]{0,300})?/?>"
)


def tags(text: str) -> tuple[list[Place], float]:
    """HTML tags left in."""
    if "<" not in text:
        return [], 0.0
    found = [(match.span(), "tag", f"an HTML tag left in: {match.group()[:30]}") for match in _TAG.finditer(text)]
    share = sum(stop - start for (start, stop), _, _ in found) / len(text)
    return found, min(0.9, 0.1 + 4.0 * share) if found else 0.0


# --- 4 to 6: filler, mixture, no prose ---------------------------------------------------------------------------

_LOREM = re.compile(r"[Ll]orem ipsum dolor sit amet|consectetur adipisc?ing elit|sed do eiusmod tempor")
_PLACEHOLDERS = (
    ("[", re.compile(r"\[(?:insert|your|add|enter|company|placeholder)\b[^\]\n]{0,60}\]", re.IGNORECASE)),
    ("{{", re.compile(r"\{\{[^{}\n]{1,60}\}\}")),
)
ENCODED_CHARACTERS_MIN = 60
"""Letters and digits without a space from which they may be data."""
_ENCODED = re.compile(r"(?:[A-Za-z0-9+/]{60,100}\n?){2,}={0,2}|[A-Fa-f0-9]{128,}")


def filler(one: Text) -> tuple[list[Place], float]:
    """Text that nobody wrote to be read."""
    text, tally = one.text, one.tally
    latin = _LOREM.finditer(text) if tally.marks[LATIN] else ()
    found = [(match.span(), "filler", "placeholder Latin") for match in latin]
    confidence = 0.8 if found else 0.0
    for opening, blank in _PLACEHOLDERS:
        for span in _blanks(text, opening, blank) if opening in text else ():
            found.append((span, "placeholder", "a blank of a template that was never filled in"))
            confidence = max(confidence, 0.3)
    for match in _ENCODED.finditer(text) if tally.longest >= ENCODED_CHARACTERS_MIN else ():
        if not match.group().isalpha() or len(set(match.group())) > 20:
            found.append((match.span(), "encoded", "data in letters, not words"))
            confidence = max(confidence, 0.4)
    may_repeat = tally.distinct < DISTINCT_SHARE * tally.count or tally.longest >= ENCODED_CHARACTERS_MIN
    sample = text[:SAMPLE_CHARACTERS].encode("utf-8", "replace") if may_repeat else b""
    if len(sample) > 1000 and len(zlib.compress(sample, 1)) < SQUEEZED_SHARE * len(sample):
        found.append(((0, len(text)), "filler", "the text says the same over and over"))
        confidence = 0.8
    return found, confidence


def _blanks(text: str, opening: str, blank: re.Pattern[str]) -> Iterator[Span]:
    """The spans of an expression that begins with a sign: where that stands it is asked, not character by character."""
    at = text.find(opening)
    while at >= 0:
        match = blank.match(text, at)
        if match:
            yield match.span()
        at = text.find(opening, match.end() if match else at + 1)


_SCRIPT_RANGES = (
    ("Cyrillic", re.compile("[\u0400-\u04ff]")), ("Greek", re.compile("[\u0370-\u03ff]")),
    ("Hebrew", re.compile("[\u0590-\u05ff]")), ("Arabic", re.compile("[\u0600-\u06ff]")),
    ("Devanagari", re.compile("[\u0900-\u097f]")), ("Thai", re.compile("[\u0e00-\u0e7f]")),
    ("Korean", re.compile("[\uac00-\ud7a3]")), ("Japanese", re.compile("[\u3040-\u30ff]")),
    ("Chinese", re.compile("[\u4e00-\u9fff]")),
)  # fmt: skip
_ANY_SCRIPT = re.compile(f"[{''.join(letters.pattern[1:-1] for _, letters in _SCRIPT_RANGES)}]")
PARAGRAPHS_MAX = 60
"""Paragraphs of a text whose language is asked for, evenly spread."""
PARAGRAPH_CHARACTERS = 250
"""How much of a paragraph is looked at for its language."""


def _language(text: str, span: Span) -> str | None:
    """The language or script of a paragraph, if it is long enough to tell."""
    start, stop = span[0], min(span[1], span[0] + PARAGRAPH_CHARACTERS)
    if stop - start < PARAGRAPH_LETTERS_MIN:
        return None
    part = text[start:stop]
    if not part.isascii():
        for name, letters in _SCRIPT_RANGES:
            if len(letters.findall(part)) > 0.4 * len(part):
                return name
    found = list(filter(None, map(LANGUAGE_OF_STOPS.get, part.lower().split())))
    if not found:
        return None
    if found.count(found[0]) == len(found):
        return found[0] if len(found) >= 3 else None
    counts = Counter(found).most_common(2)
    if not counts or counts[0][1] < 3 or (len(counts) > 1 and counts[1][1] * 2 > counts[0][1]):
        return None
    return counts[0][0]


def may_be_mixed(one: Text) -> bool:
    """Whether a paragraph can be in anything but English: that takes three words of another language, of which what is
    looked at may cut short the last, or letters of another script."""
    if one.tally.marks[STOP] >= 2:
        return True
    return bool(one.hints & SCRIPT) and not one.text.isascii() and bool(_ANY_SCRIPT.search(one.text))


def mixture(text: str, paragraphs: Sequence[Span]) -> tuple[list[Place], float]:
    """Paragraphs in another language than most of the text."""
    known = [
        (span, name) for span in paragraphs[:: 1 + len(paragraphs) // PARAGRAPHS_MAX] if (name := _language(text, span))
    ]
    if len(known) < 2:
        return [], 0.0
    main = Counter(name for _, name in known).most_common(1)[0][0]
    found = [(span, "language", f"a paragraph in {name}, in a text in {main}") for span, name in known if name != main]
    return found, 0.3 if found else 0.0


_NOT_LETTER = re.compile(r"[^\w\s]|[\d_]")
_BEYOND = re.compile("[^\x00-\x7f]+")
_ASCII_SPACES = " \n\t\r\v\f"
_ASCII_LETTERS = (string.ascii_letters + _ASCII_SPACES).encode()
_NO_SIGNS = _ASCII_LETTERS + bytes((*range(28, 32), *range(128, 256)))
"""Letters, white space, and bytes of what is outside ASCII."""


def no_prose(text: str) -> tuple[list[Place], float]:
    """A text with few letters in it."""
    middle = max(0, len(text) - PROSE_CHARACTERS) // 2
    sample = text[middle : middle + PROSE_CHARACTERS]
    if sample.isascii():
        solid_bytes = sample.encode().translate(None, _ASCII_SPACES.encode())
        solid, odd = len(solid_bytes), len(solid_bytes.translate(None, _ASCII_LETTERS))
    else:
        solid = len(sample) - sum(map(sample.count, " \n\t\r"))
        odd = len(sample.encode("utf-8", "ignore").translate(None, _NO_SIGNS))
        odd += len(_NOT_LETTER.findall("".join(_BEYOND.findall(sample))))
    share = 1.0 - odd / max(1, solid)
    if solid < 100 or share >= LETTER_SHARE_MIN:
        return [], 0.0
    return [
        ((0, len(text)), "no prose", f"only {share:.0%} of the characters are letters: a table, a list or code")
    ], 0.6
