"""Measures what `dedup scan` finds, with default settings: `python benchmarks/quality.py`.

Each set of documents goes through the real command under opaque ids and in shuffled order; its pairs and clusters are
held against the labels.

1. Labelled collections (`labelled`), read from --data.
2. Corpora with planted copies (`planted`), made from texts that install with Debian packages.
3. For each kind of pairs: recall (merging relations or the same cluster, and any relation), precision, F1, relations.
   For each set: ARI, wrong pairs, what an independent slow check (`slowcheck`) says of them, candidates a document.
4. What is found in single documents, without a copy (`damage`), goes to results/damage.md and damage.json.

--set NAME (several times, if wanted) runs some sets alone, --quick a small version of each. A whole run writes
results/quality.md, quality.json and recall.png (plotting needs matplotlib); other runs do so if --results names a
folder, and replace there the sets that were run. --cache FOLDER keeps the made sets.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import damage
import labelled
import passages
import planted
import reuse
import revisions
import slowcheck
from labelled import GoldPair, GoldPassage, Item, LabelledSet, Request
from peers import machine
from scanned import MERGING, Pair, Scan, command_found, ordered, scan
from scoring import as_record, by_kind, cluster_ari, wrong_pairs
from tables import page, written
from thesaurus import MissingError

SETS: dict[str, Callable[[Request], Iterator[LabelledSet]]] = {
    "word_substitution": labelled.word_substitution,
    "spinner": planted.spun_copies,
    "ocr_neardup": labelled.ocr_neardup,
    "clough": labelled.clough_stevenson,
    "licence": labelled.licence_texts,
    "character_noise": labelled.character_noise,
    "part_reuse": reuse.part_reuse,
    "excerpts": reuse.excerpts,
    "revisions": revisions.revisions,
    "languages": planted.languages,
    "furniture": planted.furniture,
}
DAMAGE = "damage"
"""What is found in single documents: measured and written by `damage` itself."""
CHECKED_MAX, SHOWN_MAX = 2_000, 8


def measured(labelled_set: LabelledSet, chosen: argparse.Namespace) -> dict[str, Any]:
    """One set, run and judged."""
    found = scan(chosen.command, labelled_set.items, chosen.seed, chosen.option)
    merged = found.merged()
    kinds = by_kind(labelled_set, found, merged)
    documents = len(labelled_set.items)
    return {
        "set": labelled_set.name,
        "documents": documents,
        "kinds": [as_record(kind) for kind in kinds],
        "ari": round(cluster_ari(labelled_set, found), 5),
        "merged_pairs": len(merged),
        "candidates_a_document": round(found.summary["candidates"] / documents, 3),
        "relations": found.summary["pairs"],
        "notes": found.summary.get("notes", []),
        "unreadable": len(found.summary["unreadable"]),
        "seconds": round(found.seconds, 1),
        "related_across_groups": related_across(labelled_set, found),
        "wrong": wrong_figures(labelled_set, found, merged),
        **cluster_figures(found),
        **(answers(labelled_set, found) if labelled_set.name.startswith("clough") else {}),
        **({"passages": passages.by_kind(labelled_set, found)} if labelled_set.passages else {}),
    }


def wrong_figures(labelled_set: LabelledSet, found: Scan, merged: set[Pair]) -> dict[str, Any]:
    """Pairs merged across groups, and those that the slow check says differ by more than their relation allows."""
    text = {item.id: item.text for item in labelled_set.items}
    wrong = wrong_pairs(labelled_set, merged)
    failed, to_check = [], pairs_to_check(labelled_set, found, wrong)
    for pair in to_check:
        relation = found.relation(*pair)
        # copies of what was dropped as an exact copy have no record of their own: held to the widest limit
        check = slowcheck.checked(text[pair[0]], text[pair[1]], relation if relation in MERGING else "spun")
        if not check.holds:
            failed.append({"a": pair[0], "b": pair[1], "relation": relation, **asdict(check)})
    failed.sort(key=lambda row: row["allowed"] - row["differing"])
    return {
        "pairs": len(wrong),
        "checked": len(to_check),
        "check_failed": len(failed),
        "worst": failed[:SHOWN_MAX],
        "across_groups": [{"a": a, "b": b, "relation": found.relation(a, b)} for a, b in wrong[:SHOWN_MAX]],
    }


def pairs_to_check(labelled_set: LabelledSet, found: Scan, wrong: Sequence[Pair]) -> list[Pair]:
    """Every member of a cluster with the copy that is kept for it, and a sample of other pairs in merging relations.

    Only those across groups, unless the set wants all.
    """
    kept = {ordered(members[0], other) for members in found.clusters for other in members[1:]}
    others = sorted({pair for pair in found.pairs if found.relation(*pair) in MERGING} - kept)
    if not labelled_set.check_all:
        kept, others = kept & set(wrong), [pair for pair in others if pair in set(wrong)]
    return sorted(kept) + random.Random(1).sample(others, min(len(others), CHECKED_MAX))


def related_across(labelled_set: LabelledSet, found: Scan) -> int:
    """Pairs of different groups, and not labelled as a pair of any kind, that stand in some relation all the same."""
    group = {item.id: item.group for item in labelled_set.items}
    gold = {ordered(pair.a, pair.b) for pair in labelled_set.gold}
    return sum(group[a] != group[b] and (a, b) not in gold for a, b in found.pairs)


def cluster_figures(found: Scan) -> dict[str, Any]:
    """How wide the clusters are, and how many members have no pair with the copy that is kept for them."""
    sizes = Counter(len(members) for members in found.clusters)
    unverified = sum(
        ordered(members[0], other) not in found.pairs for members in found.clusters for other in members[1:]
    )
    return {
        "clusters": len(found.clusters),
        "widest_cluster": max(sizes, default=0),
        "members_without_pair": unverified,
    }


def answers(labelled_set: LabelledSet, found: Scan) -> dict[str, Any]:
    """Students' answers told from independent ones, by any relation to the source and by a merging one; and how much
    of each answer stands in the source, by label."""
    shares: defaultdict[str, list[float]] = defaultdict(list)
    right = Counter[str]()
    for pair in labelled_set.gold:
        record = found.pairs.get(ordered(pair.a, pair.b))
        shares[pair.kind].append(
            0.0 if record is None else record["containment_a" if record["a"] == pair.b else "containment_b"]
        )
        right["any relation"] += (record is not None) == (pair.expected == "copy")
        right["merging relation"] += (record is not None and record["relation"] in MERGING) == (pair.expected == "copy")
    return {
        "accuracy": {name: round(count / len(labelled_set.gold), 4) for name, count in right.items()},
        "answer_in_source": {
            kind: {"least": min(values), "median": sorted(values)[len(values) // 2], "most": max(values)}
            for kind, values in shares.items()
        },
    }


# --- the run -----------------------------------------------------------------------------------------------------


def built(name: str, chosen: argparse.Namespace) -> list[LabelledSet]:
    """The sets of a name, from the cache if they are there and no module of the benchmarks is newer."""
    request = Request(chosen.data, chosen.quick, chosen.seed)
    if not chosen.cache:
        return list(SETS[name](request))
    kept = chosen.cache / f"{name}-{'quick' if chosen.quick else 'whole'}-{chosen.seed}.json"
    newest = max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
    if kept.exists() and kept.stat().st_mtime > newest:
        return [restored(row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    made = list(SETS[name](request))
    chosen.cache.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps([asdict(one) for one in made]), encoding="utf-8")
    return made


def restored(row: dict[str, Any]) -> LabelledSet:
    return LabelledSet(
        row["name"],
        tuple(Item(**item) for item in row["items"]),
        tuple(GoldPair(**pair) for pair in row["gold"]),
        tuple(
            GoldPassage(**{**passage, "span_a": tuple(passage["span_a"]), "span_b": tuple(passage["span_b"])})
            for passage in row["passages"]
        ),
        row["check_all"],
    )


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    root = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*SETS, DAMAGE]
    parser.add_argument("--set", dest="sets", action="append", choices=names, help="run this set (all by default)")
    parser.add_argument("--quick", action="store_true", help="small sets")
    parser.add_argument("--data", type=Path, default=root.parent.parent / "shared" / "data", help="the collections")
    parser.add_argument("--dedup", help="the command to measure")
    parser.add_argument("--option", action="append", default=[], help="an option handed on to dedup scan")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="keep the made sets in this folder")
    parser.add_argument("--results", type=Path, help="write the results to this folder")
    chosen = parser.parse_args(arguments)
    chosen.command = command_found(chosen.dedup)
    if not chosen.results and not chosen.sets and not chosen.quick:
        chosen.results = root / "results"
    return chosen


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def main() -> None:
    chosen = options()
    about = {**machine(), "date": date.today().isoformat(), "quick": chosen.quick, "options": chosen.option}
    results = []
    for name in chosen.sets or (*SETS, DAMAGE):
        if name == DAMAGE:
            damage.measured(chosen.data, ("hostile", "mojibake") if chosen.quick else (*damage.PARTS,), chosen.results)
            continue
        try:
            sets = built(name, chosen)
        except (MissingError, FileNotFoundError) as error:
            say(f"{name}: left out: {error}")
            continue
        for one in sets:
            say(f"{one.name}: {len(one.items):,} documents")
            results.append(measured(one, chosen))
            print(page(results[-1:]), flush=True)
            for row in results[-1]["wrong"]["worst"]:
                print(f"  slow check failed: {json.dumps(row)}")
            for row in results[-1]["wrong"]["across_groups"]:
                print(f"  across groups: {json.dumps(row)}")
            if "accuracy" in results[-1]:
                print(json.dumps({name: results[-1][name] for name in ("accuracy", "answer_in_source")}, indent=1))
            print(flush=True)
            if chosen.results:
                written(results, about, chosen.results)


if __name__ == "__main__":
    main()
