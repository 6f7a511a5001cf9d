"""Characters that cannot be seen, or are not what they look like, become findings.

1. ASCII text has none of them: one test, and done. Else each rule below looks for its characters by a class of its own.
2. Invisible characters have a home, a neighbourhood where they serve: joiners between letters of Arabic and Indic
   scripts and in emoji sequences, direction marks where a text runs from right to left, variation selectors after what
   has variants, tag letters in flags, zero-width spaces where words are not spaced, soft hyphens well inside long
   words. Anywhere else they are a finding, and taking them out changes nothing that a reader sees.
3. Look-alikes and styled alphabets: see `lookalikes`.
4. More combining marks on a letter than its script ever stacks; one mark repeated; strokes through letter after letter.
5. Private-use characters, noncharacters and halves of surrogate pairs.

Score: the probability that one of the findings is damage (their confidences combined). Any language. Linear in length:
every expression is a class with a quantifier, and what is looked at around a match is bounded. Source: Unicode Standard
chapter 23, UTS #39, UTS #51.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from dedup.damage import lookalikes
from dedup.damage.alphabets import word_bounds
from dedup.damage.batch import Batch
from dedup.damage.characters import COMMON
from dedup.damage.findings import NOTHING, Detection, Finding, alphabet, detection, shown
from dedup.kernels.hints import EVERY, UNCOMMON
from dedup.model import Document, Span

CONTEXT_CHARACTERS = 40
"""How far a direction mark may stand from the text from right to left that it serves."""
MARKS_MAX = 4
"""Combining marks on one letter of Latin, Greek or Cyrillic up to which it is writing: ancient Greek in decomposed
form has three, phonetic transcription four."""
MARKS_ANY_MAX = 7
"""The same in any script: Tibetan and Hebrew with accents stack up to some six."""

_RTL = "\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_JOINING = (
    "\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufefc\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u18af\ua840-\ua8ff"
    "\u1b00-\u1bff\ua980-\ua9df\U00011000-\U000116ff"
)
_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1bff\u3000-\u30ff\u3400-\u9fff"
    "\ua980-\ua9df\uaa00-\uaadf\uac00-\ud7af\uff00-\uffef\U00020000-\U0003ffff"
)
_PICTURES = "#*0-9\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_RIGHT_TO_LEFT = re.compile(f"[{_RTL}]")
_JOINED = re.compile(f"[{_JOINING}]")
_NOT_SPACED = re.compile(f"[{_UNSPACED}]")
_PICTURE = re.compile(f"[{_PICTURES}]")
_VARIANT_BASE = re.compile(
    f"[{_PICTURES}\u1000-\u109f\u1800-\u18af\u2200-\u22ff\u2a00-\u2aff\u3000-\u9fff"
    "\ua840-\ua877\uf900-\ufaff\U00013000-\U0001345f\U00020000-\U0003ffff]"
)
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc]")
_MONGOLIAN = re.compile("[\u1800-\u18af]")
_MUSIC = re.compile("[\U0001d100-\U0001d1ff]")
_SHORTHAND = re.compile("[\U0001bc00-\U0001bcaf]")
_MARK_HOME = re.compile("[\u0300-\u036f\u0590-\u05ff\u0600-\u06ff]")

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
"""Characters that have no glyph; the byte-order mark is the encoding's."""
_FLAG_TAGS = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_FLOOD_RUN = 8

Problem = tuple[str, float]
"""What is wrong with an invisible character, and how sure."""


def detect(text: str) -> Detection:
    """The findings in a text, and the probability that one of them is damage."""
    return found_in(text, EVERY)


def detections(_: Sequence[Document], batch: Batch) -> list[Detection]:
    """The same of the texts of a batch."""
    return list(map(found_in, batch.texts, batch.hints))


def found_in(text: str, hints: int) -> Detection:
    """The same, where hints tell which characters a text has."""
    strange = "" if not hints & UNCOMMON or text.isascii() else "".join(alphabet(text) - COMMON)
    if not strange:
        return NOTHING
    found: list[Finding] = []
    if _INVISIBLE.search(strange):
        found += hidden(text)
    if any(map(_is_mark, strange)):
        found += _floods(text)
    if _NO_CHARACTER.search(strange):
        found += _unassigned(text)
    found += lookalikes.findings(text, strange)
    return detection(found)


def _finding(text: str, span: Span, cause: str, explanation: str, confidence: float) -> Finding:
    return Finding("invisible", span, shown(text, span), cause, explanation, confidence)


# --- 2: invisible characters ---------------------------------------------------------------------------------------


def hidden(text: str) -> Iterator[Finding]:
    """Runs of invisible characters that are not at home; what is left when they are taken out is what a reader sees."""
    marks = _direction_marks(text)
    for run in _INVISIBLE.finditer(text):
        start, stop = run.span()
        problem = _run_problem(text, start, stop, marks)
        if problem is None:
            continue
        cause, confidence = problem
        names = ", ".join(dict.fromkeys(_name(character) for character in run.group()[:_FLOOD_RUN]))
        explanation = f"invisible: {names}{cause}"
        yield Finding("invisible", (start, stop), run.group(), "hidden", explanation, confidence, after="")


def _name(character: str) -> str:
    return f"{unicodedata.name(character, 'unassigned').lower()} (U+{ord(character):04X})"


def _run_problem(text: str, start: int, stop: int, unmatched: frozenset[int]) -> Problem | None:
    """What is wrong with a run of invisible characters, if anything: the worst of its first ones."""
    if stop - start >= _FLOOD_RUN:
        return None if _FLAG_TAGS.match(text, start - 1) else (", many in a row", 1.0)
    problems = [found for at in range(start, stop) if (found := _problem(text, at, unmatched))]
    return max(problems, key=lambda problem: problem[1]) if problems else None


def _problem(text: str, at: int, unmatched: frozenset[int]) -> Problem | None:
    """What is wrong with one invisible character where it stands, if anything."""
    code = ord(text[at])
    if at in unmatched:
        return " that turns the order of the text around", 0.95
    if 0xE0000 <= code <= 0xE007F:
        flag = text.rfind("\U0001f3f4", max(0, at - 7), at)
        return None if flag >= 0 and _FLAG_TAGS.match(text, flag) else (", a tag outside any flag", 1.0)
    for codes, home, why, confidence in _rules():
        if code in codes:
            return None if home(text, at) else (why, confidence)
    return ", which no text needs", 0.9


@cache
def _rules() -> tuple[tuple[frozenset[int], Callable[[str, int], bool], str, float], ...]:
    """Which invisible characters are at home where."""
    return (
        (frozenset((0xAD,)), _hyphenates, " where no word is divided", 0.8),
        (frozenset((0x200B,)), _near(_NOT_SPACED), " within spaced text", 0.9),
        (frozenset((0x200C,)), _near(_JOINED), " outside the scripts that join letters", 0.9),
        (frozenset((0x200D,)), _joins, " outside the scripts and pictures that join", 0.9),
        (frozenset((0x61C, 0x200E, 0x200F)), _by_right_to_left, " far from any text from right to left", 0.85),
        (frozenset((0x202A, 0x202B, 0x202C, 0x2066, 0x2067, 0x2068, 0x2069)), _by_right_to_left,
         " far from any text from right to left", 0.9),
        (frozenset((0x2060,)), _holds_together, " within a word", 0.85),
        (frozenset((0x2061, 0x2062, 0x2063, 0x2064)), _operates, " outside any formula", 0.9),
        (frozenset((0x34F,)), _near(_MARK_HOME), " without a combining mark", 0.8),
        (frozenset((0x115F, 0x1160, 0x3164, 0xFFA0)), _near(_HANGUL), " outside Korean letters", 0.9),
        (frozenset((0x17B4, 0x17B5)), _near(re.compile("[\u1780-\u17ff]")), " outside Khmer", 0.9),
        (frozenset(range(0x180B, 0x1810)), _near(_MONGOLIAN), " outside Mongolian", 0.9),
        (frozenset(range(0xFE00, 0xFE10)), _varies, " after what has no variants", 0.85),
        (frozenset(range(0xE0100, 0xE01F0)), _varies, " after what has no variants", 0.9),
        (frozenset(range(0xFFF9, 0xFFFC)), _near(_NOT_SPACED), " outside East Asian text", 0.9),
        (frozenset(range(0x1BCA0, 0x1BCA4)), _near(_SHORTHAND), " outside shorthand", 0.9),
        (frozenset(range(0x1D173, 0x1D17B)), _near(_MUSIC), " outside musical notation", 0.9),
    )  # fmt: skip


def _neighbours(text: str, at: int) -> tuple[str, str]:
    """The visible character before and the one after, passing over a few invisible ones."""
    before, after = at - 1, at + 1
    while before >= 0 and at - before < 5 and _INVISIBLE.match(text, before):
        before -= 1
    while after < len(text) and after - at < 5 and _INVISIBLE.match(text, after):
        after += 1
    return text[before : before + 1] if before >= 0 else "", text[after : after + 1]


def _near(home: re.Pattern[str]) -> Callable[[str, int], bool]:
    """Whether one of the neighbours is of a class."""
    return lambda text, at: any(home.match(one) for one in _neighbours(text, at))


_TERM = re.compile("[A-Za-z0-9()\\[\\]|{}^_+*/=\u00b2\u00b3\u00b9\u0370-\u03ff\u2070-\u22ff\U0001d400-\U0001d7ff-]")


def _operates(text: str, at: int) -> bool:
    """An operator beside a number, a sign or variables of one letter; a function may have a longer name."""
    before, after = text[max(0, at - 2) : at], text[at + 1 : at + 3]
    if not (before and after and _TERM.match(before[-1]) and _TERM.match(after[0])):
        return False
    long_before, long_after = before.isalpha() and len(before) > 1, after.isalpha() and len(after) > 1
    return not long_after and not (long_before and after[0].isalpha() and text[at] != "\u2061")


def _joins(text: str, at: int) -> bool:
    """A joiner after a letter that joins, or between two pictures (whose skin colour may stand between)."""
    before, after = _neighbours(text, at)
    return bool(_JOINED.match(before) or _JOINED.match(after) or (_PICTURE.match(before) and _PICTURE.match(after)))


def _varies(text: str, at: int) -> bool:
    return at > 0 and bool(_VARIANT_BASE.match(text, at - 1))


def _hyphenates(text: str, at: int) -> bool:
    """A soft hyphen with two letters and no other soft hyphen on either side, in a word of six and more."""
    before, after = text[max(0, at - 2) : at], text[at + 1 : at + 3]
    if not (len(before) == len(after) == 2 and (before + after).isalpha()):
        return False
    start, stop = word_bounds(text, at)
    return len(text[start:stop].replace("\u00ad", "")) >= 6


def _holds_together(text: str, at: int) -> bool:
    """A word joiner beside a dash, a slash or a number keeps a line from breaking there."""
    before, after = text[max(0, at - 1) : at], text[at + 1 : at + 2]
    return not (before.isalpha() and after.isalpha()) and bool(before) and bool(after)


def _by_right_to_left(text: str, at: int) -> bool:
    return bool(_RIGHT_TO_LEFT.search(text, max(0, at - CONTEXT_CHARACTERS), at + CONTEXT_CHARACTERS))


_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\n]")


def _direction_marks(text: str) -> frozenset[int]:
    """Where a direction mark overrides the order of letters, or is opened and never closed on its line."""
    wrong: set[int] = set()
    stack: list[int] = []
    for mark in _DIRECTION.finditer(text):
        at, character = mark.start(), mark.group()
        if character == "\n":
            wrong.update(stack)
            stack.clear()
        elif character in "\u202c\u2069":
            if stack:
                stack.pop()
            else:
                wrong.add(at)
        else:
            if character in "\u202d\u202e":
                wrong.add(at)
            stack.append(at)
    wrong.update(stack)
    return frozenset(wrong)


# --- 4 and 5: floods of marks, what is no character ------------------------------------------------------------------

_OVERLAYS = re.compile("(?:\\w[\u0334-\u0338\u20d2\u20d3\u20e5\u20eb]){4,}")
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3,}")
_NO_CHARACTER = re.compile("[\ue000-\uf8ff\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]+")


@cache
def _marks() -> str:
    """All combining marks, as in a regular expression's class."""
    codes = [code for code in range(0x300, 0x1E900) if unicodedata.category(chr(code)) in ("Mn", "Me")]
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


@cache
def _mark_runs() -> re.Pattern[str]:
    """Any marks, more in a row than any script stacks, or one of them three times."""
    return re.compile(f"[{_marks()}]{{{MARKS_ANY_MAX},}}|([{_marks()}])\\1\\1+")


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _floods(text: str) -> Iterator[Finding]:
    for run in _MARKS.finditer(text):
        if run.end() - run.start() > MARKS_MAX:
            why = f"{run.end() - run.start()} combining marks on one letter"
            yield _finding(text, run.span(), "marks", why, 0.95)
    for run in _OVERLAYS.finditer(text):
        yield _finding(text, run.span(), "marks", "a stroke through letter after letter", 0.8)
    for run in _mark_runs().finditer(text):
        if run.start() and not _MARKS.match(text, run.start()):
            yield _finding(text, run.span(), "marks", "more marks on a letter than its script stacks", 0.9)


def _unassigned(text: str) -> Iterator[Finding]:
    for run in _NO_CHARACTER.finditer(text):
        first = ord(run.group()[0])
        private = 0xE000 <= first <= 0xF8FF or (first >= 0xF0000 and first & 0xFFFE != 0xFFFE)
        why = "a private-use character: only its own font knows it" if private else "no character at all"
        yield _finding(text, run.span(), "no character", f"{why} (U+{first:04X})", 0.6 if private else 0.95)
