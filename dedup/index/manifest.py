"""What an index consists of at a moment: a manifest, and the folder that it is put into.

1. A manifest names every file of the index by its digest, the number of the next document, and the configuration; it
   has a checksum of its own.
2. `committed` writes it beside the old one, waits until it is on disk, renames it over the old one, and waits until the
   folder is on disk. That rename is the one moment at which documents are in the index, or not.
3. `locked` lets one writer in at a time; the lock goes with its process, however that ends. Readers need none.
4. `swept` removes files that no manifest names: of a writer that was killed, and those that were merged into others.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from dedup.bulk.sketch import EDITION
from dedup.config import Config
from dedup.index.files import REMEDY, Reference
from dedup.model import DedupError

FORMAT = 3
"""Of the files. One of another format is refused."""
MANIFEST, LOCK = "manifest.json", "lock"
OWN_FILES = ("texts-", "keys-", "ranking-", "removed-")
COUNTING = (
    "threshold", "shingle_length_tokens", "permutations", "band_recall", "term_count", "term_documents_max",
    "terms_shared_min", "passage_shingles_min", "passage_sampling", "passage_documents_all", "key_documents_max",
    "bucket_documents_max", "anchor_length_tokens", "passage_gap_tokens", "passage_equal_tokens_min",
    "passage_density_min", "copy_coverage_min", "replaced_words_min", "in_order_share_min", "in_order_replaced_min",
    "in_order_replaced_unread_min", "in_order_uneven_max", "excerpt_containment_min", "excerpt_length_ratio_max",
    "spun_rate_min", "spun_systematic_min", "spun_window_tokens", "spun_common_share_min", "noise_similarity_min",
    "noise_coverage_min", "noise_likeness_min", "noise_evenness_min", "noise_rate_min", "noise_words_min",
    "noise_uneven_max", "addition_tokens", "block_tokens", "confidence_min", "noise_card_weight", "damage_weight",
)  # fmt: skip
"""The options that sketches, candidates and findings depend on: they are an index's own, from its making on."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A file of documents: its first number, and how many it has."""

    file: Reference
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Keys:
    """A file of keys: how often it was merged, and its postings."""

    file: Reference
    level: int
    postings: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index consists of. generation: one more with every commit. config: by name, those of COUNTING.

    next_number: of the next document. next_file: of the next file. edition: how often terms were ranked; sample_bytes:
    of the texts by which they are; ranking: the file that has them so. text_bytes: of all texts that were ever added.
    texts, keys: files, the oldest first. removed: the file of the numbers of documents that were removed; compacted:
    how many of these nothing is left of.
    """

    generation: int
    config: Mapping[str, float]
    next_number: int = 0
    next_file: int = 0
    edition: int = 0
    sample_bytes: int = 0
    text_bytes: int = 0
    ranking: Reference | None = None
    texts: tuple[Texts, ...] = ()
    keys: tuple[Keys, ...] = ()
    removed: Reference | None = None
    compacted: int = 0

    @property
    def files(self) -> list[Reference]:
        single = [one for one in (self.ranking, self.removed) if one]
        return [*single, *(one.file for one in self.texts), *(one.file for one in self.keys)]


def counting(config: Config) -> dict[str, float]:
    return {name: getattr(config, name) for name in COUNTING}


def counted(manifest: Manifest, config: Config) -> Config:
    """The configuration with the options that are the index's own."""
    own: dict[str, Any] = {name: manifest.config[name] for name in COUNTING}
    return replace(config, **own)


def refuse_other(folder: Path, manifest: Manifest, asked: Mapping[str, float]) -> None:
    """Raises DedupError if options are asked for that the index was not made with."""
    differing = [name for name, value in asked.items() if manifest.config[name] != value]
    if differing:
        told = ", ".join(f"{name} {manifest.config[name]:g}, not {asked[name]:g}" for name in differing)
        remedy = "leave these options out, or create another index with them"
        raise DedupError(folder, f"was created with {told}", remedy)


def loaded(folder: Path) -> Manifest:
    """The manifest of an index. Raises DedupError if there is none, or none that can be trusted."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        if folder.exists():
            raise DedupError(folder, "is not an index", "name the folder that `dedup index create` made") from error
        remedy = f"check the spelling, or make it: dedup index create {folder}"
        raise DedupError(folder, "does not exist", remedy) from error
    except NotADirectoryError as error:
        raise DedupError(folder, "is not an index", "name the folder that `dedup index create` made") from error
    except OSError as error:
        raise DedupError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    try:
        told: dict[str, Any] = json.loads(data)
        checksum, version = told.pop("checksum"), told.pop("format")
        made_by = told.pop("tokens")
        sums_agree = checksum == _checksum({**told, "format": version, "tokens": made_by})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DedupError(path, "is damaged: it cannot be read", REMEDY) from error
    if not sums_agree:
        raise DedupError(path, "is damaged: its checksum is not that of its content", REMEDY)
    if (version, made_by) != (FORMAT, EDITION):
        problem = f"is of format {version}, tokens {made_by}; this version reads format {FORMAT}, tokens {EDITION}"
        raise DedupError(folder, problem, "make it anew with this version, or use the one that made it")
    return Manifest(
        **{field.name: told[field.name] for field in fields(Manifest)}
        | {
            "ranking": Reference(**told["ranking"]) if told["ranking"] else None,
            "removed": Reference(**told["removed"]) if told["removed"] else None,
            "texts": tuple(Texts(**{**one, "file": Reference(**one["file"])}) for one in told["texts"]),
            "keys": tuple(Keys(**{**one, "file": Reference(**one["file"])}) for one in told["keys"]),
        }
    )


def mark(folder: Path) -> tuple[int, ...]:
    """What tells one manifest from the next without reading it; nothing if there is none."""
    try:
        found = (folder / MANIFEST).stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _checksum(told: Mapping[str, Any]) -> str:
    return blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()


def held(folder: Path, files: Iterable[Reference]) -> None:
    """Waits until files are on disk; their names may not be."""
    for one in files:
        with (folder / one.name).open("r+b") as file:
            os.fsync(file.fileno())


def committed(folder: Path, manifest: Manifest, before: Manifest | None = None) -> None:
    """Makes a manifest the one of the index; when this returns, it is on disk, and so is what it names.

    before: a manifest that was committed, whose files are on disk.
    """
    known = {one.name for one in before.files} if before else set()
    held(folder, [one for one in manifest.files if one.name not in known])
    told = {**asdict(manifest), "format": FORMAT, "tokens": EDITION}
    draft = folder / f"{MANIFEST}.new"
    with draft.open("wb") as file:
        file.write(json.dumps({**told, "checksum": _checksum(told)}, indent=1, sort_keys=True).encode())
        file.flush()
        os.fsync(file.fileno())
    synced(folder)  # the names of the files that the manifest names, before the manifest
    draft.replace(folder / MANIFEST)
    synced(folder)


def synced(folder: Path) -> None:
    """Waits until the names in a folder are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of the one writer. Raises DedupError if another has it, and tells which."""
    import fcntl  # which only some systems have

    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        problem = f"cannot be written to ({error.strerror})"
        raise DedupError(folder, problem, "check its permissions, or the spelling of the path") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 1000).decode("utf-8", "replace") or "another process"
            raise DedupError(folder, f"is being written by {holder}", "wait until that has ended") from error
        with suppress(OSError):  # a note for others, which a full disk need not take
            os.ftruncate(handle, 0)
            since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            os.write(handle, f"process {os.getpid()} on {socket.gethostname()}, since {since}".encode())
        yield
    finally:
        os.close(handle)


def swept(folder: Path, manifest: Manifest) -> None:
    """Removes files of the index that the manifest does not name."""
    named = {one.name for one in manifest.files}
    for path in folder.iterdir():
        if path.name.startswith((*OWN_FILES, f"{MANIFEST}.new")) and path.name not in named:
            path.unlink(missing_ok=True)
