"""What is dropped becomes losses: the sources of which a run would take too much away.

A source is the folder in which a text lies; of a record it is what stands there under `source`, or else the file. One
that loses more than `source_loss_max` of its documents was perhaps not copied, but mistaken for copies.

Sources that records name are told apart by hashes of 64 bits; the names of those that are reported are read again, so
that none need be kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import Corpus, Loss, SourceFile


def origin(source: str) -> int:
    """The number of a source that a record names: 64 bits, never 0 but for "", which is none."""
    if not source:
        return 0
    return int.from_bytes(blake2b(source.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") or 1


def losing(corpus: Corpus, dropped: NDArray[np.int64], named: Callable[[int], str], config: Config) -> tuple[Loss, ...]:
    """The sources that lose too much of what they have, the greatest losses first, then by name.

    dropped: the documents that give way to others, by number. named: the source that a record names, by number.
    """
    if not len(dropped):
        return ()
    names, of = groups(corpus)
    documents = np.bincount(of)
    lost = np.bincount(of[dropped], minlength=len(documents))
    found = (documents >= config.source_documents_min) & (lost > config.source_loss_max * documents)
    told = []
    for group in np.flatnonzero(found).tolist():
        name = names[group] if group < len(names) else named(int(np.argmax(of == group)))
        told.append(Loss(name, int(documents[group]), int(lost[group])))
    return tuple(sorted(told, key=lambda loss: (-loss.dropped, loss.source)))


def groups(corpus: Corpus) -> tuple[list[str], NDArray[np.int64]]:
    """The folders and files of the corpus, and the source of each document: one of these, or a number beyond them."""
    numbers: dict[str, int] = {}
    of_file = [numbers.setdefault(_place(file), len(numbers)) for file in corpus.sources]
    groups = np.array(of_file, np.int64)[corpus.files]
    if corpus.origins is not None and corpus.origins.any():
        named = np.unique(corpus.origins, return_inverse=True)[1]
        groups = np.where(corpus.origins != 0, len(numbers) + named, groups)
    return list(numbers), groups


def _place(file: SourceFile) -> str:
    """The source of what a file holds, unless its records name another."""
    return str(file.path) if file.holds_records else os.path.dirname(file.path) or "."  # noqa: PTH120 (for millions)
