"""Documents of a corpus become their texts once more: one UTF-8 buffer, as kernels read it, and offsets into it.

The lines of a file of records are read by one call (`kernels.spans`) and parsed all at once (`columns`); those with
anything unusual in them, and text files, one by one, as they were at first. Raises DedupError if a file is not what it
was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dedup import clean, read
from dedup.bulk import columns
from dedup.bulk.read import SLACK_BYTES, mended
from dedup.config import Config
from dedup.kernels import spans
from dedup.model import Corpus, SourceFile

I64s = NDArray[np.int64]


def texts_at(corpus: Corpus, numbers: Sequence[int], config: Config) -> tuple[NDArray[np.uint8], I64s]:
    """The texts of documents: buffer and offsets as in `read.Texts`, in the order of `numbers`, no two alike."""
    asked = np.asarray(numbers, np.int64)
    files = corpus.files[asked]
    blocks: list[columns.Block] = []
    texts: list[int] = []
    for number in np.unique(files).tolist():
        places = np.flatnonzero(files == number)
        if corpus.sources[number].holds_records:
            blocks += (replace(one, rows=places[one.rows]) for one in _of_records(corpus, asked[places], config))
        else:
            texts += places.tolist()
    if texts:
        raws = (read.raw_at(corpus.source(one), corpus.locator(one), "") for one in asked[texts].tolist())
        blocks.append(columns.block_of(np.array(texts), [mended(clean.document(raw)) for raw in raws]))
    return columns.assembled(blocks, SLACK_BYTES)[:2]


def _of_records(corpus: Corpus, numbers: I64s, config: Config) -> Iterator[columns.Block]:
    """The texts of records of one file, encoding repaired, line by line as they stand there: of a file only the last
    line may have no end, and so it is the last one here."""
    order = np.argsort(corpus.starts[numbers], kind="stable")
    own = numbers[order]
    starts, stops = (side[own].astype(np.int64) for side in (corpus.starts, corpus.stops))
    lines = _lines(corpus.source(int(own[0])), starts, stops)
    ends = np.cumsum(stops - starts)
    begins = ends - (stops - starts)
    blocks, odd = columns.blocks(lines, begins, ends, ("text",), config.document_bytes_max)
    if len(odd):
        raws = (read.record(corpus.locator(int(own[row])), lines[begins[row] : ends[row]]) for row in odd.tolist())
        blocks.append(columns.block_of(odd, [mended(clean.document(raw)) for raw in raws]))
    return (replace(one, rows=order[one.rows]) for one in blocks)


def _lines(file: SourceFile, starts: I64s, stops: I64s) -> bytes:
    """Bytes of a file, stretch by stretch."""
    if hasattr(os, "pread"):
        data = np.empty(int((stops - starts).sum()), np.uint8)
        with suppress(OSError), file.readable.open("rb", buffering=0) as source:
            if spans.read_spans(source.fileno(), starts, stops, data) == len(starts):
                return data.tobytes()
    return b"".join(read.pieces_at(file, zip(starts.tolist(), stops.tolist(), strict=True)))  # and what is wrong
