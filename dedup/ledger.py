"""Collations become a ledger: every distinct substitution, how often it was made, and in how many pairs of documents.

What a spinner does is systematic, so the ledger of many pairs is the spinner's dictionary. Phrases are in matching
form: without case and punctuation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dedup.model import Collation, Span, Tokens


@dataclass(frozen=True, slots=True)
class Substitution:
    """`b` stands for `a`, `count` times in `pairs` pairs of documents."""

    a: str
    b: str
    count: int
    pairs: int


def substitutions(collations: Iterable[Collation]) -> list[Substitution]:
    """The distinct substitutions, the most frequent first, then by their words."""
    counts: Counter[tuple[str, str]] = Counter()
    pairs: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for number, found in enumerate(collations):
        for locus in found.loci:
            if locus.kind == "substitution":
                entry = _phrase(found.compared.tokens_a, locus.span_a), _phrase(found.compared.tokens_b, locus.span_b)
                if entry[0] != entry[1]:  # equal once the encoding is mended
                    counts[entry] += 1
                    pairs[entry].add(number)
    rows = [Substitution(a, b, count, len(pairs[a, b])) for (a, b), count in counts.items()]
    return sorted(rows, key=lambda row: (-row.count, row.a, row.b))


def _phrase(tokens: Tokens, span: Span) -> str:
    start, stop = np.searchsorted(tokens.spans[:, 0], span, side="left").tolist()
    return " ".join(tokens.words[start:stop])
