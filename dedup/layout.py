"""A reading becomes what it looks like in the document: its case, its blanks, and its place among the signs.

What a document is laid out like is its own, whatever a witness looks like. So

1. where either of the two writes in capitals and the other does not (`in_capitals`), a reading is in those of the
   document (`cased`);
2. blanks between words, and ends of lines, stay as the document has them (`spaced`);
3. words that go take the blanks or the signs of one side along, never an end of a sentence or of a paragraph that is
   not theirs (`left_out`); words that come stand on that side of the document's signs on which the witness has them
   (`put_in`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from dedup import language
from dedup.model import Span, Tokens

SIDE_CHARACTERS = 60
"""How much of a line, on either side, tells whether it is in capitals."""
SIDE_WORDS_MIN = 2
"""Words around a reading from which they tell without its own letters."""
CAPITALS_SHARE = 0.9
WORD_MAX = 40
"""Letters of a word on either side of where the end of a line divides it."""
BLOCK_CHARACTERS = 400
"""Length from which a text is a block that keeps its lines."""

_BLANKS, _END = re.compile(r"\s+"), re.compile(r"\r\n|\n|\r")
_PARAGRAPH = re.compile(r"\r?\n[^\S\n]*\n|\r[^\S\r\n]*\r")
_DIVIDED = re.compile(r"([-‐‑])[^\S\r\n]*[\r\n]\s*")
_PAIRS = frozenset(("()", "[]", "{}", "‘’", "“”", "«»", "‹›", "„“", "‚‘", '""'))
"""Signs that go with what they enclose."""
_HYPHENS = frozenset("-‐‑/")
_WITHIN = re.compile(r"[^\S\r\n]*(?:(?:\r?\n|[-\u2010\u2011])[^\S\r\n]*)?")
"""What stands between the words of one phrase."""
_QUOTES = str.maketrans("‘’‚‛“”„‟‐‑–—−", "''''\"\"\"\"-----")


def plain(text: str) -> str:
    """`text` without what belongs to a document's own layout: how wide its spaces are, the style of its quotes and
    dashes."""
    return _BLANKS.sub(" ", text.translate(_QUOTES))


def is_paragraph(text: str) -> bool:
    """Whether a paragraph ends within a text."""
    return _PARAGRAPH.search(text) is not None


def is_parted(text: str, tokens: Tokens, at: int) -> bool:
    """Whether more than blanks, one end of a line or a hyphen stands between a token of a text and the one before."""
    start, stop = int(tokens.spans[at - 1, 1]), int(tokens.spans[at, 0])
    return text[start:stop] not in ("", " ") and not _WITHIN.fullmatch(text, start, stop)


def is_whole(text: str, tokens: Tokens, start: int, stop: int) -> bool:
    """Whether no two of the tokens start..stop of a text are parted."""
    return not any(is_parted(text, tokens, at) for at in range(start + 1, stop))


# --- case ------------------------------------------------------------------------------------------------------


def in_capitals(text: str, span: Span) -> bool:
    """Whether a text is in capitals where a span stands: the rest of its line or, where that is short, all of it."""
    start, stop = span
    before = re.split(r"[\r\n]", text[max(0, start - SIDE_CHARACTERS) : start])[-1]
    after = re.split(r"[\r\n]", text[stop : stop + SIDE_CHARACTERS])[0]
    beside = f"{before} {after}"
    enough = len(re.findall(r"[^\W\d_]{2,}", beside)) >= SIDE_WORDS_MIN
    letters = [letter for letter in (beside if enough else beside + text[start:stop]) if letter.isalpha()]
    return len(letters) > 1 and sum(map(str.isupper, letters)) >= CAPITALS_SHARE * len(letters)


def cased(after: str, before: str, capitals: tuple[bool, bool]) -> str:
    """A reading in the document's case. capitals: whether the document is in capitals there, and the witness."""
    own, other = capitals
    if own == other:
        return after
    return after.upper() if own else small(after, before)


def small(after: str, before: str) -> str:
    """A reading in small letters, but for the first if that of what it stands for is a capital."""
    return after.capitalize() if before[:1].isupper() else after.lower()


# --- blanks ----------------------------------------------------------------------------------------------------


def spaced(after: str, before: str, text: str) -> str:
    """A reading with the blanks of what it stands for, one for one, or else with ends of lines only where it has any.
    Those of a block stay, in the form that the document's have."""
    after = with_ends(after, text)
    blanks = _BLANKS.findall(before)
    if blanks == (seen := _BLANKS.findall(after)) or len(after) >= BLOCK_CHARACTERS:
        return after
    if len(seen) == len(blanks):
        own = iter(blanks)
        return _BLANKS.sub(lambda _: next(own), after)
    ends = [blank for blank in blanks if _END.search(blank)]
    if ends:
        widest = max(ends, key=is_paragraph)
        return after if _END.search(after) else _BLANKS.sub(lambda _: widest, after, count=1)
    return _BLANKS.sub(lambda found: " " if _is_end_of_line(found[0]) else found[0], _DIVIDED.sub(_undivided, after))


def _undivided(found: re.Match[str]) -> str:
    """What is left of where the end of a line divides a word: its hyphen, but where it is a word without."""
    text, start, stop = found.string, found.start(), found.end()
    first = re.split(r"\W", text[max(0, start - WORD_MAX) : start])[-1]
    second = re.split(r"\W", text[stop : stop + WORD_MAX])[0]
    return "" if first and second and language.zipf(f"{first}{second}".lower()) else found[1]


def _is_end_of_line(blanks: str) -> bool:
    return _END.search(blanks) is not None and not _PARAGRAPH.search(blanks)


def with_ends(after: str, text: str) -> str:
    """A reading with ends of lines as the document has them, if it has but one kind."""
    if not _END.search(after):
        return after
    kinds = _ends(text)
    return _END.sub(min(kinds), after) if len(kinds) == 1 else after


@lru_cache(maxsize=4)
def _ends(text: str) -> frozenset[str]:
    """The kinds of ends of lines in a text. Asked of one document at every edit on it."""
    return frozenset(_END.findall(text))


@lru_cache(maxsize=4)
def apostrophe(text: str) -> str:
    """That of the two which a text has more often. Asked of one document at every edit on it."""
    return "’" if text.count("’") > text.count("'") else "'"


# --- signs -----------------------------------------------------------------------------------------------------


def gap(text: str, tokens: Tokens, at: int) -> Span:
    """What stands before token `at` of a text, or after the last one."""
    start = int(tokens.spans[at - 1, 1]) if at else 0
    return start, int(tokens.spans[at, 0]) if at < len(tokens) else len(text)


def left_out(text: str, tokens: Tokens, start: int, stop: int, attested: str | None = None) -> Span:
    """What goes with tokens start..stop if they are left out. attested: what a witness has in place of all of it."""
    (first, own), (end, last) = gap(text, tokens, start), gap(text, tokens, stop)
    before, after = text[first:own], text[end:last]
    while before[-1:] + after[:1] in _PAIRS:
        own, end, before, after = own - 1, end + 1, before[:-1], after[1:]
    signs, signs_after = before.strip(), after.strip()
    blanks = len(before) - len(before.rstrip())
    if stop == len(tokens):
        twice = bool(signs) and signs == signs_after
        return own - blanks if start else 0, end + (len(after.rstrip()) if twice else 0)
    if start == 0 or is_paragraph(before[len(before.rstrip()) :]):
        return own, last
    if before in _HYPHENS and not signs_after and after:  # `well-` before it
        return first, end
    if after in _HYPHENS and not signs and before:  # and `-known` after it
        return own, last
    ours = signs_after in ("", signs) if attested is None else plain(attested).strip() != plain(signs_after)
    ours &= not (_END.search(after) and not _END.search(before))
    return (own, last) if ours else (own - blanks, end)


def put_in(text: str, tokens: Tokens, at: int, reading: str, beside: tuple[str, str]) -> tuple[Span, str]:
    """Where a reading goes that comes before token `at`, and with which blanks and signs. beside: what stands before
    and after it in the witness."""
    start, stop = gap(text, tokens, at)
    own = text[start:stop]
    before, after = beside
    if at == 0:
        return (stop, stop), reading + (_between(after, own or after, "") if len(tokens) else "")
    follows, precedes = _fit(own, before), _fit(own, after)
    if follows > precedes or (follows == precedes and at < len(tokens)):
        if at == len(tokens):
            stop = start + len(own.rstrip())
            return (stop, stop), f" {reading}{after.strip()}"
        return (stop, stop), reading + _between(after, own, "")
    return (start, start), _between(before, own, text if at == len(tokens) else "") + reading


def _fit(own: str, other: str) -> tuple[bool, bool]:
    """How well what stands between two words of the document goes with what does in a witness: by signs, and by ends
    of paragraphs."""
    return plain(own).strip() == plain(other).strip(), bool(_PARAGRAPH.search(own)) == bool(_PARAGRAPH.search(other))


def _between(signs: str, own: str, text: str) -> str:
    """What parts a reading from the word on its other side: the witness's signs, with one blank, or a new paragraph
    where the document has one, or could have one as its others are."""
    if not signs and not own:
        return ""
    if _PARAGRAPH.search(signs) and (ended := _PARAGRAPH.search(own) or _PARAGRAPH.search(text)):
        return signs.strip() + ended[0]
    return _BLANKS.sub(" ", signs) if signs.strip() else " "
