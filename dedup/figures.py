"""A comparison becomes figures: what two documents share, and what stands otherwise in what they share.

Between the equal tokens of a shared passage stand runs of differing ones (`runs`). The figures count them: how much is
replaced, how evenly, whether by unlike words, and whether names and numbers are concerned. See docs/judging.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup.columns import ragged
from dedup.config import Config
from dedup.model import Comparison, Locus, Passage, Span, Tokens

SIMILARITY_CHARACTERS = 64
"""How much of what was replaced is looked at for its likeness."""

UNEVEN_TOKENS = 3
"""Tokens by which one side of a run is longer from which something was added or dropped there: a phrase and its synonym
seldom differ by more than two words."""

EDGE_TOKENS = 4
"""Tokens up to which what differs before the first or after the last passage, at the ends of both texts, belongs to it:
a passage begins and ends with equal tokens, damage may not."""
READINGS = 8
"""Columns of what is told of readings (see `readings.sums`)."""

Range = tuple[int, int]
F64s = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens in a row that stand, within a shared passage, between equal ones; either side may be empty."""

    a: Range
    b: Range

    @property
    def replaced(self) -> int:
        """How many tokens face each other; the surplus of the longer side is added or dropped."""
        return min(self.a[1] - self.a[0], self.b[1] - self.b[0])

    @property
    def surplus(self) -> int:
        """By how many tokens one side is longer."""
        return abs((self.a[1] - self.a[0]) - (self.b[1] - self.b[0]))


def runs(passages: Iterable[Passage]) -> Iterator[Run]:
    """The runs of differing tokens of the passages, in their order."""
    for passage in passages:
        for (a, b, size), (next_a, next_b, _) in pairwise(passage.blocks):
            yield Run((a + size, next_a), (b + size, next_b))


@dataclass(frozen=True, slots=True)
class Figures:
    """What the relation rests on, in columns, a row a pair: each (m,) float64; shares are of tokens, in 0..1.

    coverage: in shared passages. containment: equal, in shared passages. replaced_rate: replaced tokens for every
    token of the passages. spread: windows with a replaced token. substitution_share: replacements among all runs of
    differing tokens. common_share: replacements without names and numbers. similarity: of the characters of what was
    replaced, all places together. uneven_share: runs of which one side is longer by UNEVEN_TOKENS or more. balance:
    replaced tokens for every differing token of the side that has more. likeness: see `likeness`, 0 where nobody asked.
    substitutions: replaced tokens. words: of each document. places: runs of replaced tokens.
    """

    resemblance: F64s
    words_a: F64s
    words_b: F64s
    passages: F64s
    places: F64s
    coverage_a: F64s
    coverage_b: F64s
    containment_a: F64s
    containment_b: F64s
    replaced_rate: F64s
    spread: F64s
    substitution_share: F64s
    common_share: F64s
    similarity: F64s
    uneven_share: F64s
    balance: F64s
    likeness: F64s
    substitutions: F64s


NAMES = tuple(field.name for field in fields(Figures))
NOT_SAME, WRITTEN, MENDED, SIGNS = range(4)
"""In what two texts are the same: in nothing; as written, but for case, space and Unicode form; once their encoding is
mended; in their words alone, with other signs between them: `-21` and `21`, `<` and `>=`."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparisons gave, in columns, a row a pair: all that a finding rests on.

    same: (m,) uint8, see NOT_SAME. readings: (m, READINGS) float64, by how much a's readings are better than b's (see
    `readings`). repairs: (m,) float64, places of broken encoding in b less those in a. passages: (p, 5) int64, spans in
    characters of a and of b and the equal words, those of row r at starts[r] to starts[r + 1].
    """

    figures: Figures
    same: NDArray[np.uint8]
    readings: F64s
    repairs: F64s
    passages: NDArray[np.int64]
    starts: NDArray[np.int64]

    def taken(self, rows: NDArray[np.bool_]) -> Compared:
        """The comparisons of some rows."""
        told, starts = ragged(self.starts, np.flatnonzero(rows))
        return Compared(
            Figures(**{name: getattr(self.figures, name)[rows] for name in NAMES}),
            self.same[rows],
            self.readings[rows],
            self.repairs[rows],
            self.passages[told],
            starts,
        )


def nothing() -> Compared:
    """No comparison at all: columns of no rows."""
    empty = np.zeros(0)
    return Compared(
        Figures(**dict.fromkeys(NAMES, empty)),
        np.zeros(0, np.uint8),
        np.zeros((0, READINGS)),
        empty,
        np.zeros((0, 5), np.int64),
        np.zeros(1, np.int64),
    )


def joined(parts: Sequence[Compared]) -> Compared:
    """The comparisons of all parts, of which there is at least one."""
    columns = {name: np.concatenate([getattr(part.figures, name) for part in parts]) for name in NAMES}
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    return Compared(
        Figures(**columns),
        np.concatenate([part.same for part in parts]),
        np.concatenate([part.readings for part in parts]),
        np.concatenate([part.repairs for part in parts]),
        np.concatenate([part.passages for part in parts]),
        np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))),
    )


def compared(found: Comparison, same: int, readings: Sequence[float], config: Config) -> Compared:
    """One comparison as a row of columns."""
    told = [_passage(passage, found) for passage in found.passages]
    return Compared(
        figures(found, config),
        np.array([same], np.uint8),
        np.array([readings], np.float64),
        np.array([len(found.b.repairs) - len(found.a.repairs)], np.float64),
        np.array(told, np.int64).reshape(-1, 5),
        np.array([0, len(told)], np.int64),
    )


def with_letters(one: Compared, found: Comparison) -> Compared:
    """The row of one comparison, the likeness of its letters asked as well."""
    agreeing = agreement(found.a.text, found.b.text)
    alike = likeness(agreeing, found.tokens_a.words, found.tokens_b.words) if agreeing else 0.0
    return replace(one, figures=replace(one.figures, likeness=np.array([alike])))


def _passage(passage: Passage, found: Comparison) -> tuple[int, ...]:
    return (*span(found.tokens_a, passage.range_a), *span(found.tokens_b, passage.range_b), passage.equal)


def figures(found: Comparison, config: Config) -> Figures:
    """The figures of one comparison, over its shared passages: columns of one row."""
    every = list(runs(found.passages))
    replaced = [run for run in every if run.replaced]
    equal = sum(passage.equal for passage in found.passages)
    covered_a = sum(stop - start for start, stop in (passage.range_a for passage in found.passages))
    covered_b = sum(stop - start for start, stop in (passage.range_b for passage in found.passages))
    substitutions = sum(run.replaced for run in replaced)
    values = {
        "resemblance": found.resemblance,
        "words_a": len(found.tokens_a),
        "words_b": len(found.tokens_b),
        "passages": len(found.passages),
        "places": len(replaced),
        "coverage_a": share(covered_a, len(found.tokens_a)),
        "coverage_b": share(covered_b, len(found.tokens_b)),
        "containment_a": share(equal, len(found.tokens_a)),
        "containment_b": share(equal, len(found.tokens_b)),
        "replaced_rate": share(substitutions, covered_a),
        "spread": _spread(replaced, found.passages, config.spun_window_tokens),
        "substitution_share": share(len(replaced), len(every)),
        "common_share": share(sum(not concerns_names(run, found) for run in replaced), len(replaced)),
        "similarity": _similarity(replaced, found),
        "uneven_share": share(sum(run.surplus >= UNEVEN_TOKENS for run in every), len(every)),
        "balance": share(substitutions, max(covered_a, covered_b) - equal),
        "substitutions": substitutions,
    }
    values["likeness"] = 0.0
    return Figures(**{name: np.array([value], np.float64) for name, value in values.items()})


def share(part: float, whole: float) -> float:
    return min(1.0, part / whole) if whole else 0.0


def _spread(replaced: Sequence[Run], passages: Sequence[Passage], window: int) -> float:
    """Share of the windows of a's covered tokens in which a replacement begins."""
    covered = (passage.range_a for passage in passages)
    windows = {token // window for start, stop in covered for token in (*range(start, stop, window), stop - 1)}
    return share(len({run.a[0] // window for run in replaced} & windows), len(windows))


def concerns_names(run: Run, found: Comparison) -> bool:
    """Whether a replacement concerns a number, or a name on both sides."""
    words = (*found.tokens_a.words[slice(*run.a)], *found.tokens_b.words[slice(*run.b)])
    if any(character.isdigit() for word in words for character in word):
        return True
    return is_capitalised(found.a.text, span(found.tokens_a, run.a)) and is_capitalised(
        found.b.text, span(found.tokens_b, run.b)
    )


def run_of(locus: Locus, found: Comparison) -> Run:
    """The tokens that begin within a locus."""

    def within(tokens: Tokens, span: Span) -> Range:
        start, stop = np.searchsorted(tokens.spans[:, 0], span, side="left").tolist()
        return start, stop

    return Run(within(found.tokens_a, locus.span_a), within(found.tokens_b, locus.span_b))


def span(tokens: Tokens, tokens_range: Range) -> Span:
    return int(tokens.spans[tokens_range[0], 0]), int(tokens.spans[tokens_range[1] - 1, 1])


def is_capitalised(text: str, span: Span) -> bool:
    """Whether a span begins with a capital that does not stand there for the beginning of a sentence."""
    before = text[max(0, span[0] - 8) : span[0]].rstrip(" “\"'(")
    return text[span[0]].isupper() and bool(before) and before[-1] not in ".!?:\n•"


def similarity(run: Run, found: Comparison) -> float:
    """The likeness of both sides' characters: 2 * longest common subsequence / sum of lengths."""
    from rapidfuzz.distance import Indel

    return Indel.normalized_similarity(*_forms(run, found))


def _forms(run: Run, found: Comparison) -> tuple[str, str]:
    """Both sides' characters without the spaces, which damage moves, as far as they are looked at."""
    one, other = "".join(found.tokens_a.words[slice(*run.a)]), "".join(found.tokens_b.words[slice(*run.b)])
    return one[:SIMILARITY_CHARACTERS], other[:SIMILARITY_CHARACTERS]


def _similarity(replaced: Sequence[Run], found: Comparison) -> float:
    """The likeness of all that was replaced, each place by its length."""
    lengths = [sum(map(len, _forms(run, found))) for run in replaced]
    alike = sum(length * similarity(run, found) for run, length in zip(replaced, lengths, strict=True))
    return share(alike, sum(lengths))


def agreement(a: str, b: str) -> float:
    """How much of two texts agrees, letter by letter, whatever became of their words: 0..1.

    2 * longest common subsequence / sum of lengths, over the letters and digits alone. 0 where a look at LOOK_LETTERS
    shows it to be below AGREEMENT_MIN, or where the letters of one text agree as well with the other's read backwards:
    texts of a few different letters agree by chance.
    """
    from rapidfuzz.distance import Indel

    one, other = _letters(a), _letters(b)
    shorter, longer = sorted((len(one), len(other)))
    if shorter < LETTERS_MIN or longer > min(LETTERS_MAX, 2 * shorter) or not _look_alike(one, other):
        return 0.0
    found = Indel.normalized_similarity(one, other, score_cutoff=AGREEMENT_MIN)
    by_chance = Indel.normalized_similarity(one, other[::-1]) if found else 0.0
    return found if found >= by_chance + AGREEMENT_MIN - AGREEMENT_BY_CHANCE else 0.0


def likeness(agreeing: float, a: Sequence[str], b: Sequence[str]) -> float:
    """How alike the letters are of what differs in the words of two texts: 0..1.

    agreeing: the `agreement` of the texts. a, b: their words. What equal words hold, in the same order, is taken out.
    Noise leaves most letters (0.45 to 1, over 957 pairs of scans and transcriptions), other words have, in the same
    order, three to four in ten (below 0.4 between news, licences, and rewritten texts).
    """
    from rapidfuzz.distance import LCSseq

    length = sum(map(len, (*a, *b))) / 2
    equal = sum(sum(map(len, a[step.src_start : step.src_end])) for step in LCSseq.opcodes(a, b) if step.tag == "equal")
    return max(0.0, agreeing * length - equal) / max(LETTERS_DIFFERING_MIN, length - equal)


AGREEMENT_MIN = 0.6
"""Agreement of letters from which two texts may be one: the worst scans of newspapers stay above, other texts below
0.46, which is AGREEMENT_BY_CHANCE."""
AGREEMENT_BY_CHANCE = 0.45
LETTERS_MIN, LETTERS_MAX = 100, 1 << 16
"""Letters of a text below which chance decides, and above which it costs too much: time grows with their product."""
LETTERS_DIFFERING_MIN = 16
"""Letters that differ below which their likeness is counted as if there were so many."""
LOOK_LETTERS = 1024
LOOK_MIN = 0.52


def _look_alike(one: str | bytes, other: str | bytes) -> bool:
    """Whether two texts are alike where they begin, or in the middle of the shorter one."""
    from rapidfuzz.distance import Indel

    starts = (0, max(0, min(len(one), len(other)) // 2 - LOOK_LETTERS // 2))
    looks = ((one[start : start + LOOK_LETTERS], other[start : start + LOOK_LETTERS]) for start in starts)
    return any(Indel.normalized_similarity(*look) >= LOOK_MIN for look in looks)


_NO_LETTERS = bytes(byte for byte in range(256) if not chr(byte).isascii() or not chr(byte).isalnum())


def _letters(text: str) -> str | bytes:
    """The letters of a text, in lower case, and its digits, by which the lines of a list differ when nothing else does;
    as bytes if they are ASCII, which is quicker."""
    if text.isascii():
        return text.encode("ascii").lower().translate(None, _NO_LETTERS)
    return "".join(filter(str.isalnum, text.casefold()))
