"""How fast an index takes documents and answers, what it takes on disk and in memory, and what it finds.

    python benchmarks/index.py CORPUS [--batch 10000] [--queries 2000] [--kills 200]

CORPUS is a JSONL file of corpora.py. It is scanned as a whole, then added to a new index in batches, each by a process
of its own, so that neither finds memory warm. Queries are lines of the corpus, of which some are copies of others; each
is asked for by itself, 200 before that are not counted. Recall is told of the pairs that candidates of the scan
brought together: others of a scan come of its clusters.
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
    met = {(ids[a], ids[b]) for a, b in found.compared.tolist()}
    pairs = [(pair.a, pair.b, pair.relation) for pair in found.pairs if (pair.a, pair.b) in met]
    return {"seconds": seconds, "documents": len(ids), "pairs": pairs, "all_pairs": len(found.pairs)}


def added(corpus: Path, folder: Path, batch: int) -> dict[str, Any]:
    """The corpus added to a new index, batch by batch."""
    import dedup

    index = dedup.Index.create(folder)
    pairs: list[tuple[str, str, str]] = []
    seconds, began = [], time.perf_counter()
    for one in index.adding(corpus, batch_documents=batch):
        seconds.append(time.perf_counter() - began)
        pairs += [(pair.a, pair.b, pair.relation) for pair in one.pairs]
    told = index.stats()
    return {
        "seconds": seconds[-1],
        "last_batches": float(np.mean(np.diff(seconds[-11:]))) if len(seconds) > 1 else seconds[0],
        "documents": told.documents,
        "bytes_document": told.size_bytes / max(1, told.documents),
        "postings_document": told.postings / max(1, told.documents),
        "files": told.files,
        "pairs": pairs,
    }


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
    elif stage == "add":
        found = added(corpus, Path(arguments[1]), int(arguments[2]))
    else:
        found = queried(corpus, Path(arguments[1]), int(arguments[2]))
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = sum(used.ru_utime + used.ru_stime for used in (own, children))
    found |= {"peak_mb": own.ru_maxrss / 1000, "cpu_seconds": cpu_seconds}
    print(json.dumps(found))


def say(line: str) -> None:
    print(line, flush=True)


def compared(scan: dict[str, Any], add: dict[str, Any]) -> None:
    """What was found, and how fast, beside the scan."""
    rates = [one["documents"] / one["seconds"] for one in (scan, add)]
    for name, one, rate in zip(("scan of all", "added in batches"), (scan, add), rates, strict=True):
        took = f"{one['seconds']:.1f} s, {one['cpu_seconds']:.1f} s of processors"
        say(f"{name}: {took}, {rate:,.0f} documents/s, {one['peak_mb']:,.0f} MB")
    say(
        f"adding: "
        f"{rates[1] / rates[0]:.2f} of the scan's rate; {add['last_batches']:.2f} s each of the last ten batches"
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
            compared(apart("scan", chosen.corpus), apart("add", chosen.corpus, folder, chosen.batch))
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
