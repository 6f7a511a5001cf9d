"""Characters by what may be wrong with them: those that broken encoding is made of, and those that deceive the eye."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import hints

PLAIN = frozenset(map(chr, (*range(9, 14), *range(32, 127)))) | frozenset(
    "\u00a0\u00a3\u00a7\u00a9\u00ab\u00ae\u00b0\u00b7\u00bb\u2010\u2011\u2012\u2013\u2014\u2015\u2018\u2019\u201c\u201d\u201e\u2022\u2026"
    "\u2122"
)
"""Printing and typography: nothing that broken encoding is made of alone."""
COMMON = frozenset(map(chr, (*range(0x80), *range(0xA0, 0xAD), *range(0xAE, 0x131), *range(0x132, 0x180)))) | frozenset(
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2018\u2019\u201a\u201c\u201d\u201e\u2020\u2021\u2022\u2026\u2030\u2032\u2033"
    "\u2039\u203a\u20ac\u2122\u2190\u2192\u2212\u2260\u2264\u2265\ufffd\ufeff"
)
"""Characters that are what they look like wherever they stand."""
CODES = 0x2700
"""Code points below which some are of either kind; beyond are U+FFFD and U+FEFF alone."""


@cache
def kinds() -> NDArray[np.uint8]:
    """Of each code point below CODES whether it is plain and common: the bits that `kernels.hints` asks for."""
    found = [(chr(code) in PLAIN) * hints.PLAIN | (chr(code) in COMMON) * hints.COMMON for code in range(CODES)]
    return np.array(found, np.uint8)
