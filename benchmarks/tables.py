"""Results become tables in Markdown, and the files in the folder of results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import curves


def shown(number: float | None) -> str:
    return "" if number is None else f"{number:.4f}"


MUST_BE_0 = " (must be 0)"


def kind_rows(results: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["set", "kind", "pairs", "merged", "any relation", "precision", "F1", "called spun", "relations"]
    for result in results:
        for kind in result["kinds"]:
            relations = ", ".join(f"{name} {count}" for name, count in kind["relations"].items())
            yield [
                result["set"], kind["kind"], f"{kind['pairs']:,}",
                shown(kind["recall"]) + MUST_BE_0 * (kind["expected"] in {"apart", "nothing"}),
                shown(kind["recall_any_relation"]) + MUST_BE_0 * (kind["expected"] == "nothing"),
                shown(kind["precision"]), shown(kind["f1"]),
                shown(kind["called_spun"]) if kind["expected"] == "revision" else "", relations,
            ]  # fmt: skip


def passage_rows(results: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["set", "kind", "passages", "found", "within 5 words", "precision", "recall", "granularity", "plagdet"]
    for result in results:
        for row in result.get("passages", ()):
            yield [
                result["set"], row["kind"], str(row["passages"]), shown(row["found"]), shown(row["within_5_words"]),
                *(shown(row[name]) for name in ("precision", "recall", "granularity", "plagdet")),
            ]  # fmt: skip


def set_rows(results: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    yield [
        "set", "documents", "ARI", "merged pairs", "wrong", "slow check: failed of", "related, unlabelled",
        "clusters", "widest", "candidates a document", "seconds",
    ]  # fmt: skip
    for result in results:
        wrong = result["wrong"]
        yield [
            result["set"], f"{result['documents']:,}", shown(result["ari"]), str(result["merged_pairs"]),
            str(wrong["pairs"]), f"{wrong['check_failed']} of {wrong['checked']}",
            str(result["related_across_groups"]), str(result["clusters"]), str(result["widest_cluster"]),
            f"{result['candidates_a_document']:.2f}", f"{result['seconds']:.0f}",
        ]  # fmt: skip


def table(rows: Iterable[Sequence[str]]) -> str:
    listed = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in listed) for at in range(len(listed[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in listed
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def page(results: Sequence[dict[str, Any]]) -> str:
    """The tables of several results."""
    parts = [table(kind_rows(results)), table(set_rows(results))]
    if any("passages" in result for result in results):
        parts.append(table(passage_rows(results)))
    return "\n\n".join(parts)


def written(results: Sequence[dict[str, Any]], about: Mapping[str, Any], folder: Path) -> None:
    """Writes quality.json, quality.md and recall.png. Sets that stand in the folder and were not run now stay as they
    are, each with the date of its run."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "quality.json"
    before = json.loads(path.read_text(encoding="utf-8"))["sets"] if path.exists() else []
    rows = {row["set"]: row for row in [*before, *({**result, "run": dict(about)} for result in results)]}
    path.write_text(json.dumps({"sets": list(rows.values())}, indent=1) + "\n", encoding="utf-8")
    dates = sorted({row["run"]["date"] for row in rows.values()})
    machines = sorted({f"{row['run']['cpu']}, {row['run']['cores']} cores" for row in rows.values()})
    head = (
        f"`dedup scan`, default settings, opaque ids, shuffled order; {', '.join(dates)}; {'; '.join(machines)}.\n\n"
        "Merged: the share of the pairs that stand in a merging relation or in one cluster, which is recall where they "
        "are copies. Wrong: merged pairs of different groups; precision of a kind counts those that touch its "
        "documents. Slow check: merged pairs that differ by more than their relation allows, of those that were "
        "checked.\n\n"
    )
    path.with_suffix(".md").write_text(f"{head}{page(list(rows.values()))}\n", encoding="utf-8")
    cells = curves.recall_cells(list(rows.values()))
    if cells:
        curves.drawn(cells, folder / "recall.png")
