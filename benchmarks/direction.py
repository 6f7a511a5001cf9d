"""How well the original of two texts is told from its copy: `python benchmarks/direction.py`.

1. Film reviews and copies in which single words were swapped (`word_substitution`, read from --data), and texts of
   Debian packages spun by `spinner` at 10 to 40 % of the words, compared with names hidden, in an order drawn from the
   seed.
2. For each set: how many are decided at `confidence_min`, how many of those rightly, and how many without abstaining;
   a reliability table: how sure, against how often right.
3. Against honest revisions (`revisions`): quantiles of `consistency`, `lean` and `strength`, and the share of spun
   pairs above the 99th percentile of the revisions; the share of either that is called spun, over `systematic`.

Whether a review served for fitting `readings.WEIGHTS` is told by its text (`bucket`): --held-out leaves those out.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import prose
import revisions
import spinner
from labelled import WORDS_MIN, Request, records
from numpy.typing import NDArray

from dedup import clean, pipeline
from dedup.config import Config
from dedup.model import Pair

ATTACKS = ("textfooler", "pwws", "bae")
SHARES = (0.1, 0.2, 0.3, 0.4)
LENGTHS = (100, 150, 200, 300, 500)
SPUN, SPUN_QUICK = 250, 40
LEANINGS = ("consistency", "lean", "strength")
LIMITS = (0.5, 0.3, 0.2, 0.1, 0.05)
BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0 + 1e-9)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of two texts, the first of them the original. odds: log-odds for the first."""

    kind: str
    words: int
    pair: Pair | None
    odds: float

    def told(self, name: str) -> float:
        value = self.pair.evidence[name] if self.pair else 0.0
        assert isinstance(value, float)
        return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data", help="collections")
    parser.add_argument("--quick", action="store_true", help="small sets")
    parser.add_argument("--held-out", action="store_true", help="only texts that served for no fit")
    parser.add_argument("--seed", type=int, default=4)
    chosen = parser.parse_args()
    request = Request(chosen.data, chosen.quick, chosen.seed)
    swapped = [judged(*one, chosen.seed) for one in reviews(request, chosen.held_out)]
    spun = [judged(*one, chosen.seed) for one in spun_texts(request)]
    honest = [judged(*one, chosen.seed) for one in honest_revisions(request)]
    told([one for one in swapped if one.words >= WORDS_MIN] + spun, f"Direction, texts of {WORDS_MIN} words and more")
    told(swapped, "Direction, texts of any length")
    reliable([*swapped, *spun])
    leanings([*spun, *swapped], honest)
    trade([*spun, *(one for one in swapped if one.words >= WORDS_MIN)], honest)


# --- pairs -----------------------------------------------------------------------------------------------------------


def bucket(text: str) -> int:
    """0 for what weights may be fitted on, 1 for the rest; copies of one original share it."""
    return zlib.crc32(text.encode()) % 2


def reviews(request: Request, held_out: bool) -> Iterator[tuple[str, str, str]]:
    for attack in ATTACKS:
        rows = records(request.data / "word_substitution" / f"imdb_{attack}.jsonl")
        wanted = (row for row in rows if not held_out or bucket(row["original"]))
        for row in islice(wanted, request.some(1 << 30, 100)):
            yield attack, row["original"], row["spun"]


def spun_texts(request: Request) -> Iterator[tuple[str, str, str]]:
    texts = prose.documents("English", LENGTHS, 1000 + request.seed)
    for share in SHARES:
        for number, text in enumerate(islice(texts, request.some(SPUN, SPUN_QUICK))):
            yield f"spun {share:.0%}", text, spinner.spun(text, share, number)[0]


def honest_revisions(request: Request) -> Iterator[tuple[str, str, str]]:
    for one in revisions.revisions(request):
        texts = {item.id: item.text for item in one.items}
        yield from ((pair.kind, texts[pair.a], texts[pair.b]) for pair in one.gold)


def judged(kind: str, original: str, copy: str, seed: int, config: Config = pipeline.DEFAULT) -> Judged:
    """Two texts compared under names that say nothing, either one first."""
    turned = random.Random(f"{seed}|{original}|{copy}").random() < 0.5
    texts = (copy, original) if turned else (original, copy)
    pair = pipeline.compare(*(clean.from_text(name, text) for name, text in zip("ab", texts, strict=True)), config)
    odds = 0.0
    if pair:
        parts = pair.evidence["direction"]
        assert isinstance(parts, dict)
        odds = sum(parts.values()) * (-1 if turned else 1)
    return Judged(kind, len(original.split()), pair, odds)


# --- tables ----------------------------------------------------------------------------------------------------------


def by_kind(found: Sequence[Judged]) -> dict[str, list[Judged]]:
    kinds: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in found:
        kinds[one.kind].append(one)
    return dict(kinds)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(f"{title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(f'{cell:.4g}' if isinstance(cell, float) else str(cell) for cell in row)} |")
    print()


def told(found: Sequence[Judged], title: str) -> None:
    """How many are decided, and how many of those rightly."""
    limit = np.log(Config().confidence_min / (1 - Config().confidence_min))
    rows = []
    for kind, ones in by_kind(found).items():
        odds = np.array([one.odds for one in ones])
        sure = np.abs(odds) >= limit
        surest = np.argsort(-np.abs(odds))[: round(0.95 * len(odds))]
        right = [float(np.mean(values > 0)) for values in (odds[sure], odds[surest], odds)]
        rows.append((kind, len(ones), float(1 - sure.mean()), *right))
    head = ("set", "pairs", "abstained", "right, of the decided", "right, of the surest 95 %", "right, of all")
    table(title, head, rows)


def reliable(found: Sequence[Judged]) -> None:
    """How sure, against how often right."""
    rows = []
    for kind, ones in by_kind(found).items():
        odds = np.array([one.odds for one in ones])
        sure = 1 / (1 + np.exp(-np.abs(odds)))
        cells = []
        for low, high in pairwise(BINS):
            inside = (sure >= low) & (sure < high)
            share = np.mean(odds[inside] > 0) if inside.any() else 0.0
            cells.append(f"{sure[inside].mean():.3f}: {share:.3f} of {inside.sum()}" if inside.any() else "")
        rows.append((kind, *cells))
    head = ("set", *(f"from {low:g}" for low in BINS[:-1]))
    table("Reliability: mean probability: share right of how many", head, rows)


def quantiles(values: NDArray[np.float64], at: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in np.quantile(values, at)]


def leanings(spun: Sequence[Judged], honest: Sequence[Judged]) -> None:
    """How far pairs lean, and how many of the spun ones beyond nearly all revisions."""
    for name in LEANINGS:
        bound = float(np.quantile([one.told(name) for one in honest], 0.99))
        rows: list[Sequence[object]] = []
        for kind, ones in by_kind([*honest, *spun]).items():
            values = np.array([one.told(name) for one in ones])
            rows.append(
                (kind, len(ones), *quantiles(values, (0.05, 0.25, 0.5, 0.9, 0.99)), float(np.mean(values > bound)))
            )
        head = ("set", "pairs", "5 %", "25 %", "50 %", "90 %", "99 %", f"above {bound:.2f}")
        table(f"{name}, by quantiles; last, above the 99th percentile of all revisions", head, rows)


def trade(spun: Sequence[Judged], honest: Sequence[Judged]) -> None:
    """What a limit on `systematic` lets through."""
    other = ("near", "damaged", "excerpt", "exact")
    rows: list[Sequence[object]] = []
    for kind, ones in [*by_kind(spun).items(), ("revisions, called spun", list(honest)), *by_kind(honest).items()]:
        copies = kind in by_kind(spun)
        cells = []
        for limit in LIMITS:
            config = Config(spun_systematic_min=limit)
            called = [relation(one, config) for one in ones]
            cells.append(float(np.mean([one == "spun" or (copies and one in other) for one in called])))
        rows.append((kind, len(ones), *cells))
    head = ("set", "pairs", *(f"{limit:g}" for limit in LIMITS))
    table("Copies found (spun, near, damaged), and revisions called spun, by `spun_systematic_min`", head, rows)


def relation(one: Judged, config: Config) -> str | None:
    """What a pair is by another limit: of the conditions of `spun` only that one is moved."""
    if one.pair is None or one.pair.relation not in ("spun", "reuse", "excerpt"):
        return one.pair and one.pair.relation
    told = one.told
    shorter = "coverage_a" if told("coverage_a") >= told("coverage_b") else "coverage_b"
    holds = (
        told(shorter) >= config.copy_coverage_min
        and told("similarity") < config.noise_similarity_min
        and told("replaced_rate") >= config.spun_rate_min
        and told("strength") > 0
    )
    if holds and told("systematic") >= config.spun_systematic_min:
        return "spun"
    return one.pair.relation if one.pair.relation != "spun" else "reuse"


if __name__ == "__main__":
    main()
