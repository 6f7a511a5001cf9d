"""A comparison becomes figures: what two documents share, and what stands otherwise in what they share.

Between the equal tokens of a shared passage stand runs of differing ones (`runs`). The figures count them: how much is
replaced, how evenly, whether by unlike words, and whether names and numbers are concerned. See docs/judging.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dedup.config import Config
from dedup.model import Comparison, Passage, Span, Tokens

SIMILARITY_CHARACTERS = 64
"""How much of what was replaced is looked at for its likeness."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens in a row that stand, within a shared passage, between equal ones; either side may be empty."""

    a: Range
    b: Range

    @property
    def replaced(self) -> int:
        """How many tokens face each other; the surplus of the longer side is added or dropped."""
        return min(self.a[1] - self.a[0], self.b[1] - self.b[0])


def runs(passages: Iterable[Passage]) -> Iterator[Run]:
    """The runs of differing tokens of the passages, in their order."""
    for passage in passages:
        for (a, b, size), (next_a, next_b, _) in pairwise(passage.blocks):
            yield Run((a + size, next_a), (b + size, next_b))


@dataclass(frozen=True, slots=True)
class Figures:
    """What the relation rests on; shares are of tokens, in 0..1.

    coverage: in shared passages. containment: equal, in shared passages. replaced_rate: replaced tokens for every
    token of the passages. spread: windows with a replaced token. substitution_share: replacements among all runs of
    differing tokens. common_share: replacements without names and numbers. similarity: of the characters of what was
    replaced, on the mean. substitutions: replaced tokens. words: of each document. places: runs of replaced tokens.
    """

    resemblance: float
    words_a: int
    words_b: int
    passages: int
    places: int
    coverage_a: float
    coverage_b: float
    containment_a: float
    containment_b: float
    replaced_rate: float
    spread: float
    substitution_share: float
    common_share: float
    similarity: float
    substitutions: int


def figures(found: Comparison, config: Config) -> Figures:
    """The figures of a comparison, over its shared passages."""
    every = list(runs(found.passages))
    replaced = [run for run in every if run.replaced]
    equal = sum(passage.equal for passage in found.passages)
    covered_a = sum(stop - start for start, stop in (passage.range_a for passage in found.passages))
    covered_b = sum(stop - start for start, stop in (passage.range_b for passage in found.passages))
    substitutions = sum(run.replaced for run in replaced)
    return Figures(
        resemblance=found.resemblance,
        words_a=len(found.tokens_a),
        words_b=len(found.tokens_b),
        passages=len(found.passages),
        places=len(replaced),
        coverage_a=share(covered_a, len(found.tokens_a)),
        coverage_b=share(covered_b, len(found.tokens_b)),
        containment_a=share(equal, len(found.tokens_a)),
        containment_b=share(equal, len(found.tokens_b)),
        replaced_rate=share(substitutions, covered_a),
        spread=_spread(replaced, found.passages, config.spun_window_tokens),
        substitution_share=share(len(replaced), len(every)),
        common_share=share(sum(not concerns_names(run, found) for run in replaced), len(replaced)),
        similarity=share(sum(similarity(run, found) for run in replaced), len(replaced)),
        substitutions=substitutions,
    )


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


def span(tokens: Tokens, tokens_range: Range) -> Span:
    return int(tokens.spans[tokens_range[0], 0]), int(tokens.spans[tokens_range[1] - 1, 1])


def is_capitalised(text: str, span: Span) -> bool:
    """Whether a span begins with a capital that does not stand there for the beginning of a sentence."""
    before = text[max(0, span[0] - 8) : span[0]].rstrip(" “\"'(")
    return text[span[0]].isupper() and bool(before) and before[-1] not in ".!?:\n•"


def similarity(run: Run, found: Comparison) -> float:
    """The likeness of both sides' characters: 2 * longest common subsequence / sum of lengths."""
    from rapidfuzz.distance import Indel

    one, other = "".join(found.tokens_a.words[slice(*run.a)]), "".join(found.tokens_b.words[slice(*run.b)])
    return Indel.normalized_similarity(one[:SIMILARITY_CHARACTERS], other[:SIMILARITY_CHARACTERS])
