"""Letters that are not what they look like become findings.

1. A word that mixes Latin with letters of another script, all of which look Latin; or, in a word of that script, Latin
   letters that look like its own. `IL2Rγ` and `SMSка` are left: their odd letters look like nothing else.
2. A word all of look-alikes that reads as an English word among Latin words; phonetic and dotless letters in an English
   word of a text that is no phonetic transcription.
3. Letters of styled alphabets (mathematical, full-width, enclosed, small capitals, turned) spelling a word.

Any language; only step 2 asks a list of words, which is English. Linear in length. Source: UTS #39.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from dedup import language
from dedup.damage.alphabets import READINGS, SCRIPTS, WORD_CHARACTERS_MAX, skeleton, word_bounds
from dedup.damage.findings import Finding, shown
from dedup.model import Span

STYLED_LETTERS_MIN = 3
"""Styled letters in a row from which they spell a word: a formula has one or two."""
HEAD_CHARACTERS = 20_000
"""How much of a text is looked at for the scripts that are in it."""
LATIN_SHARE_MIN = 0.5
"""Share of a text's letters from which a lone word of look-alikes in it is foreign to it."""


def findings(text: str, strange: str) -> Iterator[Finding]:
    """The words of a text that are written with the wrong letters; `strange` holds its less common characters."""
    if _OTHER_LETTER.search(strange):
        yield from _mixed(text)
        yield from _whole_words(text)
    if _ODD_LATIN.search(strange) and not _PHONETIC.search(strange):
        yield from _odd_latin(text)
    yield from _styled(text, strange)


def _finding(text: str, span: Span, cause: str, explanation: str, confidence: float) -> Finding:
    return Finding("invisible", span, shown(text, span), cause, explanation, confidence)


_LATIN = SCRIPTS[0][1]
_OTHER = "".join(ranges for _, ranges in SCRIPTS[1:])
_LATIN_LETTER = re.compile(f"[{_LATIN}]")
_OTHER_LETTER = re.compile(f"[{_OTHER}]")
_OTHER_WORD = re.compile(f"(?<!\\w)[{_OTHER}]{{2,60}}(?!\\w)")
_SEAM = re.compile(f"[{_LATIN}](?=[{_OTHER}])|[{_OTHER}](?=[{_LATIN}])")
_ODD_LATIN = re.compile("[\u0251\u0261\u0131\u0269\u026a\u0280\u028f\u1d04\u1d0f\u1d1c\u1d20\u1d21\u1d22]")
_PHONETIC = re.compile("[\u0259\u02d0\u02c8\u0283\u028a\u011f\u0130\u015f]")
_ALONE = re.compile(f"(?<!\\w)[{''.join(map(re.escape, sorted(READINGS)))}]{{1,{WORD_CHARACTERS_MAX}}}(?!\\w)")


def _script(character: str) -> str:
    return next((name for name, letters in _script_classes() if letters.match(character)), "another script")


@cache
def _script_classes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(f"[{ranges}]")) for name, ranges in SCRIPTS)


def _mixed(text: str) -> Iterator[Finding]:
    """Words of two scripts where one is there for its looks."""
    done = 0
    for seam in _SEAM.finditer(text):
        if seam.start() < done:
            continue
        start, stop = word_bounds(text, seam.start())
        done = stop
        found = _impostors(text[start:stop])
        if found:
            letters = "; ".join(f"{one} is {_script(one)}, not {like}" for one, like in found[:4])
            yield _finding(text, (start, stop), "look-alike", f"letters of two scripts in one word: {letters}", 0.95)


def _impostors(word: str) -> list[tuple[str, str]]:
    """The letters of a word of two scripts that only look like its other letters, with what they look like."""
    latin, other = _LATIN_LETTER.findall(word), _OTHER_LETTER.findall(word)
    if all(one in READINGS for one in other) and (len(latin) > 1 or len(other) == 1 or _reads(skeleton(word))):
        greek_symbol = len(other) == 1 and word[:1] == other[0] and other[0].islower() and len(word) <= 3
        return [] if greek_symbol else [(one, READINGS[one]) for one in dict.fromkeys(other)]
    looks = _other_readings(_script(other[0]))
    if len(latin) < len(other) and all(one in looks for one in latin):
        return [(one, looks[one]) for one in dict.fromkeys(latin)]
    return []


@cache
def _other_readings(script: str) -> dict[str, str]:
    """The letter of a script that each Latin letter is taken for."""
    return {latin: letter for letter, latin in sorted(READINGS.items(), reverse=True) if _script(letter) == script}


def _whole_words(text: str) -> Iterator[Finding]:
    """Words all of look-alikes that read as English among Latin words."""
    if not _mostly_latin(text) or _is_quoted(text):
        return
    for word in _ALONE.finditer(text):
        read = skeleton(word.group())
        if _OTHER_LETTER.match(word.group()) and _reads(read) and _among_latin(text, *word.span()):
            why = f"all letters are {_script(word.group()[0])}; it reads as {read!r}"
            yield _finding(text, word.span(), "look-alike", why, 0.9)


def _odd_latin(text: str) -> Iterator[Finding]:
    """Phonetic and dotless letters in English words."""
    for letter in _ODD_LATIN.finditer(text):
        start, stop = word_bounds(text, letter.start())
        read = skeleton(text[start:stop])
        if stop - start > 2 and read.isascii() and language.zipf(read.lower()) >= 3.5:
            why = f"{letter.group()} is a phonetic or dotless letter; the word reads as {read!r}"
            yield _finding(text, (start, stop), "look-alike", why, 0.85)


def _is_quoted(text: str) -> bool:
    """Whether the text also holds sound words of another script, whose words may look Latin by chance."""
    letters = (letter for word in _OTHER_WORD.findall(text[:HEAD_CHARACTERS]) for letter in word)
    return any(letter not in READINGS for letter in letters)


def _mostly_latin(text: str) -> bool:
    head = text[:HEAD_CHARACTERS]
    latin, other = len(_LATIN_LETTER.findall(head)), len(_OTHER_LETTER.findall(head))
    return latin >= LATIN_SHARE_MIN * (latin + other)


def _reads(read: str) -> bool:
    return len(read) > 1 and language.zipf(read.lower()) >= 3.5


def _among_latin(text: str, start: int, stop: int) -> bool:
    """Whether the words before and after are Latin, as far as there are any."""
    before, after = text[max(0, start - 12) : start], text[stop : stop + 12]
    near = before + after
    return bool(_LATIN_LETTER.search(near)) and not _OTHER_LETTER.search(near)


# --- styled alphabets ------------------------------------------------------------------------------------------------

_SMALL_CAPITALS = "\u1d00-\u1d23\u0299\u0262\u029c\u0280\u0274\u029f\u028f\ua730\ua731"
_TURNED = "\u0250\u01dd\u025f\u0265\u1d09\u027e\u029e\u026f\u0279\u0287\u028c\u028d\u028e"
_REGIONAL = "\U0001f1e6-\U0001f1ff"
_MATHEMATICAL = "\U0001d400-\U0001d7cb\u210a-\u2134"
_ENCLOSED = "\u24b6-\u24e9\U0001f110-\U0001f189"
_SUPERSCRIPT = "\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d9b-\u1dbf\u2071\u207f"
_STYLED = tuple(
    (what, re.compile(f"[{letters}]"), re.compile(pattern))
    for what, letters, pattern in (
        ("mathematical letters", _MATHEMATICAL, f"[{_MATHEMATICAL}]{{{STYLED_LETTERS_MIN},}}"),
        ("enclosed letters", _ENCLOSED, f"[{_ENCLOSED}]{{{STYLED_LETTERS_MIN},}}"),
        ("superscript letters", _SUPERSCRIPT, f"[{_SUPERSCRIPT}]{{4,}}"),
        ("small capitals", _SMALL_CAPITALS, f"(?:[a-z]{{0,6}}[{_SMALL_CAPITALS}]){{4}}"),
        ("turned letters", _TURNED, f"(?:[a-zA-Z.]?[{_TURNED}]){{3,}}"),
        (
            "regional letters",
            _REGIONAL,
            f"(?<![{_REGIONAL}])(?:[{_REGIONAL}] ?){{3}}(?:[{_REGIONAL}]{{2}})*(?![{_REGIONAL}])",
        ),
    )
)
"""Styled alphabets: what they are, their letters, and how a word in them looks."""
_FULL_WIDE = re.compile("[\uff21-\uff5a]")
_FULL_WIDTH = re.compile("[\uff21-\uff3a\uff41-\uff5a]{2,}")
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_TURNED_SURE = re.compile("[\u01dd\u029e\u0287\u0265\u028e]")


def _styled(text: str, strange: str) -> Iterator[Finding]:
    for what, letters, pattern in _STYLED:
        if not letters.search(strange):
            continue
        for run in pattern.finditer(text):
            if what == "turned letters" and not _TURNED_SURE.search(run.group()):
                continue
            why = f"{what} in the place of plain ones ({unicodedata.normalize('NFKC', run.group()[:20])})"
            yield _finding(text, run.span(), "styled", why, 0.85)
    if _FULL_WIDE.search(strange) and not _EAST_ASIAN.search(strange):
        for run in _FULL_WIDTH.finditer(text):
            yield _finding(text, run.span(), "styled", "full-width letters outside East Asian text", 0.85)
