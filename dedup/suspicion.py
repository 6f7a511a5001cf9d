"""A text becomes, token by token, the log-odds that the word was put in for another.

The network of `damage` tells them, stretch by stretch; here they are brought to the tokens that everything else counts
in. A token that is no word for the network (a number, a letter of another script) has 0.0: nothing is known. English
only. Cost: some 6 microseconds a token, and 0.6 s for loading the network at the first text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup import language
from dedup.damage import network
from dedup.model import Document, Tokens

STRETCH_TOKENS = 400
"""Tokens that are looked at at once: what the network was fitted on has a hundred to five hundred."""

F64s = NDArray[np.float64]


def suspicions(document: Document, tokens: Tokens, wanted: NDArray[np.bool_] | None = None) -> F64s:
    """The log-odds of each token, (n,). wanted: (n,), which are needed: stretches without one are passed over."""
    found: F64s = np.zeros(len(tokens))
    if not language.is_known(tokens.words):
        return found
    plain = network.BREAK_TAG.sub(lambda tag: " " * len(tag.group()), document.text)
    seen = list(network.TOKEN.finditer(plain))
    net = network.model()
    starts = tokens.spans[:, 0]
    for first in range(0, len(seen), STRETCH_TOKENS):
        stretch = seen[first : first + STRETCH_TOKENS]
        if wanted is not None and not _holds(wanted, starts, stretch):
            continue
        places, odds = network.odds([token.group() for token in stretch], net)
        at = np.array([stretch[place].start() for place in places.tolist()], np.int64)
        where = np.minimum(np.searchsorted(starts, at), max(0, len(starts) - 1))
        same = starts[where] == at
        found[where[same]] = odds[same]
    return found


def _holds(wanted: NDArray[np.bool_], starts: NDArray[np.int64], stretch: Sequence[re.Match[str]]) -> bool:
    first, last = np.searchsorted(starts, (stretch[0].start(), stretch[-1].end())).tolist()
    return bool(wanted[first:last].any())
