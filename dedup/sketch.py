"""Tokens become a sketch: what is kept of a document to find its copies by.

1. Text channel: every w tokens in a row are a shingle; its hash is a polynomial of the tokens' hashes, mixed. The
   upper 32 bits are permuted as by datasketch's MinHash (affine32), so that a signature can enter any datasketch
   index. It finds light edits.
2. Skeleton channel: the distinct tokens. A spinner leaves names, numbers and rare words, so `match` joins
   documents by the terms that are rarest in the corpus at hand.
3. Passage channel: the shingles themselves, which `match` counts between documents. It finds part reuse.

Source of the signature: Broder, "On the resemblance and containment of documents", 1997; the permutations are
datasketch 2.0's scheme affine32. A text of fewer than w tokens is one shingle of all of them.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import Sketch, Tokens

_PRIME = np.uint64(0x9E3779B97F4A7C15)  # odd, so multiplying by it loses nothing modulo 2**64


def shingle_hashes(hashes: NDArray[np.uint64], width_tokens: int) -> NDArray[np.uint64]:
    """The 64-bit hash of every shingle, in text order: (max(1, n - w + 1),) uint64, or (0,) for no tokens.

    The polynomial sum of h[i] * P**(w-1-i) modulo 2**64 over the shingle's w token hashes, then the finaliser of
    MurmurHash3, so that every bit depends on every token and on their order.
    """
    width = min(width_tokens, len(hashes))
    if width == 0:
        return np.zeros(0, np.uint64)
    count = len(hashes) - width + 1
    value = np.zeros(count, np.uint64)
    for offset in range(width):
        value = value * _PRIME + hashes[offset : offset + count]
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    value ^= value >> np.uint64(33)
    return value


_BLOCK_SHINGLES = 2048
"""Shingles that are permuted at once: a megabyte of values for 128 permutations."""


@cache
def permutations(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Factors and terms, (count,) uint32 each, of datasketch's MinHash with seed 1: odd factors lose nothing.

    Drawn here as it draws them, since importing it takes a third of a second.
    """
    draw = np.random.RandomState(1)
    factors = draw.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, draw.randint(0, 1 << 32, count, dtype=np.uint32)


def signature(shingles: NDArray[np.uint64], size: int) -> NDArray[np.uint32]:
    """The MinHash signature, (size,) uint32, of the upper 32 bits of `shingles`: the least of each permutation.

    The estimate of resemblance by the share of equal values has standard error sqrt(r (1 - r) / size).
    """
    factors, terms = permutations(size)
    least = np.full(size, np.iinfo(np.uint32).max, np.uint32)
    mixed = (shingles >> np.uint64(32)).astype(np.uint32)
    mixed ^= mixed >> np.uint32(16)  # the finaliser of 32-bit MurmurHash3
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    for start in range(0, len(mixed), _BLOCK_SHINGLES):
        block = mixed[start : start + _BLOCK_SHINGLES, None]
        np.minimum(least, (block * factors + terms).min(0), out=least)
    return least


def sketch(tokens: Tokens, config: Config) -> Sketch:
    """The sketch of one document, all channels."""
    shingles = shingle_hashes(tokens.hashes, config.shingle_length_tokens)
    return Sketch(
        signature=signature(shingles, config.permutations),
        terms=np.unique(tokens.hashes),
        shingles=np.unique(shingles),
    )
