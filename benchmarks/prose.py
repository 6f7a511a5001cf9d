"""Texts that install with Debian packages become documents of a wanted length: the raw material of planted corpora.

1. Paragraphs are taken from HTML (`p`, `li`, `dd`; no code, no navigation) and reStructuredText (what is neither
   indented nor a directive), in the order of the pages.
2. A paragraph is kept if it has at least `PARAGRAPH_WORDS_MIN` words, is mostly letters of the language's script, has
   not been seen before, and, for a translation, does not stand in the English original as well.
3. Documents are runs of paragraphs of one page, cut to a number of words drawn from the wanted lengths. One of which
   more than `SEEN_SHARE_MAX` of the word 8-grams stood in documents before it is left out, so that a corpus holds no
   copies but those that are planted in it.

Limits: the last paragraph of a document is cut in its middle; in scripts without spaces a letter counts as a word.
"""

from __future__ import annotations

import functools
import gzip
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path

from thesaurus import MissingError

DOC = Path("/usr/share/doc")
PARAGRAPH_WORDS_MIN = 8
LETTER_SHARE_MIN = 0.7
GRAM_WORDS, SEEN_SHARE_MAX = 8, 0.03
HAN = "\u3400-\u9fff"
WORD = re.compile(rf"[{HAN}]|[^\W{HAN}]+(?:['’-][^\W{HAN}]+)*")
TAKEN, PASSED_OVER = {"p", "li", "dd"}, {"pre", "script", "style", "head", "table", "code", "nav"}


@dataclass(frozen=True, slots=True)
class Source:
    """A package and where in it the pages are: `read` gives the paragraphs of one."""

    package: str
    folder: Path
    pattern: str
    read: Callable[[str], Iterator[str]]


def of_html(page: str) -> Iterator[str]:
    """The paragraphs of a page in HTML."""
    parser = _Paragraphs()
    parser.feed(page)
    parser.close()
    yield from parser.found


class _Paragraphs(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._parts: list[str] = []
        self._passing = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in PASSED_OVER - {"code"}:
            self._passing += 1
        elif tag in TAKEN:
            self._end()

    def handle_endtag(self, tag: str) -> None:
        if tag in PASSED_OVER - {"code"}:
            self._passing = max(0, self._passing - 1)
        elif tag in TAKEN or tag in {"h1", "h2", "h3", "h4", "title", "div", "ul", "ol", "dt", "td"}:
            self._end()

    def handle_data(self, data: str) -> None:
        if not self._passing:
            self._parts.append(data)

    def _end(self) -> None:
        text = " ".join("".join(self._parts).split())
        self._parts = []
        if text:
            self.found.append(text)


def of_rst(page: str) -> Iterator[str]:
    """The paragraphs of a page in reStructuredText, without its marks."""
    for block in re.split(r"\n\s*\n", page):
        lines = block.splitlines()
        if not lines or any(line.startswith((" ", "\t", "..", "=", "-", "~", "^", "+", "|", ":")) for line in lines):
            continue
        text = re.sub(r":[a-z:+]+:`([^`<]*?)\s*(?:<[^>]*>)?`", r"\1", " ".join(" ".join(lines).split()))
        yield re.sub(r"[`*]+", "", text).removesuffix("::")


ENGLISH = (
    Source("anarchism", DOC / "anarchism/html", "*.html", of_html),
    Source("debian-handbook", DOC / "debian-handbook/html/en-US", "*.html", of_html),
    Source("postgresql-doc-15", DOC / "postgresql-doc-15/html", "*.html", of_html),
    Source("python3.11-doc", DOC / "python3.11/html/_sources", "**/*.rst.txt", of_rst),
    Source("linux-doc-6.1", DOC / "linux-doc-6.1/Documentation", "**/*.rst.gz", of_rst),
    Source("installation-guide-amd64", DOC / "installation-guide-amd64/en", "*.html", of_html),
)
TRANSLATED = {
    language: tuple(
        Source(package, DOC / place, "*.html", of_html)
        for package, place in (
            ("debian-handbook", f"debian-handbook/html/{locale}"),
            ("installation-guide-amd64", f"installation-guide-amd64/{guide}"),
        )
        if not place.endswith("/")
    )
    for language, locale, guide in (
        ("German", "de-DE", "de"),
        ("Spanish", "es-ES", "es"),
        ("Russian", "ru-RU", "ru"),
        ("Chinese", "zh-CN", "zh_CN"),
        ("Arabic", "ar-MA", ""),
    )
}
SCRIPTS = {"Russian": "\u0400-\u04ff", "Chinese": HAN, "Arabic": "\u0600-\u06ff"}
INSTALL = "apt-get install --no-install-recommends " + " ".join(source.package for source in ENGLISH)


def sources(language: str) -> tuple[Source, ...]:
    return ENGLISH if language == "English" else TRANSLATED[language]


@functools.cache
def pages(language: str) -> tuple[tuple[str, ...], ...]:
    """The paragraphs of each page in a language. Raises MissingError if a package is not installed."""
    seen: set[str] = set()
    if language != "English":
        seen.update(" ".join(found.split()) for page in pages("English") for found in page)
    kept: list[tuple[str, ...]] = []
    for source in sources(language):
        paths = sorted(path for path in source.folder.glob(source.pattern) if "translations" not in path.parts)
        if not paths:
            raise MissingError(f"{source.folder} holds no texts: {INSTALL}")
        for path in paths:
            kept.append(tuple(_kept(source.read(_text(path)), language, seen)))
    return tuple(page for page in kept if page)


def _text(path: Path) -> str:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode("utf-8", "replace")


def _kept(paragraphs: Iterator[str], language: str, seen: set[str]) -> Iterator[str]:
    letters = re.compile(f"[{SCRIPTS[language]}]" if language in SCRIPTS else r"[^\W\d_]")
    for text in paragraphs:
        marks = sum(not letter.isspace() for letter in text)
        if (
            len(WORD.findall(text)) >= PARAGRAPH_WORDS_MIN
            and len(letters.findall(text)) >= LETTER_SHARE_MIN * marks
            and text not in seen
        ):
            seen.add(text)
            yield text


def documents(
    language: str, lengths: Sequence[int], seed: int, seen_share_max: float = SEEN_SHARE_MAX
) -> Iterator[str]:
    """Documents of as many words as drawn from `lengths`, no two of which share more than a few phrases.

    The pages come in an order drawn from the seed; what is shorter than the length drawn is passed over.
    seen_share_max: the share of a document's 8-grams that may have stood in documents before.
    """
    draw = random.Random(f"{seed}|{language}")
    order = list(pages(language))
    draw.shuffle(order)
    seen: set[int] = set()
    for page in order:
        paragraphs = iter(page)
        while True:
            text = _filled(paragraphs, draw.choice(lengths))
            if text is None:
                break
            grams = set(_grams(text))
            if len(grams & seen) <= seen_share_max * len(grams):
                yield text
            seen |= grams


def _filled(paragraphs: Iterator[str], words: int) -> str | None:
    """The next paragraphs up to that number of words, or None if the page ends before it."""
    taken: list[str] = []
    missing = words
    for text in paragraphs:
        found = list(islice(WORD.finditer(text), missing))
        taken.append(text if len(found) < missing else text[: found[-1].end()])
        missing -= len(found)
        if not missing:
            return "\n\n".join(taken)
    return None


def _grams(text: str) -> Iterator[int]:
    words = WORD.findall(text.lower())
    return (hash(tuple(words[at : at + GRAM_WORDS])) for at in range(max(1, len(words) - GRAM_WORDS + 1)))
