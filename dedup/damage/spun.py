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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import exp, sqrt

import numpy as np

from dedup.damage import lexicon, network
from dedup.damage.batch import Batch, more, of
from dedup.damage.findings import ABSTAINED, Detection, Finding, detection, shown
from dedup.damage.marks import language, tokens
from dedup.damage.network import BREAK_TAG, TOKEN, Floats, Ids, model, summed, without_breaks
from dedup.model import Document

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


def detect(text: str) -> Detection:
    """The findings in a text, and the probability that words were replaced in it throughout."""
    return detections((), of([text]))[0]


def detections(_: Sequence[Document], batch: Batch) -> list[Detection]:
    """The same of the texts of a batch."""
    made = [ABSTAINED] * len(batch.texts)
    asked = [at for at, text in enumerate(batch.texts) if len(text) >= 2 * WORDS_MIN - 1]
    if not asked:
        return made
    seen = _stretches(batch, asked, _glances)
    english = _english(batch, seen)
    short = {at for at in english if len(batch.texts[at]) < LONG_CHARACTERS}
    for at, total in _glanced(seen, english - short).items():
        made[at] = Detection(_probability(total))
    rest = [at for at in sorted(english - short) if made[at] is ABSTAINED]
    for whole in (seen.chosen(short), _stretches(batch, rest, lambda text: [text])):
        for at, found in _judged(batch, whole):
            made[at] = found
    return made


# --- stretches of texts ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretches:
    """Parts of texts: the tokens of all, tokens[starts[n]:stops[n]] those of part n, and the texts that they are of,
    ascending."""

    tokens: Ids
    starts: Ids
    stops: Ids
    texts: Ids

    def chosen(self, texts: Collection[int]) -> Stretches:
        """The parts of some texts."""
        kept = np.array([text in texts for text in self.texts.tolist()], bool)
        return Stretches(self.tokens, self.starts[kept], self.stops[kept], self.texts[kept])


def _stretches(batch: Batch, texts: Iterable[int], parts: Callable[[str], list[str]]) -> Stretches:
    """The parts of some texts of a batch, as tokens; a part that is the text itself is numbered already."""
    owners: list[int] = []
    changed: list[int] = []
    others: list[str] = []
    for at in texts:
        text = batch.texts[at]
        for part in parts(text):
            if part is not text or "<br" in text:
                changed.append(len(owners))
                others.append(without_breaks(part))
            owners.append(at)
    found, places = tokens(batch.strings.chosen(owners).changed(changed, more(others)))
    return Stretches(found, places[:-1], places[1:], np.array(owners, np.int64))


def _english(batch: Batch, seen: Stretches) -> set[int]:
    """The texts that have words enough, and are in English."""
    counts = language(seen.tokens, seen.starts, seen.stops, seen.texts, (LANGUAGE_TOKENS, FAMILIAR_WORDS))
    found: set[int] = set()
    for at, (words, frequent) in enumerate(zip(*(one.tolist() for one in counts), strict=True)):
        is_familiar = frequent >= lexicon.FAMILIAR_SHARE_MIN * min(words, FAMILIAR_WORDS)
        if words >= WORDS_MIN and (is_familiar or _is_english(_glances(batch.texts[at]))):
            found.add(at)
    return found


def _totals(seen: Stretches, starts: Ids, stops: Ids) -> tuple[Floats, list[float]]:
    """The log-odds of the tokens of windows, one window after the other, and of each window."""
    sums = summed(seen.tokens, starts, stops, model())
    count = np.maximum(1, sums.words)
    features = {
        "soft maximum": np.log(sums.soft + 1e-9) - 0.5 * np.log(count + 20),
        "sure": np.sqrt(sums.above / count),
        "length": np.log(count + 1),
        "articles": np.sqrt(sums.articles / count),
    }
    totals: list[float] = (WEIGHTS["constant"] + sum(WEIGHTS[name] * one for name, one in features.items())).tolist()
    return sums.odds, totals


def _glanced(seen: Stretches, texts: Collection[int]) -> dict[int, float]:
    """The log-odds of those long texts of which no stretch is suspicious."""
    some = seen.chosen(texts)
    totals: dict[int, list[float]] = {}
    for at, size, total in zip(
        some.texts.tolist(), (some.stops - some.starts).tolist(), _totals(some, some.starts, some.stops)[1], strict=True
    ):
        if size:
            totals.setdefault(at, []).append(total)
    return {at: sum(some) / len(some) for at, some in totals.items() if _probability(max(some)) < SUSPICION}


def _judged(batch: Batch, whole: Stretches) -> Iterator[tuple[int, Detection]]:
    """What is found in texts that are looked at whole, window by window."""
    firsts, ends = whole.starts.tolist(), whole.stops.tolist()
    windows = [[first + at for at in _starts(end - first)] for first, end in zip(firsts, ends, strict=True)]
    starts = np.array([start for some in windows for start in some], np.int64)
    stops = np.minimum(starts + WINDOW_TOKENS, np.repeat(whole.stops, list(map(len, windows))))
    odds, every = _totals(whole, starts, stops)
    totals, parts = iter(every), iter(np.split(odds, np.cumsum(stops - starts)[:-1]))
    for at, first, end, some in zip(whole.texts.tolist(), firsts, ends, windows, strict=True):
        judged, seen = list(islice(totals, len(some))), list(islice(parts, len(some)))
        score = _probability(sum(judged) / len(judged) + SEVERAL_WEIGHT * (1.0 - 1.0 / sqrt(len(judged))))
        if score < FINDINGS_LEVEL:
            yield at, Detection(score)
        else:
            yield at, Detection(score, detection(list(_places(batch.texts[at], _above(end - first, seen)))).findings)


def _is_english(parts: Sequence[str]) -> bool:
    heads = (token for part in parts for token in network.tokens(part)[:LANGUAGE_TOKENS])
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


def _above(count: int, windows: Sequence[Floats]) -> dict[int, float]:
    """The log-odds above 0 of a text of so many tokens, by place; where windows overlap, those of the last that has."""
    return {
        start + place: float(odds[place])
        for start, odds in zip(_starts(count), windows, strict=True)
        for place in np.flatnonzero(odds > 0).tolist()
    }


def _places(text: str, odds: Mapping[int, float]) -> Iterator[Finding]:
    """The words with log-odds above 0, with what stands beside them."""
    plain = BREAK_TAG.sub(lambda tag: " " * len(tag.group()), text)
    before = ""
    for at, token in enumerate(TOKEN.finditer(plain)):
        if at in odds:
            sure = 1.0 / (1.0 + exp(-min(30.0, odds[at])))
            beside = f" after {before!r}" if before.isalpha() else ""
            why = f"{token.group()!r} is unlikely here{beside}: put in for a plainer word? ({sure:.0%})"
            yield Finding("spun", token.span(), shown(text, token.span()), "replaced word", why, sure)
        before = token.group()
