"""Where a text is cut, repeated, mixed or surrounded by what does not belong to it.

1. Truncation: it begins in the middle of a sentence, or ends in the middle of one or of a word, though its other
   paragraphs do not; a bracket or a quotation that is opened and never closed in its paragraph.
2. Repetition: a line or sentence that stands there before; a word set twice.
3. Page furniture: share buttons, comment forms, cookie notices, navigation, page numbers; tags left in.
4. Filler: placeholder Latin, encoded data, a text that shrinks to almost nothing.
5. Mixture: a paragraph in another script or language than most of the text.
6. No prose: tables, lists of figures, code.

Score: the probability that one of the findings is damage. A rule whose findings are many shares one probability among
them, by how much of the text they make up: a refrain is not damage, a text that is half repetition is. Rules on
sentences and furniture know English, and the seven languages of `_STOPS` can be told apart. Linear in length.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import islice
from operator import eq

from dedup.damage.findings import NOTHING, Detection, Finding, detection, pieces, shown, vocabulary
from dedup.model import Span

SENTENCES_MIN = 3
"""Finished sentences from which a text is held to finish its last."""
PARAGRAPH_WORDS_MIN = 8
"""Words from which a paragraph is expected to end with a stop."""
FINISHED_SHARE_MIN = 0.7
"""Share of such paragraphs that must end with a stop for the last one to be expected to."""
REPEATED_CHARACTERS_MIN = 30
"""Characters of a sentence or line from which its repetition counts; shorter ones are stock phrases."""
SQUEEZED_SHARE = 0.12
"""Compressed size by size below which a text is one thing over and over; prose is at 0.4 and above."""
DISTINCT_SHARE = 0.12
"""Distinct words by words below which a text is worth compressing; prose of 10,000 words is at 0.2."""
SAMPLE_CHARACTERS = 1 << 14
PROSE_CHARACTERS = 4000
"""How much of a text, from its middle, is looked at for its share of letters."""
LETTER_SHARE_MIN = 0.6
"""Share of letters among what is not white space below which a text is no prose; about 0.95 in prose."""
PARAGRAPH_LETTERS_MIN = 60
"""Letters of a paragraph from which its language is asked for."""

Place = tuple[Span, str, str]
"""A span, a cause and an explanation."""


def detect(text: str) -> Detection:
    """The findings in a text, and the probability that one of them is damage."""
    if not text or text.isspace():
        return NOTHING
    paragraphs = _paragraphs(text)
    found: list[Finding] = []
    for places, confidence in (
        _truncation(text, paragraphs),
        _unclosed(text, paragraphs),
        _repeated(text),
        _furniture(text),
        _tags(text),
        _filler(text),
        _mixture(text, paragraphs),
        _no_prose(text),
    ):
        each = 1.0 - (1.0 - confidence) ** (1.0 / max(1, len(places)))
        found += [Finding("structure", span, shown(text, span), cause, why, each) for span, cause, why in places]
    return detection(found)


_BREAK = re.compile(r"\n[ \t\r]*\n\s*")


def _paragraphs(text: str) -> list[Span]:
    """The spans between empty lines; of a text without any, its lines."""
    breaks = [match.span() for match in _BREAK.finditer(text)]
    if not breaks:
        breaks = [match.span() for match in re.finditer(r"\n\s*", text)]
    starts = [0, *(stop for _, stop in breaks)]
    stops = [*(start for start, _ in breaks), len(text)]
    return [(start, stop) for start, stop in zip(starts, stops, strict=True) if stop > start]


# --- 1: truncation -----------------------------------------------------------------------------------------------

_STOP = re.compile(r"[.!?…。！？:;\"'”’»)\]*]\s*\Z")
_SENTENCE_END = re.compile(r"[.!?]['\"”’)]?\s")
_LEADS_ON = frozenset(
    "the a an of and or but to in on at by for with from that which who as than into is are was were has have had be "
    "will would can could should may might must not his her their its our your my this these those if because".split()
)
"""Words that no sentence ends with."""
_LAST_WORD = re.compile(r"(?<![\w'’-])([a-z]{3,20})\s*\Z")


def _truncation(text: str, paragraphs: Sequence[Span]) -> tuple[list[Place], float]:
    """The cut ends of a text whose other paragraphs are whole."""
    head = text[:SAMPLE_CHARACTERS]
    if len(_SENTENCE_END.findall(head)) < SENTENCES_MIN:
        return [], 0.0
    long = [span for span in paragraphs[:200] if text.count(" ", *span) >= PARAGRAPH_WORDS_MIN - 1]
    whole = [span for span in long if _STOP.search(text, max(span[0], span[1] - 8), span[1])]
    found: list[Place] = []
    confidence = 0.0
    tail = paragraphs[-1]
    others = len(long) - (tail in long) or 1
    finished = len([span for span in whole if span != tail]) / others if len(long) > 1 else 1.0
    ends_whole = _STOP.search(text, max(tail[0], tail[1] - 8), tail[1])
    if not ends_whole and finished >= FINISHED_SHARE_MIN and text.count(" ", *tail) >= PARAGRAPH_WORDS_MIN - 1:
        word = _LAST_WORD.search(text, max(tail[0], tail[1] - 24), tail[1])
        cut = word is not None and _is_cut(word.group(1))
        open_end = text[tail[0] : tail[1]].rstrip().endswith(",") or (word is not None and word.group(1) in _LEADS_ON)
        start = word.start(1) if word else max(tail[0], tail[1] - 20)
        what = "a word" if cut else "a sentence"
        found.append(((start, tail[1]), "truncated", f"the text ends in the middle of {what}"))
        confidence = 0.8 if cut else 0.65 if open_end else 0.35
    first = text.lstrip()[:1]
    if first.islower() and len(long) > 2 and _begins_small(text, long) <= 0.2:
        start = len(text) - len(text.lstrip())
        found.append(((start, min(len(text), start + 20)), "truncated", "the text begins in the middle of a sentence"))
        confidence = max(confidence, 0.35)
    return found, confidence


def _begins_small(text: str, paragraphs: Sequence[Span]) -> float:
    return sum(text[start].islower() for start, _ in paragraphs[1:]) / max(1, len(paragraphs) - 1)


def _is_cut(word: str) -> bool:
    """Whether a string is no English word, and the beginning of one."""
    from dedup.damage import lexicon

    return lexicon.zipf(word) < 2.0 and lexicon.begins_word(word)


_BRACKETS = re.compile(r"[()\[\]“”\n]")
_CLOSERS = {")": "(", "]": "[", "”": "“"}
UNCLOSED_CONFIDENCE = 0.15


def _unclosed(text: str, paragraphs: Sequence[Span]) -> tuple[list[Place], float]:
    """Brackets and quotations that are opened and not closed in their paragraph."""
    found: list[Place] = []
    for start, stop in paragraphs:
        stack: list[tuple[str, int]] = []
        for sign in _BRACKETS.finditer(text, start, stop):
            character = sign.group()
            if character in "([“":
                stack.append((character, sign.start()))
            elif character != "\n" and stack and stack[-1][0] == _CLOSERS[character]:
                stack.pop()
        found += [
            ((at, at + 1), "unclosed", f"{character} is opened and not closed in its paragraph")
            for character, at in stack
            if character != "“" or stop == len(text)  # a speech of several paragraphs closes once
        ]
    return found, UNCLOSED_CONFIDENCE if found else 0.0


# --- 2: repetition -----------------------------------------------------------------------------------------------

_UNITS = re.compile(rf"[^\n.!?]{{{REPEATED_CHARACTERS_MIN},2000}}[.!?\n]?")
_TWICE = re.compile(r"\b([a-z]{2,15}) \1\b(?! [a-z]+ \1\b)")
_MAY_STAND_TWICE = frozenset(
    "that had very so no bye ha he now well there never more many again on in is her you".split()
)


def _repeated(text: str) -> tuple[list[Place], float]:
    """Sentences and lines that stood before, and words set twice; how sure by the share of the text they make up."""
    first: dict[str, int] = {}
    found: list[Place] = []
    repeated = 0
    long = [part for part in text.replace("\n", ". ").split(". ") if len(part) >= REPEATED_CHARACTERS_MIN]
    for unit in _UNITS.finditer(text) if len(set(map(str.strip, long))) < len(long) else ():
        body = " ".join(unit.group().split())
        if len(body) < REPEATED_CHARACTERS_MIN or not any(map(str.isalpha, body[:40])):
            continue
        before = first.setdefault(body, unit.start())
        if before != unit.start():
            repeated += len(unit.group())
            found.append((unit.span(), "repeated", f"the same stands at character {before}"))
    share = repeated / len(text)
    words = pieces(text)
    if any(map(eq, words, islice(words, 1, None))):
        for twice in _TWICE.finditer(text):
            if twice.group(1) not in _MAY_STAND_TWICE:
                found.append((twice.span(), "word twice", f"{twice.group(1)!r} is set twice"))
    return found, min(0.95, 0.1 * bool(found) + 1.5 * share)


# --- 3: furniture ------------------------------------------------------------------------------------------------

_FURNITURE = (
    "share on facebook", "share on twitter", "share this", "tweet this", "pin it", "email this article",
    "print this page", "leave a reply", "leave a comment", "post a comment", "your email address will not be published",
    "required fields are marked", "save my name, email", "notify me of new", "this site uses cookies", "we use cookies",
    "uses cookies to", "accept all cookies", "cookie policy", "cookie settings", "privacy policy", "terms of service",
    "terms of use", "subscribe to our newsletter", "sign up for our", "subscribe now", "skip to content",
    "skip to main content", "skip to navigation", "related articles", "related posts", "you may also like",
    "recommended for you", "read more:", "read also:", "click here to", "follow us on", "like us on facebook",
    "powered by wordpress", "all rights reserved", "back to top", "enable javascript", "javascript is disabled",
    "add to cart", "log in to", "sign in to", "advertisement\n", "loading...", "no comments yet", "view all comments",
    "previous article", "next article", "facebook twitter", "whatsapp", "this entry was posted in", "filed under:",
    "permalink", "trackback", "reply to this", "report abuse", "copy link",
)  # fmt: skip
_PAGE_NUMBER = re.compile(
    r"\n[ \t]{0,40}(?:-\s?\d{1,4}\s?-|[Pp]age \d{1,4}(?: of \d{1,4})?|\d{1,4} \| [Pp]age)[ \t]{0,40}(?=\n|\Z)"
)
FURNITURE_EACH = 0.22
"""How much surer each distinct piece of furniture makes: three of them are a page, one may be quoted."""


@cache
def _keys() -> dict[str, tuple[str, ...]]:
    """The first word of each phrase that says most, as it may stand between spaces."""
    keys: dict[str, tuple[str, ...]] = {}
    for phrase in _FURNITURE:
        words = phrase.split()
        key = max(words[:-1] or words, key=len)
        keys[phrase] = (key, key.capitalize(), key.upper(), f"({key}", f"[{key}", f"[{key.capitalize()}")
    return keys


def _furniture(text: str) -> tuple[list[Place], float]:
    """What surrounds a text on a page."""
    words = vocabulary(text)
    wanted = [phrase for phrase in _FURNITURE if any(word in words for word in _keys()[phrase])]
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
    numbers = [((match.start(), match.end()), "page number", "a page number among the text")
               for match in _PAGE_NUMBER.finditer(text)]  # fmt: skip
    distinct += len(numbers) > 1
    return [*found, *numbers], 1.0 - (1.0 - FURNITURE_EACH) ** distinct


_SMALL = {code: code + 32 for code in range(65, 91)}
"""ASCII capitals to small letters: other letters may change their length."""
_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|em|strong|img|table|tr|td|ul|li|h[1-6]|script|style|font)(?: [^<>]{0,300})?/?>"
)


def _tags(text: str) -> tuple[list[Place], float]:
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


def _filler(text: str) -> tuple[list[Place], float]:
    """Text that nobody wrote to be read."""
    latin = _LOREM.finditer(text) if "dolor" in text or "elit" in text or "eiusmod" in text else ()
    found = [(match.span(), "filler", "placeholder Latin") for match in latin]
    confidence = 0.8 if found else 0.0
    for opening, blank in _PLACEHOLDERS:
        for match in blank.finditer(text) if opening in text else ():
            found.append((match.span(), "placeholder", "a blank of a template that was never filled in"))
            confidence = max(confidence, 0.3)
    longest = max(map(len, vocabulary(text)))
    for match in _ENCODED.finditer(text) if longest >= ENCODED_CHARACTERS_MIN else ():
        if not match.group().isalpha() or len(set(match.group())) > 20:
            found.append((match.span(), "encoded", "data in letters, not words"))
            confidence = max(confidence, 0.4)
    sample = text[:SAMPLE_CHARACTERS].encode("utf-8", "replace")
    may_repeat = len(vocabulary(text)) < DISTINCT_SHARE * len(pieces(text)) or longest >= ENCODED_CHARACTERS_MIN
    if may_repeat and len(sample) > 1000 and len(zlib.compress(sample, 1)) < SQUEEZED_SHARE * len(sample):
        found.append(((0, len(text)), "filler", "the text says the same over and over"))
        confidence = 0.8
    return found, confidence


_STOPS = {
    "English": "the and of to was for that with this from have are not you which".split(),
    "German": "der die und das nicht ist ein eine mit den von sich auch auf dem".split(),
    "French": "les des est une dans que qui pour pas sur avec sont cette aux du".split(),
    "Spanish": "los las una por con para como pero sus este entre cuando muy el del".split(),
    "Italian": "che di il per non una sono della con anche gli nel più questo dei".split(),
    "Portuguese": "não uma os com para como mais dos foi pelo seu são das ao em".split(),
    "Dutch": "het een van niet dat zijn voor met maar ook door naar aan bij hij".split(),
}
_LANGUAGE: dict[str, str] = {word: name for name, words in _STOPS.items() for word in words}
_SCRIPT_RANGES = (
    ("Cyrillic", re.compile("[\u0400-\u04ff]")), ("Greek", re.compile("[\u0370-\u03ff]")),
    ("Hebrew", re.compile("[\u0590-\u05ff]")), ("Arabic", re.compile("[\u0600-\u06ff]")),
    ("Devanagari", re.compile("[\u0900-\u097f]")), ("Thai", re.compile("[\u0e00-\u0e7f]")),
    ("Korean", re.compile("[\uac00-\ud7a3]")), ("Japanese", re.compile("[\u3040-\u30ff]")),
    ("Chinese", re.compile("[\u4e00-\u9fff]")),
)  # fmt: skip
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
    words = part.lower().split()
    counts = Counter(_LANGUAGE[word] for word in words if word in _LANGUAGE).most_common(2)
    if not counts or counts[0][1] < 3 or (len(counts) > 1 and counts[1][1] * 2 > counts[0][1]):
        return None
    return counts[0][0]


def _mixture(text: str, paragraphs: Sequence[Span]) -> tuple[list[Place], float]:
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


def _no_prose(text: str) -> tuple[list[Place], float]:
    """A text with few letters in it."""
    middle = max(0, len(text) - PROSE_CHARACTERS) // 2
    sample = text[middle : middle + PROSE_CHARACTERS]
    solid = len(sample) - sum(map(sample.count, " \n\t\r"))
    share = 1.0 - len(_NOT_LETTER.findall(sample)) / max(1, solid)
    if solid < 100 or share >= LETTER_SHARE_MIN:
        return [], 0.0
    return [
        ((0, len(text)), "no prose", f"only {share:.0%} of the characters are letters: a table, a list or code")
    ], 0.6
