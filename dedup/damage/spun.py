"""Words that do not belong where they stand, as article spinners and word-swapping programs leave them.

1. `network` gives the log-odds of each word that it was put in for another.
2. A window's log-odds are the soft maximum of its places', the share of places with log-odds above 0,
   and article disagreements (`a odd`), through a logistic regression. The mean of several windows counts more than
   one window.
3. Of a long text two short stretches are looked at first; only if one of them is suspicious, up to `WINDOWS_MAX`
   windows.
4. Where the score is at `FINDINGS_LEVEL` or above, each place with log-odds above 0 is a finding.

Score: the probability that words of the text were replaced throughout, where half of all texts are such. English only:
others are not judged, nor texts of under `WORDS_MIN` words. Two or three swapped words in two hundred are seldom
seen; a careless writer and a machine look alike.

Where the weights are from: vectors begin as those of GloVe 6B (J. Pennington, R. Socher, C. Manning 2014), frequencies
are wordfreq's. The rest was fitted on film reviews with words swapped by three attacks (three quarters of the reviews,
by SHA-256 of the original), and on those and clean prose of fifteen kinds with words swapped by the project's own
spinner and by thesauri; the other quarter gave the figures that benchmarks/damage.py prints again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from dedup.damage import lexicon
from dedup.damage.findings import ABSTAINED, Detection, Finding, detection, shown
from dedup.damage.marks import FREQUENT, marked, words
from dedup.damage.network import BREAK_TAG, TOKEN, Floats, Ids, Model, Sums, model, summed, tokens

WORDS_MIN = 40
"""Words below which nothing is said."""
LANGUAGE_TOKENS = 200
"""Tokens that are asked for the language."""
FAMILIAR_WORDS = 100
"""Words that are asked first whether they are frequent."""
WINDOW_TOKENS = 400
"""Tokens of one window: what the regression was fitted on has a hundred to five hundred."""
WINDOWS_MAX = 12
SEVERAL_WEIGHT = 4.5
"""Log-odds that the mean of many windows is worth more than one: it scatters less, by the square root of how many."""
LONG_CHARACTERS = 4000
"""Length from which two stretches are looked at first."""
GLANCE_CHARACTERS = 650
"""Characters of each of these: some 125 tokens."""
SUSPICION = 0.03
"""Probability of one of these from which the text is looked at in whole windows."""
FINDINGS_LEVEL = 0.3


# --- judging -----------------------------------------------------------------------------------------------------

WEIGHTS = {"constant": -12.9, "soft maximum": 0.633, "sure": 12.853, "length": 1.014, "articles": 10.127}
"""Log-odds for each unit of a feature; clean prose counted eightfold, so that few of it is flagged."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of tokens judged: the log-odds of each, NaN for what is no word, and of the whole."""

    odds: Floats
    total: float


def window(stretch: Ids, net: Model) -> Window:
    """The log-odds of the places of a stretch of marked tokens, and of the whole."""
    found = summed(stretch, net)
    seen = features(found)
    return Window(found.odds, WEIGHTS["constant"] + sum(WEIGHTS[name] * value for name, value in seen.items()))


def features(found: Sums) -> dict[str, float]:
    """What the regression on a whole window sees."""
    count = max(1, found.words)
    return {
        "soft maximum": log(found.soft + 1e-9) - 0.5 * log(count + 20),
        "sure": sqrt(found.above / count),
        "length": log(count + 1),
        "articles": sqrt(found.articles / count),
    }


def detect(text: str) -> Detection:
    """The findings in a text, and the probability that words were replaced in it throughout."""
    if len(text) < 2 * WORDS_MIN - 1:
        return ABSTAINED
    net = model()
    parts = _glances(text)
    glances = [marked(part, net) for part in parts]
    asked = words(glances, LANGUAGE_TOKENS)
    if len(asked) < WORDS_MIN or not (_is_familiar(asked[:FAMILIAR_WORDS]) or _is_english(parts)):
        return ABSTAINED
    if len(text) >= LONG_CHARACTERS:
        totals = [window(part, net).total for part in glances if len(part)]
        if totals and _probability(max(totals)) < SUSPICION:
            return Detection(_probability(sum(totals) / len(totals)))
    found = glances[0] if len(text) < LONG_CHARACTERS else marked(text, net)
    starts = _starts(len(found))
    judged = [window(found[start : start + WINDOW_TOKENS], net) for start in starts]
    mean = sum(one.total for one in judged) / len(judged)
    score = _probability(mean + SEVERAL_WEIGHT * (1.0 - 1.0 / sqrt(len(judged))))
    if score < FINDINGS_LEVEL:
        return Detection(score)
    return Detection(score, detection(list(_places(text, starts, judged))).findings)


def _is_familiar(asked: Ids) -> bool:
    """Whether most words are frequent English ones, as in sound prose."""
    return int(np.count_nonzero(asked & FREQUENT)) >= lexicon.FAMILIAR_SHARE_MIN * len(asked)


def _is_english(parts: Sequence[str]) -> bool:
    heads = (token for part in parts for token in tokens(part)[:LANGUAGE_TOKENS])
    return lexicon.is_english(lexicon.census(Counter(token.lower() for token in heads if token[0].isalpha())))


def _glances(text: str) -> list[str]:
    """A text if it is short, else what is looked at first: its middle, of a longer one a quarter and three quarters."""
    if len(text) < LONG_CHARACTERS:
        return [text]
    quarters = (2,) if len(text) < 5 * LONG_CHARACTERS else (1, 3)
    places = (text.find(" ", len(text) * quarter // 4) for quarter in quarters)
    return [text[place : place + GLANCE_CHARACTERS].rpartition(" ")[0] for place in places if place >= 0]


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, odds))))


def _starts(count: int) -> list[int]:
    """Where the windows of a text begin: all of it if it is short enough, else evenly spread."""
    windows = max(1, round(count / WINDOW_TOKENS))
    kept = min(windows, WINDOWS_MAX)
    return [number * count // kept for number in range(kept)]


def _places(text: str, starts: Sequence[int], judged: Sequence[Window]) -> Iterator[Finding]:
    """The words with log-odds above 0, with what stands beside them."""
    odds = {
        start + place: float(one.odds[place])
        for start, one in zip(starts, judged, strict=False)
        for place in np.flatnonzero(one.odds > 0).tolist()
    }
    plain = BREAK_TAG.sub(lambda tag: " " * len(tag.group()), text)
    before = ""
    for at, token in enumerate(TOKEN.finditer(plain)):
        if at in odds:
            sure = 1.0 / (1.0 + exp(-min(30.0, odds[at])))
            beside = f" after {before!r}" if before.isalpha() else ""
            why = f"{token.group()!r} is unlikely here{beside}: put in for a plainer word? ({sure:.0%})"
            yield Finding("spun", token.span(), shown(text, token.span()), "replaced word", why, sure)
        before = token.group()
