"""The S-curves of thresholds: `python benchmarks/threshold.py` prints their bands and draws docs/threshold.png.

A pair of resemblance s meets in one of b bands of r rows with probability 1 - (1 - s^r)^b; `match.banding` chooses them
for a threshold. Needs matplotlib (`pip install '.[bench]'`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dedup.config import Config
from dedup.match import banding

TARGET = Path(__file__).parent.parent / "docs" / "threshold.png"
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def rows() -> Iterator[tuple[float, int, int, list[float]]]:
    """Each threshold with its bands and rows, and the chance to meet at 0.2 to 0.9."""
    config = Config()
    for threshold in THRESHOLDS:
        bands, length = banding(threshold, config.band_recall, config.permutations)
        yield threshold, bands, length, [1 - (1 - at**length) ** bands for at in (0.2, 0.3, 0.5, 0.7, 0.9)]


def table() -> str:
    lines = ["| `--threshold` | bands of rows | 0.2 | 0.3 | 0.5 | 0.7 | 0.9 |", "|---|---|---|---|---|---|---|"]
    for threshold, bands, length, chances in rows():
        cells = " | ".join(f"{min(chance, 0.9999):.4f}" for chance in chances)
        lines.append(f"| {threshold} | {bands} of {length} | {cells} |")
    return "\n".join(lines)


def drawn(path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    at = np.linspace(0, 1, 400)
    usual = Config().threshold
    colours = plt.get_cmap("viridis")
    for number, (threshold, bands, length, _) in enumerate(rows()):
        colour = colours(0.85 * number / (len(THRESHOLDS) - 1))
        told = f"{threshold}: {bands} bands of {length}" + (" (usual)" if threshold == usual else "")
        axes.plot(at, 1 - (1 - at**length) ** bands, color=colour, lw=2.5 if threshold == usual else 1.5, label=told)
        axes.axvline(threshold, color=colour, lw=0.8, ls=":")
    axes.set(xlabel="resemblance of two documents (word 5-grams)", ylabel="chance to become a candidate",
             xlim=(0, 1), ylim=(0, 1.02))  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(title="threshold", fontsize="small", frameon=False, loc="upper left")
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    print(table())
    drawn(TARGET)
