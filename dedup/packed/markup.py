"""HTML becomes text: the main text of the page, as trafilatura tells it from the rest, or all that a reader would see.

1. Bytes are decoded by what is declared (by the server, by a byte-order mark, in the head), else as UTF-8, else, as
   browsers do, as Windows-1252.
2. `main`: trafilatura's main text with its tables, without comments. A page in which it finds none is a problem.
3. `text`: the text between the tags, but for scripts, styles and what is marked as hidden; blocks begin a new line.

A page is one document and stays as it is when it is written: no edit of its text can be made in the markup.
Source: https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding
"""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser
from pathlib import Path

from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed.unpacked import Tell, Unpacked, missing_extra, opened

HEAD_BYTES = 1024
"""Bytes in which browsers look for a declared encoding."""
_DECLARED = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]+encoding=["']([\w.:-]+)""", re.I)
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def unpacked(file: SourceFile, target: Path, config: Config, tell: Tell) -> Unpacked:
    """The text of a page, in UTF-8, written to `target`. Raises DedupError, or OSError if it cannot be written."""
    with opened(file) as source:
        data = source.read(config.document_bytes_max + 1)
    found = text(str(file.path), decoded(data), config).encode("utf-8", "replace")
    target.write_bytes(found)
    tell(file.size_bytes)
    return Unpacked(1, len(found), ())


def decoded(data: bytes, charset: str | None = None) -> str:
    """The characters of a page; `charset` is what the server said."""
    declared = _DECLARED.search(data[:HEAD_BYTES])
    marked = next((codec for mark, codec in _MARKS if data.startswith(mark)), None)
    named = (declared[1] or declared[2]).decode("ascii") if declared else None
    for codec in (marked, charset, named, "utf-8"):
        try:
            if codec and codecs.lookup(codec).name:
                return data.decode(codec)
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("windows-1252", "replace")


def text(place: str, page: str, config: Config) -> str:
    """The text of a page. Raises DedupError if none can be told, or a library is missing."""
    if config.html == "text":
        return visible(page)
    try:
        import trafilatura
    except ModuleNotFoundError as error:
        raise missing_extra(place, "HTML", "html", ", or give --html text") from error
    import logging

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it says of a page is said below
    found = trafilatura.extract(page, include_comments=False)
    if not found or not found.strip():
        remedy = "leave it out, or give --html text to take all its text"
        raise DedupError(place, "is HTML in which no main text is found", remedy)
    return str(found) + "\n"


# --- all visible text ------------------------------------------------------------------------------------------

UNSEEN = frozenset(("head", "script", "style", "template", "noscript", "svg", "math", "iframe", "object", "select"))
BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption footer"
    " figure form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody td th"
    " tfoot thead tr ul".split()
)
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_SPACE = re.compile(r"[ \t\r\n\f]+")


def visible(page: str) -> str:
    """The text that a reader of a page would see, a line for each block."""
    parser = _Visible()
    parser.feed(page)
    parser.close()
    lines = ("".join(line) for line in parser.lines)
    kept = (_SPACE.sub(" ", line).strip() for line in lines)
    return "".join(f"{line}\n" for line in kept if line)


class _Visible(HTMLParser):
    """Gathers lines of visible text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[list[str]] = [[]]
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            if tag == "body":
                self._unseen = []  # a head that was never closed
            self.lines.append([])
        hidden = any(name == "hidden" for name, _ in attrs)
        if tag not in VOID and (tag in UNSEEN or hidden or tag in self._unseen):
            self._unseen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            while self._unseen.pop() != tag:
                pass
        if tag in BLOCKS:
            self.lines.append([])

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.lines[-1].append(data)
