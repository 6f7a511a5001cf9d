"""Arrow files of a Hugging Face dataset that were written anew get the notes by which `datasets` loads them again.

What `save_to_disk` made is a folder of Arrow files; `state.json` there names these, and has a fingerprint by which
results are kept for later; `dataset_info.json` tells of the columns and how much there is. Several such folders, one a
split, may stand in one with `dataset_dict.json`, which names them.

1. Folders of the sources that have such notes, and are on this machine, are told by these.
2. The same notes are put beside what was written: with the files, rows and bytes that there are, and a fingerprint of
   the content, so that nothing is taken from an earlier time that was made of other rows.
3. Where all rows of a split were dropped, one of its files is written without rows, so that the split is there.

Limits: files that two datasets left in one folder are no dataset, and get no notes; nor do those of a folder whose
notes cannot be read, and those in an archive or at a URL.
Source: https://huggingface.co/docs/datasets/package_reference/main_classes#datasets.Dataset.save_to_disk
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from dedup.model import SourceFile

STATE, INFO, SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Dataset:
    """A folder of a dataset: where it was, what it is now, the names of its files, and its notes."""

    source: Path
    target: Path
    files: tuple[str, ...]
    state: Mapping[str, Any]


def write_notes(sources: Sequence[SourceFile], names: Mapping[int, str], folder: Path) -> None:
    """Writes the notes of datasets into a folder; names: the paths in it of what was written, by number of the source.

    Raises OSError if they cannot be written.
    """
    found = _datasets(sources, names, folder)
    for parent in sorted({one.source.parent for one in found}):
        beside = [one for one in found if one.source.parent == parent]
        splits = _told(parent / SPLITS).get("splits")
        own = [one for name in splits for one in beside if one.source.name == name] if isinstance(splits, list) else []
        sizes = {one.source.name: _noted(one) for one in beside}
        for one in beside:
            alone = {one.state.get("_split"): sizes[one.source.name]}
            _informed(one, {split.source.name: sizes[split.source.name] for split in own} if one in own else alone)
        if own:
            _put(own[0].target.parent / SPLITS, {"splits": [one.source.name for one in own]})


def _datasets(sources: Sequence[SourceFile], names: Mapping[int, str], folder: Path) -> list[_Dataset]:
    """The datasets of the sources, and where each is to be."""
    states: dict[Path, Mapping[str, Any]] = {}
    targets: dict[Path, set[Path]] = {}
    for number, file in enumerate(sources):
        if file.form == "arrow" and isinstance(file.path, Path) and not file.archive:
            source = file.path.parent
            if source not in states:
                states[source] = _told(source / STATE)
            if file.path.name in _files(states[source]):
                own = targets.setdefault(source, set())
                own |= {(folder / names[number]).parent} if number in names else set()
    for source, own in targets.items():
        if not own:  # it goes where the other splits went
            splits = _told(source.parent / SPLITS).get("splits") or ()
            others = (targets.get(source.parent / name, ()) for name in splits if source.name in splits)
            own |= {target.parent / source.name for other in others for target in other}
    every = [target for own in targets.values() for target in own]
    return [
        _Dataset(source, next(iter(own)), _files(states[source]), states[source])
        for source, own in targets.items()
        if len(own) == 1 and every.count(*own) == 1
    ]


def _files(state: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the files of a dataset, by its state."""
    told = state.get("_data_files")
    some = told if isinstance(told, list) else []
    names = (one.get("filename") for one in some if isinstance(one, dict))
    return tuple(name for name in names if isinstance(name, str) and name == Path(name).name)


def _told(path: Path) -> Mapping[str, Any]:
    """What a file of notes tells, nothing if it is not there or no notes."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _noted(one: _Dataset) -> tuple[int, int]:
    """Writes the state of a dataset; the rows and bytes of its files."""
    import pyarrow as pa

    one.target.mkdir(parents=True, exist_ok=True)
    if not any((one.target / name).exists() for name in one.files):
        first = next(name for name in one.files if (one.source / name).exists())
        with _opened(one.source / first) as reader, pa.OSFile(str(one.target / first), "wb") as out:
            pa.ipc.new_stream(out, reader.schema).close()
    files = [name for name in one.files if (one.target / name).exists()]
    state = {**one.state, "_data_files": [{"filename": name} for name in files]}
    _put(one.target / STATE, {**state, "_fingerprint": _fingerprint(one, files)})
    rows = size = 0
    for name in files:
        with _opened(one.target / name) as reader:
            for batch in reader:
                rows, size = rows + batch.num_rows, size + batch.nbytes
    return rows, size


def _opened(path: Path) -> Any:
    """What reads a file of a dataset: these are in the stream format."""
    import pyarrow as pa

    return pa.ipc.open_stream(pa.memory_map(str(path)))


def _fingerprint(one: _Dataset, files: Iterable[str]) -> str:
    found = blake2b(str(one.state.get("_fingerprint")).encode(), digest_size=8)
    for name in files:
        with (one.target / name).open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                found.update(piece)
    return found.hexdigest()


def _informed(one: _Dataset, sizes: Mapping[Any, tuple[int, int]]) -> None:
    """Writes what is told of a dataset, with the rows and bytes of splits as they are now."""
    info = dict(_told(one.source / INFO))
    splits = info.get("splits")
    if isinstance(splits, dict):
        told = {name: dict(split) for name, split in splits.items() if isinstance(split, dict)}
        for name in told.keys() & sizes.keys():
            told[name] |= {"num_examples": sizes[name][0], "num_bytes": sizes[name][1]}
            told[name].pop("shard_lengths", None)
        total = sum(split.get("num_bytes") or 0 for split in told.values())
        info |= {"splits": told, "dataset_size": total}
        if "size_in_bytes" in info:
            info["size_in_bytes"] = total + (info.get("download_size") or 0)
    _put(one.target / INFO, info)


def _put(path: Path, told: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(told, indent=2, sort_keys=True), encoding="utf-8")
