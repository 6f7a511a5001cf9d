"""The English words and bigrams that `language` knows become tables by token hash (see `kernels.readings`).

They take a second to make, and are kept in the user's cache under the versions of the lists and a digest of the code
here. Of what is read from there it is looked whether some words are where their hashes say.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import cached, clean, language
from dedup.bulk.read import padded
from dedup.bulk.sketch import token_hashes
from dedup.kernels import readings

U64s = NDArray[np.uint64]
LOOKED_UP = ("of", "nothing", "government", "responsibility")
"""Words of one step of the hash and of two, that are in every list."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Each (2**m, 2) uint64, see `kernels.readings.table`. zipfs: frequencies of words. bigrams: mutual information of
    two. frequent: the words that tell whether a text is in English (`language.is_known`)."""

    zipfs: U64s
    bigrams: U64s
    frequent: U64s


@cache
def english() -> Tables:
    """The tables, from the cache or made."""
    try:
        sources = [metadata.version(name) for name in ("wordfreq", "wordsegment")]
    except metadata.PackageNotFoundError:  # as in a frozen program: nothing would tell an old list from a new one
        found = _made()
    else:
        code = cached.digest(clean.__file__, language.__file__, readings.__file__, __file__)
        found = cached.arrays("-".join(("english", unicodedata.unidata_version, *sources, code)), _made, _are_sound)
    return Tables(found["zipfs"], found["bigrams"], found["frequent"])


def _made() -> cached.Arrays:
    words, zipfs = language.frequencies()
    plain = np.fromiter((word.isascii() and word.replace("'", "").isalnum() for word in words), bool, len(words))
    order = np.argsort(plain, kind="stable")  # of two words with one matching form that one counts which has it
    hashes = _hashes(words)
    return {
        "zipfs": readings.table(hashes[order], zipfs[order]),
        "bigrams": _bigrams(dict(zip(words, zipfs.tolist(), strict=True))),
        "frequent": _frequent(words, zipfs),
    }


def _bigrams(zipf_of: dict[str, float]) -> U64s:
    firsts, seconds, counts = language.bigrams()
    one, other = (np.array([zipf_of.get(word, 0.0) for word in side]) for side in (firsts, seconds))
    keys = readings.bigram_key.py_func(_hashes(firsts), _hashes(seconds))  # type: ignore[attr-defined]
    distinct, places = np.unique(keys, return_inverse=True)
    together = np.bincount(places, weights=np.array(counts, np.float64))
    bits = np.zeros(len(distinct))
    expected = (one + other - 18.0) * np.log2(10.0)
    found = np.maximum(language.AVOIDING_BITS, np.log2(together[places] / language.BIGRAM_TOKENS) - expected)
    bits[places] = np.where((one > 0) & (other > 0), found, 0.0)
    return readings.table(distinct, bits)


def _frequent(words: Sequence[str], zipfs: NDArray[np.float64]) -> U64s:
    frequent = [words[at] for at in np.flatnonzero(zipfs >= language.KNOWN_ZIPF).tolist()]
    possessives = (f"{word}'s" for word in frequent)
    hashes = _hashes([*frequent, *(word for word in possessives if language.zipf(word) >= language.KNOWN_ZIPF)])
    hashes = hashes[hashes > 0]
    return readings.table(hashes, np.ones(len(hashes)))


def _hashes(words: Sequence[str]) -> U64s:
    """The token hash of each word; 0 for what is not one token, which then stands for nothing that is asked for."""
    pieces = [word.encode("utf-8") for word in words]
    offsets = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    hashes, counts, _ = token_hashes(padded(b"".join(pieces)), offsets)
    found = np.zeros(len(pieces), np.uint64)
    found[counts == 1] = hashes[(np.cumsum(counts) - 1)[counts == 1]]
    return found


def _are_sound(found: cached.Arrays) -> bool:
    """Whether every search in the tables ends, which the kernels do not check, and finds what it is to find."""
    if sorted(found) != ["bigrams", "frequent", "zipfs"] or not all(map(_is_table, found.values())):
        return False
    hashes = [clean.token_hash(word) for word in LOOKED_UP]
    return bool(np.isin(hashes, found["zipfs"][:, 0]).all() and np.isin(hashes, found["frequent"][:, 0]).all())


def _is_table(slots: NDArray[Any]) -> bool:
    if slots.dtype.str != "<u8" or slots.ndim != 2 or not slots.flags.c_contiguous:
        return False
    size = len(slots)
    rows = size > 1 and size & (size - 1) == 0 and slots.shape[1] == 2
    return bool(rows and 2 * np.count_nonzero(slots[:, 0]) <= size)
