"""Measures dedup alone: `python benchmarks/speed.py CORPUS.jsonl...`, with dedup installed for this interpreter.

- Stages, in MB a second on one thread and on two, on the first texts of the first corpus: reading records (MB of the
  file); finding words; words and MinHash signatures; all sketches, as a scan makes them (MB of UTF-8).
- End to end, `dedup clean` on each corpus in a fresh process: seconds, documents a second, bytes of memory a
  document; and how the two largest compare for each document (1 is linear).
- Hostile corpora of `corpora.py`, built in a temporary folder: documents from one template, all of them identical, and,
  if asked for, a short line each. Each at its full size and at a tenth of it, again compared for each document.

Figures are medians of --repeat runs. Other work on the machine shows in them: look at the load that is printed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import corpora
import numpy as np
from peers import machine, measured, say

PART_BYTES = 4 << 20
"""Bytes of the file that a thread takes at a time."""
RANKED_SHARE = 0.02
"""The share of the corpus by which terms are ranked is taken to be so large: that of a sample of a large one."""
TENTH = 10
KINDS = (*corpora.HOSTILE, "short")


# --- stages ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage over parts of the corpus: what one part gives is not kept. size_bytes: what all parts have of input."""

    name: str
    run: Callable[[int], object]
    size_bytes: int


def stages_of(corpus: Path, megabytes: float) -> tuple[list[Stage], int]:
    """The stages on the first megabytes of a corpus, and the number of parts."""
    from dedup import read
    from dedup import sketch as one_sketch
    from dedup.bulk import read as bulk_read
    from dedup.bulk import sketch
    from dedup.config import Config
    from dedup.kernels import draw

    config = Config()
    (file,) = read.files([corpus], config)
    assert not isinstance(file, Exception)
    size = min(file.size_bytes, int(megabytes * 1e6))
    starts = range(0, size, PART_BYTES)
    parts = [bulk_read.Partition((file,), start, min(size, start + PART_BYTES)) for start in starts]
    texts = [bulk_read.texts(part, config) for part in parts]
    sample = sketch.Sample(config.term_documents_max, sketch.Sequences())
    for one in texts:
        sample.add(one)
    ranking = sample.ranking(RANKED_SHARE)
    a, b = one_sketch.permutations(config.permutations)
    shingling = config.shingle_length_tokens, config.passage_sampling

    def words(number: int) -> None:
        for batch in sketch._batches(texts[number]):
            sketch.token_hashes(texts[number].buffer, texts[number].offsets[batch.start : batch.stop + 1])

    def signatures(number: int) -> None:
        for batch in sketch._batches(texts[number]):
            offsets = texts[number].offsets[batch.start : batch.stop + 1]
            hashes, counts, _ = sketch.token_hashes(texts[number].buffer, offsets)
            out = np.empty((len(counts), config.permutations), np.uint32)
            keys, key_counts = np.empty(len(hashes), np.uint64), np.empty(len(counts), np.int64)
            draw.shingled(hashes, counts, *shingling, a, b, out, keys, key_counts)

    text_bytes = sum(int(one.offsets[-1]) for one in texts)
    found = [
        Stage("records", lambda number: bulk_read.texts(parts[number], config), size),
        Stage("words", words, text_bytes),
        Stage("words and MinHash", signatures, text_bytes),
        Stage("all sketches", lambda number: sketch.sketched(texts[number], ranking, config), text_bytes),
    ]
    return found, len(parts)


def seconds_of(run: Callable[[], object], repeat: int) -> float:
    """The median time of a call, after one that is not counted."""
    times = []
    for _ in range(repeat + 1):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def stages(corpus: Path, megabytes: float, repeat: int) -> list[dict[str, Any]]:
    """Throughput of each stage on the first texts of a corpus."""
    rows = []
    found, parts = stages_of(corpus, megabytes)
    with ThreadPoolExecutor(1) as one_thread, ThreadPoolExecutor(2) as two_threads:
        for stage in found:
            one, two = (
                seconds_of(lambda pool=pool, stage=stage: list(pool.map(stage.run, range(parts))), repeat)  # type: ignore[misc]
                for pool in (one_thread, two_threads)
            )
            speeds = {"one": stage.size_bytes / one / 1e6, "two": stage.size_bytes / two / 1e6}
            rows.append({"stage": stage.name, **speeds, "gain": one / two})
    return rows


# --- end to end ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str
    path: Path
    documents: int

    @classmethod
    def of(cls, path: Path) -> Corpus:
        with path.open("rb") as lines:
            return cls(path.name, path, sum(1 for _ in lines))


def end_to_end(corpus: Corpus, chosen: argparse.Namespace) -> dict[str, Any]:
    """Medians of `dedup clean` on a corpus; `problem` says why there are none."""
    runs = []
    row: dict[str, Any] = {"corpus": corpus.name, "documents": corpus.documents, "problem": None}
    for _ in range(chosen.repeat):
        with tempfile.TemporaryDirectory(dir=chosen.work) as folder:
            run = measured(
                [chosen.dedup, "clean", corpus.path, "-o", Path(folder, "out"), *chosen.dedup_option], chosen.timeout
            )
        say(f"{corpus.name}: {run.seconds:.2f} s, {run.peak_bytes / 1e6:.0f} MB")
        if run.status:
            last = (run.errors or "nothing on stderr").splitlines()[-1]
            return row | {"problem": f"killed after {chosen.timeout:g} s" if run.killed else f"failed: {last}"}
        runs.append(run)
    seconds, peak = (statistics.median(getattr(run, key) for run in runs) for key in ("seconds", "peak_bytes"))
    said = runs[-1].output.splitlines()[-1:]
    row |= {"seconds": seconds, "cpu_seconds": statistics.median(run.cpu_seconds for run in runs), "peak_bytes": peak}
    row |= {"documents_s": corpus.documents / seconds, "mb_s": corpus.path.stat().st_size / seconds / 1e6}
    return row | {"bytes_document": peak / corpus.documents, "said": said[0] if said else ""}


def linearity(smaller: dict[str, Any], larger: dict[str, Any]) -> dict[str, Any] | None:
    """How many times as long, and as much memory, a document of the larger corpus takes."""
    if smaller["problem"] or larger["problem"]:
        return None
    growth = larger["documents"] / smaller["documents"]
    ratios = {key: larger[key] / smaller[key] / growth for key in ("seconds", "peak_bytes")}
    return {"smaller": smaller["corpus"], "larger": larger["corpus"], **ratios}


# --- hostile corpora -------------------------------------------------------------------------------------------------


def hostile(kind: str, documents: int, folder: Path) -> Corpus:
    """A corpus of a kind on disk."""
    path = folder / f"{kind}-{documents}.jsonl"
    words = corpora.vocabulary(corpora.VOCABULARY_WORDS, 1) if kind in corpora.PLANTED else []
    corpora.write(path, kind, documents, words)
    return Corpus(path.name, path, documents)


def hostile_rows(chosen: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, Any] | None]]:
    """Each kind at a tenth and at the full size."""
    rows: list[dict[str, Any]] = []
    ratios = []
    for kind in chosen.kinds:
        with tempfile.TemporaryDirectory(dir=chosen.work) as folder:
            for documents in (chosen.hostile // TENTH, chosen.hostile):
                rows.append(end_to_end(hostile(kind, documents, Path(folder)), chosen))
        ratios.append(linearity(*rows[-2:]))
    return rows, ratios


# --- report ----------------------------------------------------------------------------------------------------------


def stage_table(rows: Sequence[dict[str, Any]]) -> str:
    lines = ["| stage | MB/s, one thread | MB/s, two | gain |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {row['stage']} | {row['one']:.0f} | {row['two']:.0f} | {row['gain']:.2f} |" for row in rows]
    return "\n".join(lines)


def end_table(rows: Sequence[dict[str, Any]]) -> str:
    heads = "documents", "seconds", "CPU s", "documents/s", "MB/s", "peak MB", "bytes a document"
    lines = [f"| corpus | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    for row in rows:
        figures = [row["problem"], *[""] * (len(heads) - 2)]
        if not row["problem"]:
            figures = [f"{row[key]:.2f}" for key in ("seconds", "cpu_seconds")]
            figures += [f"{row['documents_s']:,.0f}", f"{row['mb_s']:.1f}", f"{row['peak_bytes'] / 1e6:,.0f}"]
            figures.append(f"{row['bytes_document']:,.0f}")
        lines.append(f"| {row['corpus']} | {row['documents']:,} | {' | '.join(figures)} |")
    return "\n".join(lines)


def linear_lines(ratios: Sequence[dict[str, Any] | None]) -> str:
    return "\n".join(
        f"{one['larger']} against {one['smaller']}: {one['seconds']:.2f} times the seconds a document, "
        f"{one['peak_bytes']:.2f} times the bytes"
        for one in ratios
        if one
    )


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, nargs="+", help="JSONL files of corpora.py")
    parser.add_argument("--dedup", default=shutil.which("dedup"), help="the command to measure (from PATH)")
    parser.add_argument("--dedup-option", action="append", default=[], metavar="OPTION", help="more for dedup clean")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--stage-mb", type=float, default=64, metavar="MB", help="text for the stages; 0: none of them")
    parser.add_argument(
        "--hostile", type=int, default=100_000, metavar="DOCUMENTS", help="of a hostile corpus; 0: none"
    )
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["template", "identical"], metavar="KIND")
    parser.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="kill what takes longer")
    parser.add_argument("--date", default=date.today().isoformat(), help="of the measurement (today)")
    parser.add_argument("--work", type=Path, help="folder for what is written (the system's temporary one)")
    parser.add_argument("--results", type=Path, help="folder for the report (not written without)")
    chosen = parser.parse_args()
    if not chosen.dedup:
        parser.error("there is no dedup on PATH; name it by --dedup")
    return chosen


def main() -> None:
    chosen = options()
    about: dict[str, Any] = {"date": chosen.date, "machine": machine(), "repeat": chosen.repeat}
    where = about["machine"]
    text = [
        f"{where['cpu']}, {where['cores']} cores, load {where['load_before']}; {chosen.date}; median of {chosen.repeat}"
    ]
    named = sorted(map(Corpus.of, chosen.corpora), key=lambda corpus: corpus.documents)
    about["end_to_end"] = [end_to_end(corpus, chosen) for corpus in named]
    about["linearity"] = [linearity(*pair) for pair in list(pairwise(about["end_to_end"]))[-1:]]
    text += [end_table(about["end_to_end"]), linear_lines(about["linearity"])]
    if chosen.hostile:
        about["hostile"], about["hostile_linearity"] = hostile_rows(chosen)
        text += [end_table(about["hostile"]), linear_lines(about["hostile_linearity"])]
    if chosen.stage_mb:  # last, as a process that it made large would pass its size on to those that it starts
        about["stages"] = stages(chosen.corpora[0], chosen.stage_mb, chosen.repeat)
        text.insert(1, stage_table(about["stages"]))
    report = "\n\n".join(filter(None, text))
    print(report)
    if chosen.results:
        chosen.results.mkdir(parents=True, exist_ok=True)
        path = chosen.results / "speed.json"
        path.write_text(json.dumps(about, indent=1) + "\n")
        path.with_suffix(".md").write_text(report + "\n")


if __name__ == "__main__":
    main()
