"""Runs `dedup clean` and other tools on one JSONL file: `python benchmarks/peers.py FILE --python PEERS/bin/python`.

Every tool reads the same file in a fresh process, one after another, and writes the documents it keeps. Measured:
seconds from start to exit, and the most memory that the process and its children held at once. Judged against
FILE.truth.jsonl:

- recall: of the planted pairs with a resemblance at or above the threshold, the share of which at most one survives;
- precision: of the removed documents, the share that has a kept document with an exact resemblance at or above the
  threshold, counted over sets of word 5-grams. Only documents of one family (an original and its planted copies) are
  compared, and a removed document without a family counts as false. At most SAMPLED removed documents are judged.

The table is printed and written to results/peers-DOCUMENTS.md, everything else with it to peers-DOCUMENTS.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

PERMUTATIONS = 128
SHINGLE_WORDS = 5
SAMPLED = 5000
SAMPLE_SEED = 1
BATCH_DOCUMENTS = 1000
MEMORY_EVERY_SECONDS = 0.05
OURS = "dedup"


# --- the peers: each reads `file` and writes what it keeps to `out`, in a process of its own -------------------------


def optimal_bands(threshold: float, permutations: int) -> tuple[int, int]:
    """Bands and rows with the least sum of both errors' areas, as datasketch and Daft's tutorial choose them."""
    steps = 400
    below = [threshold * (step + 0.5) / steps for step in range(steps)]
    above = [threshold + (1 - threshold) * (step + 0.5) / steps for step in range(steps)]
    best = (float("inf"), 0, 0)
    for bands in range(1, permutations + 1):
        for rows in range(1, permutations // bands + 1):
            found = sum(1 - (1 - s**rows) ** bands for s in below) * threshold
            missed = sum((1 - s**rows) ** bands for s in above) * (1 - threshold)
            best = min(best, (found + missed, bands, rows))
    return best[1:]


def daft_recipe(file: Path, out: Path, threshold: float, bands: tuple[int, int]) -> None:
    """Daft's tutorial: normalized text, MinHash, bands exploded and grouped, alternating stars, join, JSON.

    Kinder to Daft than the notebook: documents and edges are computed once, the band's number comes from `explode`.
    """
    import daft
    from daft import col
    from daft.functions import chunk, list_min, minhash, monotonically_increasing_id, normalize

    documents = daft.read_json(str(file)).with_column("node", monotonically_increasing_id()).collect()
    text = normalize(col("text"), remove_punct=True, lowercase=True, nfd_unicode=True, white_space=True)
    hashes = minhash(
        text, num_hashes=PERMUTATIONS, ngram_size=SHINGLE_WORDS, seed=42, hash_function="xxhash"
    )  # fmt: skip
    groups = (
        documents.select(col("node"), chunk(hashes, bands[1]).alias("band"))
        .explode("band", index_column="number")
        .where(col("number") < bands[0])
        .groupby("number", "band")
        .agg(col("node").list_agg().alias("nodes"))
    )
    edges = (
        groups.select(col("nodes").alias("u"), list_min(col("nodes")).alias("v"))
        .explode("u")
        .where(col("u") != col("v"))
        .distinct()
        .collect()
    )
    duplicates = daft_components(edges).select(col("u").alias("node"))
    documents.join(duplicates, on="node", how="anti").exclude("node").write_json(str(out))


def daft_components(edges: Any) -> Any:
    """Edges from every node to the least of its component: large and small stars in turn until nothing changes
    (Kiveris et al., "Connected components in MapReduce and beyond", 2014)."""
    from daft import col
    from daft.functions import when

    def star(pairs: Any, larger: bool) -> Any:
        """pairs (u, v): each v (and u) to the least of u's neighbourhood; if `larger`, only those above u."""
        least = pairs.groupby("u").agg(col("v").min().alias("least"))
        least = least.select(col("u"), when(col("u") < col("least"), col("u")).otherwise(col("least")).alias("least"))
        joined = pairs.join(least, on="u")
        moved = joined.where(col("v") > col("u")) if larger else joined
        result = moved.select(col("v").alias("u"), col("least").alias("v"))
        if not larger:
            result = result.concat(least.select(col("u"), col("least").alias("v")))
        return result.where(col("u") != col("v")).distinct().collect()

    def content(pairs: Any) -> set[tuple[int, int]]:
        columns = pairs.to_pydict()
        return set(zip(columns["u"], columns["v"], strict=True))

    before: set[tuple[int, int]] | None = None
    while (now := content(edges)) != before:
        before = now
        both = edges.concat(edges.select(col("v").alias("u"), col("u").alias("v")))
        edges = star(star(both, larger=True), larger=False)
    return edges


def daft_numpy(file: Path, out: Path, threshold: float, bands: tuple[int, int]) -> None:
    """Signatures by Daft; band keys sorted in numpy, scipy's connected components, the kept lines copied."""
    import daft
    import numpy as np
    from daft import col
    from daft.functions import minhash
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    hashes = minhash(
        col("text"), num_hashes=PERMUTATIONS, ngram_size=SHINGLE_WORDS, seed=42, hash_function="xxhash"
    )  # fmt: skip
    column = daft.read_json(str(file)).select(hashes.alias("hashes")).to_arrow()["hashes"].combine_chunks()
    signatures = column.flatten().to_numpy().reshape(-1, PERMUTATIONS)
    edges = []
    for band in range(bands[0]):
        keys = np.zeros(len(signatures), np.uint64)
        for row in range(band * bands[1], (band + 1) * bands[1]):
            keys = (keys ^ signatures[:, row]) * np.uint64(0x9E3779B97F4A7C15)
            keys ^= keys >> np.uint64(32)
        order = np.argsort(keys, kind="stable")
        same = keys[order[1:]] == keys[order[:-1]]
        edges.append(np.stack((order[:-1][same], order[1:][same])))
    ends = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), shape=(len(signatures),) * 2)
    _, labels = connected_components(graph, directed=False)
    keep = np.zeros(len(signatures), bool)
    keep[np.unique(labels, return_index=True)[1]] = True
    write_kept(file, out, keep.tolist())


def rensa_r(file: Path, out: Path, threshold: float, bands: tuple[int, int]) -> None:
    from rensa import RMinHashDeduplicator

    rensa(file, out, RMinHashDeduplicator(threshold=threshold, num_perm=PERMUTATIONS, use_lsh=True))


def rensa_c(file: Path, out: Path, threshold: float, bands: tuple[int, int]) -> None:
    from rensa import CMinHashDeduplicator

    rensa(file, out, CMinHashDeduplicator(threshold=threshold, num_perm=PERMUTATIONS))


def rensa(file: Path, out: Path, deduplicator: Any) -> None:
    """rensa's documented way: pairs of key and tokens added to a deduplicator, which says what is new."""
    keep: list[bool] = []
    for batch in batches(file):
        keep += deduplicator.add_pairs([(str(number), shingles(text)) for number, text in batch])
    write_kept(file, out, keep)


def datasketch(file: Path, out: Path, threshold: float, bands: tuple[int, int]) -> None:
    """MinHash in bulk with xxh32, of scheme affine32; a document is new if the index finds no earlier one."""
    from datasketch import MinHash, MinHashLSH
    from xxhash import xxh32_intdigest

    index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    keep: list[bool] = []
    for batch in batches(file):
        tokens = [map(str.encode, shingles(text)) for _, text in batch]
        sketches = MinHash.generator(
            tokens, num_perm=PERMUTATIONS, seed=1, hashfunc=xxh32_intdigest, scheme="affine32"
        )  # fmt: skip
        for (number, _), sketch in zip(batch, sketches, strict=True):
            keep.append(not index.query(sketch))
            if keep[-1]:
                index.insert(number, sketch, check_duplication=False)
    write_kept(file, out, keep)


def gaoya(file: Path, out: Path, threshold: float, bands: tuple[int, int]) -> None:
    """All documents indexed, then all queried, on all cores; the first of each found group is kept."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32, jaccard_threshold=threshold, num_bands=None, band_size=None, num_hashes=PERMUTATIONS,
        analyzer="word", ngram_range=(SHINGLE_WORDS, SHINGLE_WORDS), id_container="smallvec",
    )  # fmt: skip
    texts = [text for batch in batches(file) for _, text in batch]
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    keep = [True] * len(texts)
    for number, found in enumerate(index.par_bulk_query(texts)):
        if keep[number]:
            for other in found:
                keep[other] &= other == number
    write_kept(file, out, keep)


def batches(file: Path) -> Iterator[list[tuple[int, str]]]:
    """The documents, numbered, some at a time."""
    with file.open("rb") as lines:
        numbered = ((number, json.loads(line)["text"]) for number, line in enumerate(lines))
        while batch := list(islice(numbered, BATCH_DOCUMENTS)):
            yield batch


def shingles(text: str) -> list[str]:
    """The word 5-grams of a text, or all of it if it is shorter."""
    words = text.split()
    if len(words) <= SHINGLE_WORDS:
        return [" ".join(words)]
    return list(map(" ".join, zip(*(words[at:] for at in range(SHINGLE_WORDS)), strict=False)))


def write_kept(file: Path, out: Path, keep: Sequence[bool]) -> None:
    """The lines of `file` that `keep` says."""
    with file.open("rb") as lines, out.open("wb") as kept:
        kept.writelines(line for line, wanted in zip(lines, keep, strict=True) if wanted)


@dataclass(frozen=True, slots=True)
class Peer:
    """A way of running a tool: the packages it needs, and what runs it."""

    packages: tuple[str, ...]
    run: Callable[[Path, Path, float, tuple[int, int]], None]


PEERS = {
    "daft": Peer(("daft", "pyarrow"), daft_recipe),
    "daft-numpy": Peer(("daft", "numpy", "pyarrow", "scipy"), daft_numpy),
    "rensa": Peer(("rensa",), rensa_r),
    "rensa-c": Peer(("rensa",), rensa_c),
    "datasketch": Peer(("datasketch", "xxhash"), datasketch),
    "gaoya": Peer(("gaoya",), gaoya),
}


# --- measuring -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Run:
    """What one process took. peak_bytes: the most that it and its children had in memory at once; pages that several
    of them share are counted for each."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    status: int
    killed: bool
    output: str
    errors: str


def measured(command: Sequence[str | Path], timeout: float | None = None) -> Run:
    """Runs a command to its end, or kills it and its children after `timeout` seconds."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        os.sync()
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
        killed, ended, sampled = threading.Event(), threading.Event(), [0]
        watcher = threading.Thread(target=watch, args=(process.pid, ended, sampled), daemon=True)
        watcher.start()

        def kill() -> None:
            killed.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(timeout or 0, kill)
        if timeout:
            timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
        except BaseException:  # it has a session of its own, so it does not get Ctrl-C
            kill()
            raise
        finally:
            timer.cancel()
            ended.set()
            watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        # A child begins with its parent's maximum, so what is not above that tells nothing of the child.
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1 if sys.platform == "darwin" else 1024
        peak = max(usage.ru_maxrss * unit if usage.ru_maxrss > own else 0, sampled[0])
        cpu = usage.ru_utime + usage.ru_stime
        return Run(seconds, cpu, peak, process.returncode, killed.is_set(), tail(output), tail(errors))


def watch(pid: int, ended: threading.Event, most: list[int]) -> None:
    """Keeps the largest sum of memory of a process and its descendants in most[0], twice in a row: a process that is
    being started has for a moment all that its parent has. Only where there is /proc."""
    page, before = os.sysconf("SC_PAGE_SIZE"), 0
    while not ended.wait(MEMORY_EVERY_SECONDS):
        now = sum(resident_pages(one) for one in descendants(pid)) * page
        most[0], before = max(most[0], min(now, before)), now


def descendants(pid: int) -> Iterator[int]:
    """A process and all that it started, as far as they still run."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:
            continue
        for child in found:
            yield from descendants(int(child))


def resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0


def tail(file: Any) -> str:
    """The last lines of a process's output."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
    return bytes(file.read()).decode("utf-8", "replace").strip()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model, memory = platform.processor() or platform.machine(), 0
    if Path("/proc/cpuinfo").exists():
        models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = models[0].partition(":")[2].strip() if models else model
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = round(os.getloadavg()[0], 2)
    about = {"cpu": model, "cores": cores, "memory_gb": round(memory / 1e9, 1), "system": platform.system()}
    return about | {"load_before": load, "python": platform.python_version()}


# --- judging, in a process of its own too, so that the measuring one stays small -------------------------------------


@dataclass(slots=True)
class Families:
    """Originals and their planted copies: `root` of each document that has a family, `members` of each root."""

    root: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    pairs: list[tuple[str, str, float]] = field(default_factory=list)


def families(truth: Path) -> Families:
    """The families that the truth's `of` links make; an original stands before its copies in the file."""
    result = Families()
    for row in records(truth):
        result.pairs.append((row["id"], row["of"], row["resemblance"]))
        root = result.root.setdefault(row["of"], row["of"])
        if not result.members[root]:
            result.members[root].append(root)
        result.root[row["id"]] = root
        result.members[root].append(row["id"])
    return result


def judged(file: Path, out: Path, threshold: float) -> dict[str, Any]:
    """How many documents `out` holds, and what the truth says about those that it lacks."""
    known = families(truth_of(file))
    ids = [row["id"] for row in records(file)]
    written = Counter(row["id"] for part in written_files(out) for row in records(part))
    removed = [one for one in ids if one not in written]
    result: dict[str, Any] = {
        "documents": len(ids), "kept": written.total(), "removed": len(removed),
        "strange": sum(written.values()) - len(ids) + len(removed),
    }  # fmt: skip
    asked = [(one, of) for one, of, resemblance in known.pairs if resemblance >= threshold]
    found = sum(one not in written or of not in written for one, of in asked)
    result |= {"pairs": len(asked), "recall": found / len(asked) if asked else None}
    sample = sorted(random.Random(SAMPLE_SEED).sample(removed, min(SAMPLED, len(removed))))
    wanted = {other for one in sample for other in known.members.get(known.root.get(one, ""), ())}
    words = {row["id"]: row["text"].split() for row in records(file) if row["id"] in wanted}
    right = sum(justified(one, known, words, written, threshold) for one in sample)
    result |= {"judged": len(sample), "precision": right / len(sample) if sample else None}
    return result | manifest_figures(out, sample, words, written)


def justified(one: str, known: Families, words: dict[str, list[str]], kept: Counter[str], threshold: float) -> bool:
    """Whether a kept document resembles a removed one enough."""
    family = known.members.get(known.root.get(one, ""), ())
    return any(resemblance(words[one], words[other]) >= threshold for other in family if other in kept)


def manifest_figures(out: Path, sample: list[str], words: dict[str, list[str]], kept: Counter[str]) -> dict[str, Any]:
    """What `dedup` itself says of the sampled removals: how many of each relation, how many of them name a document
    that was not kept, and the least exact resemblance with the named one."""
    if not (out / "manifest.jsonl").is_file():
        return {}
    asked = set(sample)
    rows = [row for row in records(out / "manifest.jsonl") if row["id"] in asked and row["status"] == "dropped"]
    relations = Counter(str(row.get("relation")) for row in rows)
    lost = sum(row["for"] not in kept for row in rows)
    least: dict[str, float] = {}
    for row in rows:
        if row["id"] in words and row["for"] in words:
            exact, relation = resemblance(words[row["id"]], words[row["for"]]), str(row.get("relation"))
            least[relation] = min(exact, least.get(relation, 1.0))
    return {"relations": relations, "named_not_kept": lost, "least_resemblance": least}


def resemblance(one: Sequence[str], other: Sequence[str]) -> float:
    """Exact resemblance by sets of 5-grams; 1 for equal texts."""
    if one == other:
        return 1.0
    first, second = (
        {tuple(words[at : at + SHINGLE_WORDS]) for at in range(max(1, len(words) - SHINGLE_WORDS + 1))}
        for words in (one, other)
    )
    return len(first & second) / len(first | second)


def records(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as lines:
        yield from map(json.loads, lines)


def written_files(out: Path) -> list[Path]:
    """The files a tool wrote documents to: `out`, or what is in it, or in its folder of documents."""
    folder = out / "documents" if (out / "documents").is_dir() else out
    return [folder] if folder.is_file() else sorted(part for part in folder.rglob("*.json*") if part.is_file())


def truth_of(file: Path) -> Path:
    return file.with_name(file.name + ".truth.jsonl")


# --- one after another -----------------------------------------------------------------------------------------------


def compared(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """A row of figures for each tool; with repeats in rounds, so that a busy minute does not hit one tool alone."""
    rows: dict[str, dict[str, Any]] = {
        name: {"tool": name, "version": version} for name, version in versions(chosen).items()
    }
    runs: dict[str, list[Run]] = defaultdict(list)
    for _ in range(chosen.repeat):
        for name, row in rows.items():
            if not row["version"] or any(run.status for run in runs[name]):
                continue
            run = one_run(name, row, chosen)
            if run.status < 0 and not run.killed:
                row["crashes"] = row.get("crashes", 0) + 1
                say(f"{name}: died of signal {-run.status}; once more")
                run = one_run(name, row, chosen)
            runs[name].append(run)
            say(f"{name}: {run.seconds:.2f} s, {run.cpu_seconds:.2f} s of CPU, {run.peak_bytes / 1e6:.0f} MB")
    for name, row in rows.items():
        row["problem"] = problem(runs[name], chosen) if row["version"] else "not installed"
        if not row["problem"]:
            for key in ("seconds", "cpu_seconds", "peak_bytes"):
                row[key] = statistics.median(getattr(run, key) for run in runs[name])
            row["seconds_each"] = [round(run.seconds, 3) for run in runs[name]]
    return list(rows.values())


def one_run(name: str, row: dict[str, Any], chosen: argparse.Namespace) -> Run:
    """Runs a tool into a temporary folder; the first time, what it wrote is judged."""
    with tempfile.TemporaryDirectory(dir=chosen.work) as folder:
        out = Path(folder, "out" if name in (OURS, "daft") else "out.jsonl")
        common = [chosen.file, "--threshold", str(chosen.threshold)]
        if name == OURS:
            command = [chosen.dedup, "clean", *common, "-o", out, *chosen.dedup_option]
        else:
            bands = "x".join(map(str, chosen.bands))
            command = [chosen.python, __file__, *common, "--bands", bands, "--run", name, "--out", out]
        run = measured(command, chosen.timeout)
        if run.status == 0 and "kept" not in row:
            judge = [sys.executable, __file__, *map(str, common), "--judge", "--out", str(out)]
            row |= json.loads(subprocess.run(judge, check=True, capture_output=True).stdout)
        return run


def problem(runs: list[Run], chosen: argparse.Namespace) -> str | None:
    """Why there are no figures."""
    last = runs[-1]
    if last.killed:
        return f"killed after {chosen.timeout:g} s at {last.peak_bytes / 1e6:.0f} MB"
    if last.status:
        lines = (last.errors or "nothing on stderr").splitlines()
        return f"failed ({last.status}): {next((line for line in reversed(lines) if 'Error' in line), lines[-1])[:200]}"
    return None


def versions(chosen: argparse.Namespace) -> dict[str, str | None]:
    """The tools asked for and their versions; None for one that is not installed."""
    asked = subprocess.run([chosen.python, __file__, "--versions"], capture_output=True, check=True, text=True)
    found: dict[str, str | None] = json.loads(asked.stdout)
    ours = None
    if chosen.dedup:
        told = subprocess.run([chosen.dedup, "--version"], capture_output=True, check=True, text=True)
        ours = told.stdout.split()[-1]
    return {name: version for name, version in {OURS: ours, **found}.items() if name in (chosen.only or [OURS, *PEERS])}


def installed() -> dict[str, str | None]:
    """The version of each peer in this interpreter, with those of what it needs where that is not the peer itself."""
    from importlib import metadata

    result: dict[str, str | None] = {}
    for name, peer in PEERS.items():
        try:
            result[name] = ", ".join(f"{package} {metadata.version(package)}" for package in peer.packages)
        except metadata.PackageNotFoundError:
            result[name] = None
    return result


def table(rows: list[dict[str, Any]], megabytes: float) -> str:
    """The figures as a Markdown table; speed is against the quickest peer."""
    times = [row["seconds"] for row in rows if row["tool"] != OURS and "seconds" in row]
    heads = "seconds", "CPU s", "MB/s", "speed", "peak MB", "kept", "recall", "precision"
    lines = [["tool", *heads], ["---", *["---:"] * len(heads)]]
    for row in rows:
        if row["problem"]:
            lines.append([row["tool"], row["problem"], *[""] * (len(heads) - 1)])
            continue
        speed = f"{min(times) / row['seconds']:.2f}" if times else ""
        took = f"{row['seconds']:.2f}", f"{row['cpu_seconds']:.2f}", f"{megabytes / row['seconds']:.1f}", speed
        shares = ["" if row[key] is None else f"{row[key]:.4f}" for key in ("recall", "precision")]
        lines.append([row["tool"], *took, f"{row['peak_bytes'] / 1e6:,.0f}", f"{row['kept']:,}", *shares])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_results(rows: list[dict[str, Any]], where: dict[str, Any], chosen: argparse.Namespace) -> str:
    """The report, which is also written to the folder of results, if there is to be one."""
    size = chosen.file.stat().st_size
    documents = next((row["documents"] for row in rows if "documents" in row), None)
    about: dict[str, Any] = {
        "date": chosen.date, "machine": where, "documents": documents, "bytes": size,
        "threshold": chosen.threshold, "permutations": PERMUTATIONS, "shingle_words": SHINGLE_WORDS,
        "daft_bands": chosen.bands, "repeat": chosen.repeat, "dedup_options": chosen.dedup_option,
    }  # fmt: skip
    used = "; ".join(f"{row['tool']}: {row['version']}" for row in rows if row["version"])
    text = (
        f"{documents or 0:,} documents, {size / 1e6:,.0f} MB, threshold {chosen.threshold:g}, "
        f"word {SHINGLE_WORDS}-grams, {PERMUTATIONS} permutations; Daft with {chosen.bands[0]} bands of "
        f"{chosen.bands[1]}. {where['cpu']}, {where['cores']} cores, {where['memory_gb']:.0f} GB, load "
        f"{where['load_before']} before; {chosen.date}; median of {chosen.repeat}. Speed: against the quickest peer."
        f"\n\n{table(rows, size / 1e6)}\nVersions: {used}\n"
    )
    if chosen.results and documents:
        chosen.results.mkdir(parents=True, exist_ok=True)
        path = chosen.results / f"peers-{documents}.json"
        path.write_text(json.dumps({**about, "tools": rows, "table": table(rows, size / 1e6)}, indent=1) + "\n")
        path.with_suffix(".md").write_text(text)
    return text


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def bands_of(text: str) -> tuple[int, int]:
    bands, rows = map(int, text.split("x"))
    if bands < 1 or rows < 1 or bands * rows > PERMUTATIONS:
        raise ValueError(text)
    return bands, rows


def options(arguments: Iterable[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="a corpus of corpora.py, with its truth beside it")
    parser.add_argument("--only", nargs="+", choices=[OURS, *PEERS], metavar="NAME", help=f"{OURS}, {', '.join(PEERS)}")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers")
    parser.add_argument("--dedup", default=shutil.which("dedup"), help="the command to compare (from PATH)")
    parser.add_argument("--dedup-option", action="append", default=[], metavar="OPTION", help="more for dedup clean")
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--bands", type=bands_of, metavar="BxR", help="bands and rows for Daft (least error)")
    parser.add_argument("--timeout", type=float, default=1800, metavar="SECONDS", help="kill what takes longer")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="runs of each, of which the medians count")
    parser.add_argument("--date", default=date.today().isoformat(), help="of the measurement (today)")
    parser.add_argument("--work", type=Path, help="folder for what the tools write (the system's temporary one)")
    parser.add_argument("--results", type=Path, help="folder for the report (results/ here; none with --only)")
    for hidden in ("--run", "--out"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    for hidden in ("--judge", "--versions"):
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if not chosen.file and not chosen.versions:
        parser.error("which file?")
    return chosen


def main() -> None:
    chosen = options()
    if chosen.versions:
        print(json.dumps(installed()))
    elif chosen.judge:
        print(json.dumps(judged(chosen.file, Path(chosen.out), chosen.threshold)))
    elif chosen.run:
        PEERS[chosen.run].run(chosen.file, Path(chosen.out), chosen.threshold, chosen.bands)
    else:
        chosen.bands = chosen.bands or optimal_bands(chosen.threshold, PERMUTATIONS)
        if not chosen.only:
            chosen.results = chosen.results or Path(__file__).parent / "results"
        where = machine()
        print(write_results(compared(chosen), where, chosen))


if __name__ == "__main__":
    main()
