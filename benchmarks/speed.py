"""Measures dedup alone: `python benchmarks/speed.py CORPUS.jsonl...`, with dedup installed for this interpreter.

- Stages, in MB of UTF-8 a second on one thread and on two, on texts of the first corpus: finding words; words and
  MinHash signatures; both channels (signatures, counts of the terms, selection of the rarest).
- End to end, `dedup clean` on each corpus in a fresh process: seconds, documents a second, bytes of memory a
  document; and how the two largest compare for each document (1 is linear).
- Hostile corpora, built in a temporary folder: documents from one template, all of them identical, and, if asked for, a
  short line each. Each at its full size and at a tenth of it, again compared for each document.

Figures are medians of --repeat runs. Other work on the machine shows in them: look at the load that is printed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers import machine, measured, say

PERMUTATIONS = 128
SHINGLE_WORDS = 5
TERMS_WANTED, TERM_COUNT_MAX = 32, 1000
BATCH_BYTES = 128 << 10  # of text: its hashes stay in the L2 cache between the kernels
SLOTS = 1 << 10  # of the table of counts at first; that it grows is part of the time
TEMPLATE_WORDS, FIELD_EVERY = 300, 60
TENTH = 10


# --- stages ----------------------------------------------------------------------------------------------------------


class Sketches:
    """One thread's documents in batches, and the arrays that the kernels write to."""

    def __init__(self, documents: Sequence[bytes]) -> None:
        from datasketch import MinHash

        from dedup import clean
        from dedup.kernels import minhash, skeleton, tables, words

        self._minhash, self._skeleton, self._words = minhash, skeleton, words
        self._unicode = tables.load(clean.character_class.__wrapped__, clean.folded.__wrapped__, "speed")
        sketch = MinHash(PERMUTATIONS, seed=1, scheme="affine32")
        self._a, self._b = np.ascontiguousarray(sketch.permutations)
        self.size_bytes = sum(map(len, documents))
        self._batches = list(buffers(documents, words.BUFFER_SLACK))
        most = max(len(offsets) for _, offsets in self._batches)
        capacity = max(words.token_capacity(int(offsets[-1]), len(offsets)) for _, offsets in self._batches)
        self._hashes, self._counts = np.empty(capacity, np.uint64), np.empty(most, np.int64)
        self._signatures = np.empty((most, PERMUTATIONS), np.uint32)
        self._terms = np.empty(words.token_capacity(self.size_bytes, len(documents) + 1), np.uint64)
        self._kept: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []
        self.slots, self.filled = np.zeros(SLOTS, np.uint64), np.zeros(1, np.int64)

    def words(self) -> None:
        for _ in self._found():
            pass

    def signatures(self) -> None:
        for counts in self._found():
            self._sign(counts)

    def count(self) -> None:
        """Signatures, and the terms of each document counted."""
        self.slots, self.filled = np.zeros(SLOTS, np.uint64), np.zeros(1, np.int64)
        self._kept, done = [], 0
        for counts in self._found():
            self._sign(counts)
            self.reserve(int(counts.sum()))
            kept = np.empty(len(counts), np.int64)
            number = self._skeleton.count_terms(
                self._hashes, counts, self.slots, self.filled, TERM_COUNT_MAX, self._terms[done:], kept
            )
            self._kept.append((self._terms[done : done + number], kept))
            done += number

    def select(self, slots: NDArray[np.uint64]) -> None:
        """The rarest terms of each document by the counts of all."""
        for terms, counts in self._kept:
            keys, key_counts = np.empty((len(counts), TERMS_WANTED), np.uint64), np.empty(len(counts), np.int64)
            self._skeleton.select_terms(terms, counts, slots, TERMS_WANTED, TERM_COUNT_MAX, keys, key_counts)

    def merge(self, other: Sketches) -> None:
        """Adds another thread's counts."""
        self.reserve(int(other.filled[0]))
        self._skeleton.merge_counts(self.slots, self.filled, other.slots, TERM_COUNT_MAX)

    def reserve(self, terms: int) -> None:
        """Makes room for so many more terms."""
        size = self._skeleton.table_size(int(self.filled[0]) + terms)
        if size > len(self.slots):
            old, self.slots, self.filled = self.slots, np.zeros(size, np.uint64), np.zeros(1, np.int64)
            self._skeleton.merge_counts(self.slots, self.filled, old, TERM_COUNT_MAX)

    def _found(self) -> Iterator[NDArray[np.int64]]:
        """Hashes the words of a batch; gives the number of words of each of its documents."""
        unicode, spans = self._unicode, np.empty((0, 2), np.int64)
        for buffer, offsets in self._batches:
            self._words.words(
                buffer, offsets, unicode.index, unicode.records, unicode.pool, self._hashes, self._counts, spans
            )
            yield self._counts[: len(offsets) - 1]

    def _sign(self, counts: NDArray[np.int64]) -> None:
        out = self._signatures[: len(counts)]
        self._minhash.signatures(self._hashes, counts, SHINGLE_WORDS, self._a, self._b, out)


def buffers(documents: Sequence[bytes], slack: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """The documents one behind the other with their offsets, some BATCH_BYTES at a time."""
    pending: list[bytes] = []
    size = 0
    for number, document in enumerate(documents, 1):
        pending.append(document)
        size += len(document)
        if size >= BATCH_BYTES or number == len(documents):
            offsets = np.cumsum([0, *map(len, pending)]).astype(np.int64)
            yield np.frombuffer(b"".join(pending) + bytes(slack), np.uint8), offsets
            pending, size = [], 0


def both_channels(pool: ThreadPoolExecutor, parts: Sequence[Sketches]) -> None:
    """Three stages: every thread counts, the counts are merged, every thread selects."""
    list(pool.map(Sketches.count, parts))
    for other in parts[1:]:
        parts[0].merge(other)
    list(pool.map(lambda part: part.select(parts[0].slots), parts))


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
    documents = first_texts(corpus, megabytes)
    layouts = [[Sketches(documents)], [Sketches(documents[part::2]) for part in range(2)]]
    size = layouts[0][0].size_bytes
    rows = []
    with ThreadPoolExecutor(2) as pool:
        runs: dict[str, Callable[[list[Sketches]], object]] = {
            "words": lambda parts: list(pool.map(Sketches.words, parts)),
            "words and MinHash": lambda parts: list(pool.map(Sketches.signatures, parts)),
            "both channels": lambda parts: both_channels(pool, parts),
        }
        for name, run in runs.items():
            one, two = (seconds_of(lambda run=run, parts=parts: run(parts), repeat) for parts in layouts)  # type: ignore[misc]
            rows.append({"stage": name, "one": size / one / 1e6, "two": size / two / 1e6, "gain": one / two})
    return rows


def first_texts(corpus: Path, megabytes: float) -> list[bytes]:
    texts: list[bytes] = []
    size = 0
    with corpus.open("rb") as lines:
        for line in lines:
            texts.append(json.loads(line)["text"].encode())
            size += len(texts[-1])
            if size >= megabytes * 1e6:
                break
    return texts


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


def template(documents: int, seed: int = 1) -> Iterator[str]:
    """One text with a few fields that differ from document to document: all resemble each other."""
    rng = np.random.default_rng(seed)
    words = [f"word{number}" for number in rng.integers(0, 5000, TEMPLATE_WORDS).tolist()]
    for number in range(documents):
        words[FIELD_EVERY::FIELD_EVERY] = [f"field{number}x{at}" for at in range(FIELD_EVERY, len(words), FIELD_EVERY)]
        yield " ".join(words)


def identical(documents: int) -> Iterator[str]:
    text = next(template(1))
    return (text for _ in range(documents))


def lines(documents: int, seed: int = 1) -> Iterator[str]:
    """Short documents, 4 to 15 words that no other has in this order."""
    rng = np.random.default_rng(seed)
    for number in range(documents):
        yield " ".join(f"w{word}" for word in rng.zipf(1.2, int(rng.integers(3, 15))).tolist()) + f" line{number}"


KINDS: dict[str, Callable[[int], Iterator[str]]] = {"template": template, "identical": identical, "lines": lines}


def hostile(kind: str, documents: int, folder: Path) -> Corpus:
    """A corpus of a kind on disk."""
    path = folder / f"{kind}-{documents}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(KINDS[kind](documents)):
            file.write(f'{{"id": "h{number:08d}", "text": {json.dumps(text)}}}\n')
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
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=["template", "identical"], metavar="KIND")
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
    corpora = sorted(map(Corpus.of, chosen.corpora), key=lambda corpus: corpus.documents)
    about["end_to_end"] = [end_to_end(corpus, chosen) for corpus in corpora]
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
        path = chosen.results / f"speed-{corpora[-1].documents}.json"
        path.write_text(json.dumps(about, indent=1) + "\n")
        path.with_suffix(".md").write_text(report + "\n")


if __name__ == "__main__":
    main()
