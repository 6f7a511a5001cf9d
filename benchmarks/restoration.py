"""How well texts are collated and restored: `python benchmarks/restoration.py`.

1. The seeds: a careful reader's substitutions among the entries of the ledger; the kept copy; the restored body.
2. Swapped words (`word_substitution`): gold swaps recovered, and the original told.
3. Scans: raw ones not preferred; word errors of what two and three independent damages of one text restore.
4. Three copies spun apart from each other, none clean, with plain majority beside.
5. Transfer: a ledger learnt from some pairs restores other texts without a witness, as a curve.
6. Harm to clean texts, by default and with conjectures.
7. `tortured_phrases` in running text, and false alarms.

The labelled sets are read from --data; what is not there is left out, with the reason. Texts that are spun and scanned
come from Debian packages (`prose`): the same packages as those that constants were fitted on, drawn by another seed.
Prints one table and writes results/restoration.{md,json}; --quick measures on small sets. With --language-model, a
model of the language is asked too, and the results are restoration-with-model.{md,json}.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import conjectures
import emendation
from emendation import Row
from labelled import Request
from tables import table
from thesaurus import MissingError

MEASURES: dict[str, Callable[[Request], Iterator[Row]]] = {
    "seeds": emendation.seeds,
    "swaps": emendation.swaps,
    "scans-told": emendation.scans_told,
    "scans-restored": emendation.scans_restored,
    "spun-thrice": emendation.spun_thrice,
    "spun-thrice-much": emendation.spun_thrice_much,
    "transfer": conjectures.transfer,
    "transfer-few": conjectures.transfer_few,
    "transfer-much": conjectures.transfer_much,
    "harm": conjectures.harm,
    "tortured": conjectures.tortured,
}


def main() -> None:
    root = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", dest="measures", action="append", choices=[*MEASURES], help="all by default")
    parser.add_argument("--quick", action="store_true", help="small sets")
    parser.add_argument("--data", type=Path, default=root.parents[1] / "shared" / "data", help="the collections")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--language-model", default="", help="ask this model of the language (smollm2, or a GGUF file)")
    parser.add_argument("--results", type=Path, help="write the results to this folder")
    chosen = parser.parse_args()
    request = Request(chosen.data, chosen.quick, chosen.seed, chosen.language_model)
    runs = [measured(name, request) for name in chosen.measures or MEASURES]
    print(page([Row(**row) for run in runs for row in run["rows"]]))
    folder = chosen.results or (None if chosen.quick else root / "results")
    if folder:
        written(runs, folder, "restoration-with-model" if chosen.language_model else "restoration")


def measured(name: str, request: Request) -> dict[str, Any]:
    """What one measure found, when and how, or why it was left out."""
    began = time.perf_counter()
    rows: list[Row] = []
    left_out = ""
    try:
        rows += MEASURES[name](request)
    except (MissingError, FileNotFoundError) as error:
        left_out = f"{name}: left out: {error}"
    seconds = round(time.perf_counter() - began)
    print(left_out or f"{name}: {seconds} s", file=sys.stderr, flush=True)
    about = {"date": date.today().isoformat(), "seed": request.seed, "quick": request.quick, "seconds": seconds}
    return {"measure": name, **about, "left_out": left_out, "rows": [asdict(row) for row in rows]}


def page(found: Sequence[Row]) -> str:
    return table([["item", "data", "what", "figure", "target", "holds", "of"], *map(_cells, found)])


def _cells(row: Row) -> list[str]:
    target = "" if row.holds is None else f"≥ {row.least:g}" if row.least is not None else f"≤ {row.most:g}"
    holds = {None: "", True: "yes", False: "no"}[row.holds]
    return [str(row.item), row.data, row.measure, f"{row.figure:.4f}", target, holds, f"{row.cases:,}"]


def written(runs: Sequence[dict[str, Any]], folder: Path, name: str) -> None:
    """Writes NAME.json and NAME.md; measures that stand there and were not run now stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    before = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else []
    kept = {run["measure"]: run for run in [*before, *runs]}
    ordered = [kept[name] for name in MEASURES if name in kept]
    path.write_text(json.dumps({"runs": ordered}, indent=1) + "\n", encoding="utf-8")
    dates = ", ".join(sorted({run["date"] for run in ordered}))
    notes = "".join(f"\n{run['left_out']}\n" for run in ordered if run["left_out"])
    rows = [Row(**row) for run in ordered for row in run["rows"]]
    option = "" if name == "restoration" else " --language-model smollm2"
    head = f"`python benchmarks/restoration.py{option}`; {dates}; item: of the list in its docstring.\n{notes}"
    path.with_suffix(".md").write_text(f"{head}\n{page(rows)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
