"""How fast an index takes documents and answers, what it takes on disk and in memory, and what it finds.

    python benchmarks/index.py CORPUS [--batch 10000] [--queries 2000] [--commands] [--calls] [--kills 200]

CORPUS is a JSONL file of corpora.py. It is scanned as a whole, then added to a new index in batches, each by a
process of its own, so that neither finds memory warm. Adding is one call, of which each batch is a commit
(`Index.adding`, or `dedup index add` once); with --calls it is done once more with a call for each batch (`Index.add`
in a loop), of a file of so many lines each, so that nothing is done beside what is asked for. With --commands `dedup
scan` and `dedup index add` are run too, as anybody runs them: from the start of the process until all findings are
written as lines of JSON. Queries are lines of
the corpus, of which some are copies of others; each is asked for by itself, 200 before that are not counted. Recall
is told of the pairs that candidates of the scan brought together: others of a scan come of its clusters.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

WARM_QUERIES = 200


def scanned(corpus: Path) -> dict[str, Any]:
    """A scan of the whole corpus."""
    from dedup import pipeline

    began = time.perf_counter()
    found = pipeline.find_duplicates(corpus)
    seconds = time.perf_counter() - began
    ids = found.corpus.ids
    met = {(ids[a], ids[b]) for a, b in found.compared[:].tolist()}
    pairs = [(pair.a, pair.b, pair.relation) for pair in found.pairs if (pair.a, pair.b) in met]
    return {"seconds": seconds, "documents": len(ids), "pairs": pairs, "all_pairs": len(found.pairs)}


def added(corpus: Path, folder: Path, batch: int) -> dict[str, Any]:
    """The corpus added to a new index, batch by batch."""
    import dedup

    index = dedup.Index.create(folder)
    found = []
    seconds, began = [], time.perf_counter()
    for one in index.adding(corpus, batch_documents=batch):
        seconds.append(time.perf_counter() - began)
        found.append(one.pairs)
    told = index.stats()
    return {
        "seconds": seconds[-1],
        "last_batches": float(np.mean(np.diff(seconds[-11:]))) if len(seconds) > 1 else seconds[0],
        "documents": told.documents,
        "bytes_document": told.size_bytes / max(1, told.documents),
        "postings_document": told.postings / max(1, told.documents),
        "files": told.files,
        "pairs": [(pair.a, pair.b, pair.relation) for own in found for pair in own],
    }


def called(corpus: Path, folder: Path, batch: int) -> dict[str, Any]:
    """The corpus added to a new index, a call for each batch."""
    import dedup

    index, documents, seconds = dedup.Index.create(folder), 0, 0.0
    pairs: list[tuple[str, str, str]] = []
    part = folder.with_name("part.jsonl")
    with corpus.open("rb") as file:
        while lines := list(islice(file, batch)):
            part.write_bytes(b"".join(lines))
            began = time.perf_counter()
            found = index.add(part)
            seconds += time.perf_counter() - began
            documents += found.documents
            pairs += [(pair.a, pair.b, pair.relation) for pair in found.pairs]
    return {"seconds": seconds, "documents": documents, "pairs": pairs}


def commanded(corpus: Path, folder: Path, batch: int) -> None:
    """Both as commands, with what they print in a file."""
    subprocess.run(["dedup", "index", "create", folder], capture_output=True, check=True)
    options = ["--format", "jsonl", "--output", folder.with_name("findings.jsonl")]
    seconds = []
    for command in (["scan", corpus], ["index", "add", folder, corpus, "--batch", str(batch)]):
        began = time.perf_counter()
        subprocess.run(["dedup", *command, *options], stderr=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - began)
    say(f"commands: dedup scan {seconds[0]:.1f} s, dedup index add {seconds[1]:.1f} s: {seconds[0] / seconds[1]:.2f} "
        "of its rate")  # fmt: skip


def queried(corpus: Path, folder: Path, queries: int) -> dict[str, Any]:
    """Documents of the corpus asked for one after the other."""
    import dedup

    index = dedup.Index.open(folder)
    index.warm()
    size = len(index)
    step = max(1, size // (queries + WARM_QUERIES))
    seconds, related = [], 0
    for name, text in _lines(corpus, step, queries + WARM_QUERIES):
        document = dedup.document(f"query of {name}", text)
        began = time.perf_counter()
        related += len(index.query_documents([document]).pairs) > 1
        seconds.append(time.perf_counter() - began)
    warm = np.array(seconds[WARM_QUERIES:]) * 1000
    return {
        **{f"p{share}_ms": float(np.percentile(warm, share)) for share in (50, 90, 99)},
        "most_ms": float(warm.max()),
        "queries": len(warm),
        "with_copies": related,
        "documents": size,
    }


def _lines(corpus: Path, step: int, most: int) -> Iterator[tuple[str, str]]:
    taken = 0
    with corpus.open("rb") as file:
        for number, line in enumerate(file):
            if number % step == 0 and taken < most:
                taken += 1
                record = json.loads(line)
                yield record["id"], record["text"]


def apart(stage: str, *arguments: object) -> dict[str, Any]:
    """What a stage gives, by a process of its own, and that process's memory."""
    done = subprocess.run(
        [sys.executable, __file__, "--stage", stage, *map(str, arguments)], stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def staged(stage: str, arguments: list[str]) -> None:
    corpus = Path(arguments[0])
    if stage == "scan":
        found = scanned(corpus)
    elif stage in ("add", "calls"):
        adding = added if stage == "add" else called
        found = adding(corpus, Path(arguments[1]), int(arguments[2]))
    else:
        found = queried(corpus, Path(arguments[1]), int(arguments[2]))
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = sum(used.ru_utime + used.ru_stime for used in (own, children))
    found |= {"peak_mb": own.ru_maxrss / 1000, "cpu_seconds": cpu_seconds}
    print(json.dumps(found))


def say(line: str) -> None:
    print(line, flush=True)


def took(one: dict[str, Any]) -> str:
    rate = one["documents"] / one["seconds"]
    seconds = f"{one['seconds']:.1f} s, {one['cpu_seconds']:.1f} s of processors"
    return f"{seconds}, {rate:,.0f} documents/s, {one['peak_mb']:,.0f} MB"


def compared(scan: dict[str, Any], add: dict[str, Any]) -> None:
    """What was found, and how fast, beside the scan."""
    rates = [one["documents"] / one["seconds"] for one in (scan, add)]
    for name, one in zip(("scan of all", "added in batches"), (scan, add), strict=True):
        say(f"{name}: {took(one)}")
    by_processors = scan["cpu_seconds"] / add["cpu_seconds"]
    say(
        f"adding: {rates[1] / rates[0]:.2f} of the scan's rate, {by_processors:.2f} by seconds of processors; "
        f"{add['last_batches']:.2f} s each of the last ten batches"
    )
    say(f"on disk: {add['bytes_document']:,.0f} bytes and {add['postings_document']:.0f} keys a document")
    wanted, found = ({(a, b): relation for a, b, relation in one["pairs"]} for one in (scan, add))
    common = wanted.keys() & found.keys()
    same = sum(wanted[both] == found[both] for both in common)
    say(
        f"pairs: {len(wanted):,} of the scan ({scan['all_pairs'] - len(wanted):,} more of its clusters), "
        f"{len(found):,} of the index; recall {len(common) / max(1, len(wanted)):.4f}; "
        f"{len(common) - same} told otherwise"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("more", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=10_000, metavar="DOCUMENTS")
    parser.add_argument("--queries", type=int, default=2_000, metavar="N")
    parser.add_argument("--commands", action="store_true", help="measures commands too, output and all")
    parser.add_argument("--calls", action="store_true", help="adds once more, with a call for each batch")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="writers killed (see index_kills.py)")
    parser.add_argument("--work", type=Path, help="folder for the index (the system's temporary one)")
    parser.add_argument("--keep", type=Path, help="where the index is left; asked again if it is there already")
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.stage:
        staged(chosen.stage, [str(chosen.corpus), *chosen.more])
        return
    with tempfile.TemporaryDirectory(dir=chosen.work) as work:
        folder = chosen.keep or Path(work, "index")
        if not folder.exists():
            scan, add = apart("scan", chosen.corpus), apart("add", chosen.corpus, folder, chosen.batch)
            compared(scan, add)
            if chosen.commands:
                with tempfile.TemporaryDirectory(dir=chosen.work) as other:
                    commanded(chosen.corpus, Path(other, "index"), chosen.batch)
            if chosen.calls:
                with tempfile.TemporaryDirectory(dir=chosen.work) as other:
                    calls = apart("calls", chosen.corpus, Path(other, "index"), chosen.batch)
                same = sorted(calls["pairs"]) == sorted(add["pairs"])
                say(f"a call for each batch: {took(calls)}; {'the same' if same else 'other'} pairs")
        asked = apart("query", chosen.corpus, folder, chosen.queries)
        say(
            f"{asked['queries']:,} queries of {asked['documents']:,} documents, {asked['with_copies']:,} with copies: "
            f"median {asked['p50_ms']:.1f} ms, 90 % {asked['p90_ms']:.1f} ms, 99 % {asked['p99_ms']:.1f} ms, "
            f"most {asked['most_ms']:.0f} ms; {asked['peak_mb']:,.0f} MB"
        )
        if not chosen.keep:
            shutil.rmtree(folder)
        if chosen.kills:
            subprocess.run([sys.executable, Path(__file__).with_name("index_kills.py"), str(chosen.kills)], check=True)


if __name__ == "__main__":
    main()
