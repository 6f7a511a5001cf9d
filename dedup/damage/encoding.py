"""Text that was read or written in another encoding becomes findings, and edits where it can be put right.

1. ASCII text can only hold control characters and HTML entities: two tests.
2. Mojibake, with the repairs that `mojibake` plans.
3. Replacement characters, control characters, a byte-order mark that is not at the beginning, HTML entities left in
   text that is no markup, a declared charset that is not the one the text was read in.
4. Words of Latin letters from the upper half of Latin-1, one after the other, that are sound words of another script
   when their bytes are read in its encoding.

Score: the probability that one of the findings is damage (their confidences combined). Any language. Linear in length:
lines are taken in pieces of bounded length. Source: ftfy (R. Speer).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from functools import cache

from dedup import mojibake
from dedup.damage.batch import Batch
from dedup.damage.characters import PLAIN
from dedup.damage.findings import NOTHING, Detection, Finding, alphabet, detection, shown
from dedup.kernels.hints import EVERY, UNPLAIN
from dedup.model import Document, Edit, Span

HEAD_CHARACTERS = 2000
"""Where a text declares its charset."""
MARKUP_TAGS_MIN = 3
"""Tags from which a text is markup, where entities belong."""
FOREIGN_WORDS_MIN = 3
"""Words of upper Latin-1 letters in a row from which another encoding is tried on them."""


def detect(document: Document) -> Detection:
    """The findings in a document's text, and the probability that one of them is damage."""
    return found_in(document, EVERY)


def detections(documents: Sequence[Document], batch: Batch) -> list[Detection]:
    """The same of documents, whose texts are those of a batch."""
    return list(map(found_in, documents, batch.hints))


def found_in(document: Document, hints: int) -> Detection:
    """The same, where hints tell which characters a text has."""
    text = document.text
    found = _entities(text)
    if hints & UNPLAIN and text.isascii():
        found += _controls(text)
    elif hints & UNPLAIN and (strange := "".join(alphabet(text) - PLAIN)):
        if _CONTROL.search(strange) or "\x1b" in strange:
            found += _controls(text)
        mended = mojibake.repairs(text)
        found += map(_mojibake, mended)
        if "\ufffd" in strange:
            found += _replacements(text, mended)
        found += [*_marks(text), *_foreign(text), *_declared(document)]
    return detection(found) if found else NOTHING


def safe(text: str) -> Iterator[Finding]:
    """The findings whose repair is safe: mojibake, control characters, marks of byte order within the text."""
    yield from map(_mojibake, mojibake.repairs(text))
    yield from (found for found in (*_controls(text), *_marks(text)) if found.after is not None)


def _finding(text: str, span: Span, cause: str, explanation: str, confidence: float) -> Finding:
    return Finding("encoding", span, shown(text, span), cause, explanation, confidence)


# --- 2: mojibake -------------------------------------------------------------------------------------------------


def _mojibake(edit: Edit) -> Finding:
    why = f"mojibake: {edit.before!r} stands for {edit.after!r} ({edit.cause.removeprefix('encoding: ')})"
    return Finding("encoding", edit.span, edit.before, "mojibake", why, 0.95, after=edit.after)


# --- 3: what no reading should leave behind ----------------------------------------------------------------------

_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]+")
_OVERSTRIKE = re.compile("[^\n]\x08[^\n]")
_ESCAPE = re.compile("\x1b[\\[(][0-9;]{0,16}[A-Za-z]?")
_ENTITY = re.compile(r"&(?:#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,5}|[a-zA-Z]{2,8}[0-9]{0,2});")
_QUOTED = frozenset("`'\"/?=&+-\u2018\u201c")
"""What stands before an entity that is named, or is part of an address."""
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,10}(?: [^<>]{0,300})?/?>")
_NAMED = re.compile(r"[Uu]\+?FFFD|replacement character", re.IGNORECASE)


_PRINTED = bytes((*range(9, 14), *range(32, 127)))


def _controls(text: str) -> Iterator[Finding]:
    if text.isascii() and not text.encode().translate(None, _PRINTED):
        return
    for run in _CONTROL.finditer(text):
        codes = " ".join(f"U+{ord(character):04X}" for character in run.group()[:4])
        if "\x08" in run.group() and _OVERSTRIKE.match(text, max(0, run.start() - 1)):
            yield _finding(text, run.span(), "control", "a letter struck over by a backspace, as printers did", 0.6)
            continue
        why = f"control character {codes}: no text holds it"
        low = run.group() < "\x80" and max(run.group()) < "\x80"
        after = "" if low else None
        yield Finding("encoding", run.span(), run.group(), "control", why, 0.85, after)
    if "\x1b" in text:
        for run in _ESCAPE.finditer(text):
            yield _finding(text, run.span(), "control", "a terminal's escape sequence", 0.8)


def _entities(text: str) -> list[Finding]:
    """HTML entities in a text that is not markup; one alone may be quoted on purpose."""
    if "&" not in text or ";" not in text:
        return []
    from html import unescape

    found = [
        (one, read)
        for one in _ENTITY.finditer(text)
        if (read := unescape(one.group())) != one.group() and text[max(0, one.start() - 1) : one.start()] not in _QUOTED
    ]
    if not found or len(_TAG.findall(text[: 100 * HEAD_CHARACTERS])) >= MARKUP_TAGS_MIN:
        return []
    confidence = 0.55 if len(found) == 1 else 0.6
    return [
        _finding(text, one.span(), "entity", f"an HTML entity left in: it stands for {read!r}", confidence)
        for one, read in found
    ]  # fmt: skip


def _replacements(text: str, mended: tuple[Edit, ...]) -> Iterator[Finding]:
    """Replacement characters, but for those that the text speaks of."""
    covered = {at for edit in mended for at in range(*edit.span)}
    for run in re.finditer("\ufffd+", text):
        if run.start() in covered or _NAMED.search(text, max(0, run.start() - 60), run.end() + 60):
            continue
        why = f"{len(run.group())} replacement character(s): what stood here was lost when the text was read"
        yield _finding(text, run.span(), "replacement", why, 0.9)


def _marks(text: str) -> Iterator[Finding]:
    at = text.find("\ufeff", 1)
    while at >= 0:
        why = "a byte-order mark within the text, as where files were joined"
        yield Finding("encoding", (at, at + 1), "\ufeff", "byte-order mark", why, 0.8, after="")
        at = text.find("\ufeff", at + 1)


_DECLARATION = re.compile(
    r"<meta[^>]{0,200}charset\s{0,3}=\s{0,3}[\"']?([\w-]{3,20})|<\?xml[^>]{0,100}encoding\s{0,3}=\s{0,3}[\"']([\w-]{3,20})"
    r"|^Content-Type:[^\n]{0,100}charset\s{0,3}=\s{0,3}[\"']?([\w-]{3,20})|-\*-[^\n]{0,60}coding:\s{0,3}([\w-]{3,20})",
    re.IGNORECASE | re.MULTILINE,
)


def _declared(document: Document) -> Iterator[Finding]:
    """A charset that the head of the text declares, and that its bytes are not in."""
    head = document.text[:HEAD_CHARACTERS]
    small = head.casefold()
    found = _DECLARATION.search(head) if "charset" in small or "cod" in small else None
    if not found or found.lastindex is None:
        return
    name = found.group(found.lastindex)
    declared, used = _codec(name), _codec("utf-8" if document.decoding == "json" else document.decoding)
    if declared and used and declared != used and {declared, used} != {"iso8859-1", "cp1252"}:
        why = f"the text declares {name}, but is in {used}"
        yield _finding(document.text, found.span(found.lastindex), "declaration", why, 0.6)


@cache
def _codec(name: str) -> str | None:
    try:
        return codecs.lookup(name.removesuffix("-sig")).name
    except LookupError:
        return None


# --- 4: another encoding altogether ------------------------------------------------------------------------------

_UPPER = re.compile(
    f"(?:(?<![A-Za-z])[\u00a0-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u2013-\u2026\u20ac\u2122]{{2,40}}"
    f"(?![A-Za-z])[ ,.:;!?-]{{1,3}}){{{FOREIGN_WORDS_MIN},200}}"
)
_UPPER_LETTERS = frozenset(map(chr, range(0xC0, 0x100)))
UPPER_LETTERS_MIN = 2
"""Distinct upper Latin-1 letters from which a text may be in another encoding; languages in Latin letters use fewer or
have them one at a time."""
_READINGS = (
    ("cp1251", "\u0400-\u04ff"),
    ("koi8_r", "\u0400-\u04ff"),
    ("iso8859_5", "\u0400-\u04ff"),
    ("cp1253", "\u0370-\u03ff"),
    ("cp1255", "\u0590-\u05ff"),
    ("cp1256", "\u0600-\u06ff"),
    ("cp874", "\u0e00-\u0e7f"),
)
SOUND_SHARE_MIN = 0.9
"""Share of the characters that must be letters of the script, small inside words, for a reading to be sound."""


def _foreign(text: str) -> Iterator[Finding]:
    if len(_UPPER_LETTERS & alphabet(text)) < UPPER_LETTERS_MIN:
        return
    for run in _UPPER.finditer(f"{text} " if len(text) < HEAD_CHARACTERS else text):
        words = run.group().split()
        letters = sum(map(len, words))
        if letters < 3 * len(words):
            continue
        read = _read_otherwise(run.group())
        if read:
            why = f"Latin letters that are {read[1].strip()[:40]!r} when their bytes are read as {read[0]}"
            yield _finding(text, (run.start(), min(len(text), run.end())), "charset", why, 0.85)


def _read_otherwise(passage: str) -> tuple[str, str] | None:
    """The encoding in which the passage's bytes are most soundly words of another script, and these."""
    data = passage.encode("cp1252", "ignore")
    best: tuple[float, str, str] = (SOUND_SHARE_MIN, "", "")
    for codec, letters in _READINGS:
        read = data.decode(codec, "ignore")
        solid = re.sub(r"[\s,.:;!?-]", "", read)
        sound = len(re.findall(f"[{letters}]", solid)) - sum(map(len, re.findall(r"(?<=\w)[^\W\d_a-z]+", _cased(read))))
        if len(solid) and sound / len(solid) > best[0]:
            best = (sound / len(solid), codec, read)
    return best[1:] if best[1] else None


def _cased(read: str) -> str:
    """The text with small letters put as `a`: what is left inside words are capitals."""
    return "".join("a" if character.islower() or not character.isupper() else character for character in read)
