"""Edits on disk become edits again, and the text that they gave becomes the one that they were made on.

What `restore --edits` and `clean` write names with each edit the document and its encoding, so that taking the edits
back gives the very bytes of the original. Records of other kinds are passed over. What does not fit the text is
refused as a whole, since half an undoing would be neither text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dedup import edits
from dedup.model import DedupError, Edit

ENCODING = "utf-8"
"""Of edits that do not name one."""


@dataclass(frozen=True, slots=True)
class Made:
    """The edits on one document, in order, and the encoding that it had."""

    id: str
    encoding: str
    edits: tuple[Edit, ...]


def made(path: Path, document: str) -> Made:
    """The edits in a file, of the document with that path if they are of several.

    Raises DedupError if the file cannot be read, or holds no edits that go together.
    """
    records = list(_records(path))
    ids = sorted({str(record.get("id", "")) for _, record in records})
    own = [one for one in ids if Path(document).as_posix().endswith(f"/{one}") or document == one]
    if len(ids) > 1 and not own:
        raise DedupError(path, f"holds edits on {len(ids)} documents, none of them {document}", "name the text of one")
    name = max(own, key=len) if len(ids) > 1 else (ids[0] if ids else "")
    wanted = [(number, record) for number, record in records if str(record.get("id", "")) == name]
    found = tuple(_edit(record, path, number) for number, record in wanted)
    stop = 0
    for (number, _), edit in zip(wanted, found, strict=True):
        if edit.span[0] < stop:
            raise _broken(path, number)
        stop = edit.span[1]
    return Made(name, _encoding(wanted, path), found)


def undone(data: bytes, done: Made, path: Path) -> bytes:
    """The bytes of the text before the edits, of those after. Raises DedupError if they are another text's."""
    if not done.edits:
        return data
    inverse = edits.inverse(done.edits)
    codec = "utf-8" if done.encoding == "json" else done.encoding
    for one in dict.fromkeys((codec, "utf-8")):  # what its encoding had no characters for was written as UTF-8
        try:
            text = data.decode(one, _errors(one))
        except UnicodeError:
            continue
        if all(text[slice(*edit.span)] == edit.before and edit.span[1] <= len(text) for edit in inverse):
            try:
                return edits.applied(text, inverse).encode(codec, _errors(codec))
            except UnicodeError:
                break
    raise DedupError(path, "is not the text that these edits gave", "name the restored text as it was written")


def _encoding(records: Iterable[tuple[int, Mapping[str, Any]]], path: Path) -> str:
    """The encoding that the records name, which is one of text."""
    found = ENCODING
    for number, record in records:
        found = str(record.get("encoding", ENCODING))
        try:
            "".encode("utf-8" if found == "json" else found)  # what is no encoding of text raises LookupError too
        except (LookupError, ValueError) as error:
            raise _broken(path, number) from error
    return found


def _errors(codec: str) -> str:
    return "surrogatepass" if codec.startswith("utf") else "strict"


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The records of edits, with the numbers of their lines."""
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _broken(path, number) from error
        if not isinstance(record, dict):
            raise _broken(path, number)
        if record.get("record") == "edit":
            yield number, record


def _lines(path: Path) -> Iterable[str]:
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DedupError(path, f"cannot be read ({error.strerror})", "name a file of edits") from error
    except UnicodeDecodeError as error:
        raise DedupError(path, "is not UTF-8", "name a file that `dedup restore --edits` wrote") from error


def _edit(record: Mapping[str, Any], path: Path, number: int) -> Edit:
    start, stop, before, after = (record.get(name) for name in ("start", "stop", "before", "after"))
    if not (isinstance(start, int) and isinstance(stop, int) and 0 <= start <= stop):
        raise _broken(path, number)
    if not (isinstance(before, str) and isinstance(after, str) and len(before) == stop - start):
        raise _broken(path, number)
    return Edit((start, stop), before, after, str(record.get("cause", "")))


def _broken(path: Path, number: int) -> DedupError:
    return DedupError(path, f"line {number} is no edit in order", "name a file that `dedup restore --edits` wrote")
