"""Names of files become what they hold; where a name tells nothing, as with standard input, the first bytes do.

So they do of `.json`, which some give to lines of JSON: two lines that are an object each are no one JSON text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from dedup.config import Config
from dedup.model import Codec, Form

FORMS: dict[str, Form] = {
    ".jsonl": "lines", ".ndjson": "lines",
    ".csv": "csv", ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".html": "html", ".htm": "html", ".xhtml": "html",
    ".warc": "warc", ".wet": "warc",
    ".tar": "tar", ".zip": "zip",
}  # fmt: skip
CODECS: dict[str, Codec] = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2", ".xz": "xz"}
SHORT: dict[str, Codec] = {
    ".tgz": "gzip", ".tzst": "zstd", ".tbz2": "bz2", ".tbz": "bz2", ".txz": "xz"
}  # fmt: skip
CODEC_MARKS: dict[bytes, Codec] = {
    b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"
}  # fmt: skip
FORM_MARKS: dict[bytes, Form] = {
    b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow", b"WARC/": "warc", b"PK\x03\x04": "zip",
    b"{": "lines",
}  # fmt: skip
DELIMITERS = (b",", b";", b"\t", b"|")
MARK_BYTES = 512
LINE_BYTES = 1 << 20


def named(name: str, config: Config) -> tuple[Form, Codec]:
    """What a file of this name holds, and how it is compressed."""
    rest = name.lower()
    short = next((codec for end, codec in SHORT.items() if rest.endswith(end)), None)
    if short:
        return "tar", short
    codec: Codec = ""
    for end, one in CODECS.items():
        if rest.endswith(end):
            rest, codec = rest.removesuffix(end), one
            break
    forms: Iterator[Form] = (form for end, form in FORMS.items() if rest.endswith(end))
    return _as_asked(next(forms, "text"), config), codec


def _as_asked(form: Form, config: Config) -> Form:
    if form == "html" and config.html == "source":
        return "text"
    columns = (config.text_column, config.id_column, config.source_column)
    return "keyed" if form == "lines" and columns != ("text", "id", "source") else form


def codec_of(head: bytes) -> Codec:
    """How bytes that begin so are compressed."""
    return next((codec for mark, codec in CODEC_MARKS.items() if head.startswith(mark)), "")


def form_of(head: bytes, config: Config) -> Form:
    """What bytes that begin so hold, as far as these tell."""
    if head[257:262] == b"ustar":
        return "tar"
    found = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    forms: Iterator[Form] = (form for mark, form in FORM_MARKS.items() if found.startswith(mark))
    return _as_asked(next(forms, "csv" if _is_header(found, config) else "text"), config)


def _is_header(head: bytes, config: Config) -> bool:
    """Whether bytes begin with the names of columns, the texts' among them: bare words, of which prose has no line."""
    line, end, _ = head.partition(b"\n")
    named = config.text_column.encode()
    fields = (re.split(re.escape(delimiter), line.rstrip(b"\r")) for delimiter in DELIMITERS)
    names = next(([one.strip(b'"') for one in some] for some in fields if len(some) > 1), [])
    return bool(end) and named in names and all(re.fullmatch(rb"[\w.-]+", one) or one == named for one in names)


def in_lines(source: BinaryIO, config: Config) -> Form:
    """What a file named .json holds: records if its first two lines are whole JSON objects, which no one JSON text has.

    Lines over LINE_BYTES are not looked at.
    """
    for _ in range(2):
        line = source.readline(LINE_BYTES)
        try:
            found = isinstance(json.loads(line), dict)
        except (ValueError, RecursionError):
            return "text"
        if not found:
            return "text"
    return _as_asked("lines", config)
