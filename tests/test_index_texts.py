"""Texts of an index come back as they were put in, whichever are asked for; memory is kept only while it adds."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import corpus, jsonl

from dedup.bulk.verify import PART_PAIRS
from dedup.engines import memory
from dedup.index import findings, texts
from dedup.index.files import Mapped
from dedup.index.handle import Index
from dedup.index.manifest import Texts
from dedup.kernels.keys import unsound_among
from dedup.model import DedupError

pieces = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    st.integers(texts.BLOCK_BYTES - 2, 3 * texts.BLOCK_BYTES).map(
        lambda size: b"glacier " * (size // 8) + b"x" * (size % 8)
    ),
)


def filed(folder: Path, number: int, own: list[bytes], first: int) -> tuple[Mapped, Texts]:
    """A file of these texts, of which the first has a number."""
    size = len(own)
    counts = texts.Counts(*(np.zeros(size, dtype) for dtype in (np.int32, np.uint64, np.uint32, np.uint8)))
    ids = [f"d{first + row}" for row in range(size)]
    reference = texts.written(folder / f"texts-{number}", ids, {}, texts.packed(*texts.laid(own)), counts)
    return Mapped(folder, reference), Texts(reference, first, size)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(pieces, min_size=1, max_size=12), min_size=1, max_size=3), st.data())
def test_texts_come_back_in_any_order(held: list[list[bytes]], data: st.DataObject) -> None:
    every = [text for own in held for text in own]
    asked = data.draw(st.lists(st.integers(0, len(every) - 1), max_size=20))
    with tempfile.TemporaryDirectory() as folder:
        firsts = np.cumsum([0, *map(len, held)]).tolist()
        files = [filed(Path(folder), number, own, firsts[number]) for number, own in enumerate(held)]
        assert texts.Stored(files).texts(asked) == [every[number] for number in asked]


def test_documents_read_at_once_are_kept_as_far_as_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index.create(tmp_path / "index")
    index.add(jsonl(tmp_path / "rows.jsonl", corpus(12)))
    every = findings.Together(index.refreshed(), texts.Batch([], *texts.laid([]), {}))
    calls: list[int] = []
    reading = texts.Stored.documents
    monkeypatch.setattr(
        texts.Stored, "documents", lambda self, numbers: calls.append(len(numbers)) or reading(self, numbers)
    )
    monkeypatch.setattr(findings, "DOCUMENTS_HELD", 3)
    every.hold(np.array([[4, 0], [2, 4], [1, 3]]))
    assert [every[number].id for number in (0, 1, 2)] == [index.refreshed().stored[number] for number in (0, 1, 2)]
    assert calls == [3]
    assert every[3].id == index.refreshed().stored[3]
    assert every[1].text
    assert calls == [3, 1]  # only the one that was read first had to go


def test_a_block_that_is_not_what_was_written_is_refused_and_no_other(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    own = [rng.bytes(texts.BLOCK_BYTES) for _ in range(4)]  # each a block of its own
    _, told = filed(tmp_path, 0, own, 0)
    path = tmp_path / told.file.name
    content = bytearray(path.read_bytes())
    content[2 * texts.BLOCK_BYTES + 8000] ^= 1
    path.write_bytes(content)
    stored = texts.Stored([(Mapped(tmp_path, told.file), told)])
    assert stored.texts([0, 1]) == own[:2]
    with pytest.raises(DedupError, match="is damaged: bytes 36,864 to 40,960"):
        stored.texts([0, 2])


def test_stretches_beyond_a_file_are_refused() -> None:
    data, sums, sound = np.zeros(8192, np.uint8), np.zeros(2, np.uint64), np.ones(2, np.uint8)
    for first, stop in ((0, 3), (-1, 1)):
        with pytest.raises(ValueError, match="no such pages"):
            unsound_among(data, sums, sound, np.array([first]), np.array([stop]))
    with pytest.raises(ValueError, match="do not fit"):
        unsound_among(data, sums, sound, np.array([0, 1]), np.array([1]))
    assert unsound_among(data, sums, sound, np.array([0, 1]), np.array([1, 2])) == -1


def test_memory_is_kept_while_an_index_is_added_to(tmp_path: Path) -> None:
    before = pa.default_memory_pool().backend_name
    with memory.kept():
        assert pa.default_memory_pool().backend_name == "system"
    index = Index.create(tmp_path / "index")
    for _ in index.adding(jsonl(tmp_path / "rows.jsonl", corpus(6)), batch_documents=4):
        assert pa.default_memory_pool().backend_name == "system"
    assert pa.default_memory_pool().backend_name == before


@given(st.integers(0, 5 * PART_PAIRS), st.integers(1, 5))
def test_pairs_are_shared_out_evenly_and_whole(size: int, workers: int) -> None:
    pairs = np.arange(2 * size).reshape(-1, 2)
    parts = findings._shared_out(pairs, workers) if size else []
    assert np.array_equal(np.concatenate([pairs[:0], *parts]), pairs)
    sizes = [len(part) for part in parts]
    assert not sizes or max(sizes) <= min(PART_PAIRS, min(sizes) + 1)
    assert size < findings.PAIRS_SHARED or len(parts) % workers == 0
