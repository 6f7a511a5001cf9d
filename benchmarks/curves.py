"""Results become a plot: recall of spun copies over the share of words replaced and over the length of the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

KIND = re.compile(r"(\d+)%, (\d+) words")
Cells = Mapping[tuple[int, int], float]


def recall_cells(results: Sequence[Mapping[str, Any]]) -> Cells:
    """Recall by (percent replaced, words), of the set `spinner`."""
    kinds = [kind for result in results if result["set"] == "spinner" for kind in result["kinds"]]
    matched = [(KIND.fullmatch(kind["kind"]), kind["recall"]) for kind in kinds]
    return {(int(found[1]), int(found[2])): recall for found, recall in matched if found}


def drawn(cells: Cells, path: Path) -> None:
    """The plot, as PNG or SVG by the name of the file."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    shares, lengths = (sorted({cell[at] for cell in cells}) for at in (0, 1))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    colours = plt.get_cmap("viridis")
    for at, length in enumerate(lengths):
        colour = colours(0.85 * at / max(1, len(lengths) - 1))
        left.plot(shares, [cells[share, length] for share in shares], "o-", color=colour, label=f"{length} words")
    for at, share in enumerate(shares):
        colour = colours(0.85 * at / max(1, len(shares) - 1))
        right.plot(lengths, [cells[share, length] for length in lengths], "o-", color=colour, label=f"{share} %")
    left.set(xlabel="words replaced, %", ylabel="recall of spun copies", xticks=shares)
    right.set(xlabel="length of the text, words", xticks=lengths)
    least = min(cells.values())
    left.set_ylim(max(0.0, least - 0.02 - 0.2 * (1 - least)), 1.0 + 0.02 * (1 - least) + 0.001)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small", frameon=False)
    figure.savefig(path, dpi=150, metadata={"Software": None} if path.suffix == ".png" else None)
    plt.close(figure)
