"""Which rules may find something in a text: bits that `outline` sets, and the rules read. Nothing is compiled here."""

from __future__ import annotations

UNPLAIN, UNCOMMON = 1, 2
"""A character that is not PLAIN, not COMMON."""
SCRIPT = 4
"""A letter of a script other than Latin, or what begins with the same byte."""
UNCLOSED = 8
"""A bracket or quotation that is opened and not closed in its paragraph."""
UNFINISHED = 16
"""A beginning that is no capital, or an end that is no stop, of a text with three stops."""
REPEATED = 32
"""A sentence or line that stood before."""
NUMBERED = 64
"""A line that begins as one with a page number does."""
FEW_LETTERS = 128
"""So many signs and digits that it may be no prose."""
STRAY = 256
"""A short line that begins with a sign."""
FALSE_CAPITAL = 512
"""` In`, ` Is`, ` It`, ` If` after a small letter."""
EVERY = 1023
"""Of a text that was not looked at."""

PLAIN, COMMON = 1, 2
"""What a table has of characters: broken encoding is made of others than plain ones, others than common deceive."""
