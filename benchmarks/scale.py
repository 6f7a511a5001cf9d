"""What a corpus costs on 1, 2 and more workers, by threads and on a Ray cluster of this machine; and what breaks then.

    python benchmarks/scale.py CORPUS.jsonl [--workers 1 2 4] [--engines local ray] [--kill 2]
    python benchmarks/scale.py --simulate

- Runs: a scan of the corpus in a process of its own for each engine and number of workers: seconds of each stage, the
  peak memory of every process (RSS, and what of it is not shared), and whether the findings are the same bytes. With
  --kill so many workers of each Ray run are killed meanwhile. The first run tells the bytes of columns a document too.
- Simulation: buckets of band keys of 32, 40, 48 and 64 bits at up to ten billion documents, of which some are copies:
  keys are drawn for a slice of all, families of copies with sizes of a power law agree. What is told is for all bands,
  before pairs found in several are counted once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

SLICE_DOCUMENTS = 4_000_000
"""Documents whose keys are drawn: a slice of the keys of all."""
FAMILY_SHARE, FAMILY_EXPONENT, FAMILY_DOCUMENTS_MAX = 0.3, 2.5, 1_000_000
"""Documents that have copies, and the power law of how many: a crawl of the web that nobody cleaned."""
PAGE = os.sysconf("SC_PAGE_SIZE")


# --- one run, in a process of its own --------------------------------------------------------------------------------


@dataclass
class Stages:
    """Progress that takes the time."""

    seconds: dict[str, float] = field(default_factory=dict)
    name: str = "load"
    since: float = field(default_factory=time.perf_counter)

    def stage(self, name: str, total: int, unit: str) -> None:
        now = time.perf_counter()
        self.seconds[self.name] = self.seconds.get(self.name, 0.0) + now - self.since
        self.name, self.since = name, now

    def advance(self, units: int) -> None:
        pass


def run(corpus: Path, engine: str, workers: int, out: Path) -> dict[str, Any]:
    """Findings of the corpus in a file, and what they cost."""
    from dedup import pipeline
    from dedup.bulk import corpus as corpora
    from dedup.bulk import held
    from dedup.config import Config
    from dedup.report import jsonl

    column_bytes: Counter[str] = Counter()
    stored, listed = held.stored, corpora.listed

    def weighed(columns: Any, store: Any) -> Any:
        for name in columns.__slots__:
            column_bytes[name.partition("_")[0]] += getattr(columns, name).nbytes
        return stored(columns, store)

    def told(texts: Any, words: Any, store: Any) -> Any:
        column_bytes["places"] += words.nbytes + 4 * len(words) + texts.starts.nbytes + texts.stops.nbytes
        column_bytes["ids"] += sum(map(len, texts.ids)) + 4 * len(texts.ids)
        return listed(texts, words, store)

    if engine == "local":
        held.stored, corpora.listed = weighed, told
    stages = Stages()
    config = Config(engine=engine, workers=workers, bulk_bytes_min=0)  # type: ignore[arg-type]
    with pipeline.find_duplicates(corpus, config, stages) as found:
        stages.stage("", 0, "bytes")
        with out.open("w", encoding="utf-8") as file:
            file.writelines(map(jsonl.line, jsonl.scan(found)))
        pairs = found.pairs
        held_bytes = pairs.documents.nbytes + pairs.relation.nbytes + pairs.cleaner.nbytes + pairs.starts.nbytes
        filed_bytes = pairs.store.held_bytes + pairs.store.filed_bytes if pairs.store else 0
        return {
            "documents": len(found.corpus),
            "candidates": found.candidates,
            "pairs": len(pairs),
            "pair_bytes": held_bytes / max(1, len(pairs)),
            "pair_bytes_in_store": filed_bytes / max(1, len(pairs)),
            "stages": stages.seconds,
            "column_bytes": dict(column_bytes),
        }


# --- measuring it ----------------------------------------------------------------------------------------------------


@dataclass
class Peaks:
    """The peak memory of every process of a run, and workers that were killed."""

    rss: dict[int, int] = field(default_factory=dict)
    own: dict[int, int] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    killed: list[int] = field(default_factory=list)

    def look(self, first: int, kills: int, last_kill: float) -> float:
        """Takes note of all processes below the first one, and kills one that works if one is to be; when it did."""
        parents: dict[int, int] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError, ValueError, IndexError):
                parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        for pid in parents:
            above = pid
            while above not in (first, 0, 1):
                above = parents.get(above, 0)
            if above != first:
                continue
            with suppress(OSError, ValueError, IndexError):
                _, rss, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
                title = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0 ").decode("utf-8", "replace")
                self.rss[pid] = max(self.rss.get(pid, 0), int(rss) * PAGE)
                self.own[pid] = max(self.own.get(pid, 0), (int(rss) - int(shared)) * PAGE)
                self.titles[pid] = _named(title)
                works = title.startswith("ray::") and "IDLE" not in title and "Agent" not in title
                if works and len(self.killed) < kills and time.monotonic() > last_kill + 2:
                    os.kill(pid, signal.SIGKILL)
                    self.killed.append(pid)
                    last_kill = time.monotonic()
        return last_kill


def _named(title: str) -> str:
    words = title.split("\0")
    if title.startswith("ray::"):
        return title if "Agent" in title else "ray worker"
    for name in ("gcs_server", "raylet", "monitor.py", "log_monitor.py", "dashboard.py"):
        if any(word.endswith(name) for word in words[:4]):
            return name
    return "dedup"


def measured(corpus: Path, engine: str, workers: int, out: Path, kills: int) -> dict[str, Any]:
    command = [sys.executable, __file__, str(corpus), "--child", engine, str(workers), str(out)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peaks, over = Peaks(), threading.Event()

    def watch() -> None:
        last = time.monotonic()
        while not over.wait(0.2):
            last = peaks.look(process.pid, kills if engine == "ray" else 0, last)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    over.set()
    watcher.join()
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{engine} with {workers} workers failed")
    told = json.loads(output.splitlines()[-1])
    memory = [[peaks.titles[pid], peaks.rss[pid], peaks.own[pid]] for pid in peaks.rss]
    memory.sort(key=lambda one: -one[1])
    told |= {"engine": engine, "workers": workers, "seconds": seconds, "killed": len(peaks.killed), "memory": memory}
    return told | {"sha256": sha256(out.read_bytes()).hexdigest()}


def runs_told(rows: list[dict[str, Any]], size_bytes: int) -> str:
    names = [name for name in rows[0]["stages"] if name]
    lines = [
        f"{rows[0]['documents']:,} documents, {size_bytes / 1e6:,.0f} MB, {rows[0]['candidates']:,} candidates, "
        f"{rows[0]['pairs']:,} pairs of {rows[0]['pair_bytes']:.0f} bytes; {os.cpu_count()} processors, "
        f"load {os.getloadavg()[0]:.1f}",
        "",
        f"| engine | workers | seconds | {' | '.join(names)} | killed | findings |",
        f"| --- | ---: | ---: |{' ---: |' * len(names)} ---: | --- |",
    ]
    for row in rows:
        stages = " | ".join(f"{row['stages'].get(name, 0):.2f}" for name in names)
        same = "the same" if row["sha256"] == rows[0]["sha256"] else "OTHERS"
        lines.append(
            f"| {row['engine']} | {row['workers']} | {row['seconds']:.2f} | {stages} | {row['killed']} | {same} |"
        )
    lines += [
        "",
        "| engine | workers | process | peak RSS, MB | of it not shared |",
        "| --- | ---: | --- | ---: | ---: |",
    ]
    for row in rows:
        for title, rss, own in row["memory"]:
            if rss > 20e6:
                lines.append(f"| {row['engine']} | {row['workers']} | {title} | {rss / 1e6:,.0f} | {own / 1e6:,.0f} |")
    if found := next((row for row in rows if row["column_bytes"]), None):
        each = {name: total / found["documents"] for name, total in found["column_bytes"].items()}
        told = ", ".join(f"{name} {size:.0f}" for name, size in each.items())
        lines += ["", f"Bytes of columns a document: {told}; all {sum(each.values()):.0f}."]
    return "\n".join(lines)


# --- beyond ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Buckets:
    """Of all bands: buckets of two and more, the largest, pairs emitted, and of them those by chance."""

    documents: int
    bits: int
    crowded: float
    largest: int
    pairs: float
    by_chance: float


def families(documents: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """For each of some documents the number of its family: one's own for most."""
    sizes = []
    left = int(documents * FAMILY_SHARE)
    while left > 0:
        drawn = np.minimum(
            FAMILY_DOCUMENTS_MAX, np.floor((1 - rng.random(100_000)) ** (-1 / (FAMILY_EXPONENT - 1)) * 2)
        )
        ends = np.cumsum(drawn)
        taken = drawn[: int(np.searchsorted(ends, left)) + 1].astype(np.int64)
        sizes.append(taken)
        left -= int(taken.sum())
    every = np.concatenate(sizes)
    of = np.repeat(np.arange(len(every)), every)[:documents]
    return np.concatenate((of, np.arange(len(every), len(every) + documents - len(of))))


def simulated(documents: int, bits: int, bands: int, limit: int) -> Buckets:
    """Buckets of a band: families share a key, and families meet by chance in a slice of all keys."""
    rng = np.random.default_rng(documents % (1 << 32) + bits)
    size = min(documents, SLICE_DOCUMENTS)
    share = size / documents
    of = families(size, rng)
    keys = rng.integers(0, max(1, round(2.0**bits * share)), int(of.max()) + 1, np.uint64)[of]
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=np.uint64(1 << 63)))
    counts = np.diff(starts, append=size).astype(np.float64)
    family_sizes = np.bincount(of).astype(np.float64)

    def emitted(sizes: np.ndarray[Any, Any]) -> float:
        return float(np.where(sizes <= limit, sizes * (sizes - 1) / 2, sizes - 1).sum())

    scale = bands / share
    true = emitted(family_sizes)
    return Buckets(
        documents, bits, float((counts > 1).sum()) * scale, int(counts.max()), emitted(counts) * scale,
        max(0.0, emitted(counts) - true) * scale,
    )  # fmt: skip


def simulation() -> str:
    from dedup import match
    from dedup.config import Config

    config = Config()
    bands, rows = match.banding(config.threshold, config.band_recall, config.permutations)
    lines = [
        f"{bands} bands of {rows} rows; {FAMILY_SHARE:.0%} of the documents have copies, families by a power law of "
        f"{FAMILY_EXPONENT}, up to {FAMILY_DOCUMENTS_MAX:,}; buckets over {config.bucket_documents_max} give a star",
        "",
        "| documents | bits of a key | buckets of two and more | largest drawn | pairs | by chance | a document |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for documents in (10**6, 10**7, 10**8, 10**9, 10**10):
        for bits in (32, 40, 48, 64):
            one = simulated(documents, bits, bands, config.bucket_documents_max)
            lines.append(
                f"| {documents:.0e} | {bits} | {one.crowded:.2e} | {one.largest:,} | {one.pairs:.2e} | "
                f"{one.by_chance:.2e} | {one.by_chance / documents:.4f} |"
            )
    return "\n".join(lines)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", help="a JSONL file of corpora.py")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], metavar="N")
    parser.add_argument("--engines", nargs="+", choices=["local", "ray"], default=["local", "ray"])
    parser.add_argument("--kill", type=int, default=0, metavar="N", help="workers to kill in every run on Ray")
    parser.add_argument("--simulate", action="store_true", help="buckets at up to ten billion documents")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--results", type=Path, help="folder for the report (not written without)")
    chosen = parser.parse_args()
    if not chosen.corpus and not chosen.simulate:
        parser.error("name a corpus, or --simulate")
    return chosen


def main() -> None:
    chosen = options()
    if chosen.child:
        engine, workers, out = chosen.child
        print(json.dumps(run(chosen.corpus, engine, int(workers), Path(out))))
        return
    parts = []
    if chosen.corpus:
        rows = []
        with tempfile.TemporaryDirectory() as folder:
            for engine in chosen.engines:
                for workers in chosen.workers:
                    rows.append(measured(chosen.corpus, engine, workers, Path(folder, "found"), chosen.kill))
                    print(f"{engine}, {workers} workers: {rows[-1]['seconds']:.1f} s", file=sys.stderr, flush=True)
        parts.append(runs_told(rows, chosen.corpus.stat().st_size))
    if chosen.simulate:
        parts.append(simulation())
    report = "\n\n".join(parts)
    print(report)
    if chosen.results:
        chosen.results.mkdir(parents=True, exist_ok=True)
        (chosen.results / "scale.md").write_text(report + "\n")


if __name__ == "__main__":
    main()
