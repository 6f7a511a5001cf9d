"""How well damage is found in one document by itself, and how seldom where there is none.

    python benchmarks/damage.py ../shared/data                 # every part
    python benchmarks/damage.py ../shared/data --part spun speed
    python benchmarks/damage.py ../shared/data --part closely --language-model smollm2

Parts: `mojibake` (each case by itself and embedded in a long clean text: repaired as expected, nothing else touched);
`ocr` (scanned articles against their ground truth); `noise` (news with character noise); `spun` (swapped reviews, and
reviews and documentation spun by spinner.py); `hostile` (fixtures/hostile); `clean` (false alarms on clean prose by
kind); `speed`. Only if named: `closely` and `closely-prose` (spun text by close reading, on reviews and prose that none
of its weights were fitted on; extra `model`; some minutes each). AUC is the area under the ROC curve of a kind's score,
by document. Where a detector was fitted on a part of a set, that part is left out: `held out` says so. Clean prose is
what Debian packages install (see `sound`); the spinner wants wordnet-base and mythes-en-us. Results go to
results/damage.md and damage.json, part by part.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from corpora import VOCABULARY_WORDS, records, vocabulary
from peers import machine
from sound import clean_prose, rows
from tables import table as tabled

from dedup import causal, closely, damage, edits, mojibake
from dedup.damage import encoding, invisible, ocr, spun
from dedup.model import Document, Locator

FIXTURES = Path(__file__).parent.parent / "fixtures" / "hostile"
PREVALENCE = 0.01


def bucket(text: str) -> int:
    """0 to 99, by the text alone: what the detectors were fitted on and what not is told by it."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 100


def document(text: str) -> Document:
    return Document("text", Locator(""), text)


def auc(damaged: Sequence[float], sound: Sequence[float]) -> float:
    """The chance that a damaged document has a higher score than a sound one; equal ones count half."""
    scores = np.concatenate((damaged, sound))
    order = np.sort(scores)
    ranks = (np.searchsorted(order, scores, "left") + np.searchsorted(order, scores, "right") + 1) / 2
    wins = ranks[: len(damaged)].sum() - len(damaged) * (len(damaged) + 1) / 2
    return float(wins / (len(damaged) * len(sound)))


def share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else float("nan")


@dataclass(frozen=True, slots=True)
class Table:
    """What a part measured: a title, the names of the columns, and rows of cells."""

    title: str
    columns: tuple[str, ...]
    rows: list[list[Any]] = field(default_factory=list)


COLUMNS = ("set", "damaged", "sound", "AUC", "flagged", "false alarms", "precision at 1 %")


def figures(name: str, damaged: Sequence[float], sound: Sequence[float]) -> list[Any]:
    """One row: AUC, how many are flagged, how many sound ones are, and the precision where one in a hundred is bad."""
    level = damage.FLAG_LEVEL
    recall, alarms = share(one >= level for one in damaged), share(one >= level for one in sound)
    precision = PREVALENCE * recall / max(1e-9, PREVALENCE * recall + (1 - PREVALENCE) * alarms)
    return [
        name,
        len(damaged),
        len(sound),
        *(round(one, 4) for one in (auc(damaged, sound), recall, alarms, precision)),
    ]


# --- the parts ---------------------------------------------------------------------------------------------------


def broken(data: Path) -> Iterator[Table]:
    host = max((path.read_text(encoding="utf-8") for path in (FIXTURES.parent.parent / "seeds").glob("*.txt")), key=len)
    at = host.index("\n", len(host) // 2) + 1
    middle = host.index(" ", len(host) // 3) + 1
    columns = ("set", "cases", "as expected", "embedded as a line", "within a line", "found, by its span")
    made = Table("mojibake", columns)
    for name in ("in-the-wild", "synthetic", "language-names", "negative"):
        counts = np.zeros(4, int)
        cases = rows(data / "mojibake" / f"{name}.jsonl")
        for case in cases:
            text, wanted = case["original"], case.get("fixed-encoding", case["fixed"])
            counts[0] += repaired(text) == wanted
            for column, (before, after) in enumerate(
                ((host[:at], f"\n{host[at:]}"), (host[:middle], f" {host[middle:]}")), 1
            ):
                counts[column] += repaired(before + text + after) == before + wanted + after
            spans = [edit.span for edit in mojibake.repairs(host[:at] + text + "\n" + host[at:])]
            inside = all(at <= start and stop <= at + len(text) for start, stop in spans)
            counts[3] += inside and bool(spans) == (wanted != text)
        made.rows.append([name, len(cases), *counts.tolist()])
    yield made


def repaired(text: str) -> str:
    return edits.applied(text, mojibake.repairs(text))


def scanned(data: Path) -> Iterator[Table]:
    made = Table("ocr: raw text against ground truth, by article", COLUMNS)
    sets: dict[str, list[tuple[str, str, str]]] = {"bln600": [], "overproof": []}
    articles: dict[str, list[dict[str, Any]]] = {}
    for row in rows(data / "ocr" / "bln600_train.jsonl"):
        articles.setdefault(row["id"], []).append(row)
    for name, parts in articles.items():
        sets["bln600"].append((name, *("\n".join(part[side] for part in parts) for side in ("ocr", "gold"))))
    sets["overproof"] = [
        (row["id"], row["ocr"], row["gold"]) for row in rows(data / "ocr" / "overproof_dataset2.jsonl")
    ]
    every: tuple[list[float], list[float]] = ([], [])
    for name, found in sets.items():
        held = [one for one in found if bucket(one[0]) >= 50]
        scores = [ocr.detect(one[1]).score for one in held], [ocr.detect(one[2]).score for one in held]
        made.rows.append(figures(f"{name}, held out", *scores))
        for side, more in zip(every, scores, strict=True):
            side.extend(more)
    made.rows.append(figures("both, held out", *every))
    yield made


def noise(data: Path) -> Iterator[Table]:
    made = Table("character noise, by paragraph", COLUMNS)
    found = [row for row in rows(data / "character_noise" / "dev.jsonl") if bucket(row["original"]) >= 50]
    sound = {row["original"]: ocr.detect(row["original"]).score for row in found}
    for attack in sorted({row["attack"].split("_")[1] for row in found}):
        noisy = [row for row in found if row["attack"].endswith(attack)]
        scores = [ocr.detect(row["corrupt"]).score for row in noisy]
        made.rows.append(figures(attack, scores, [sound[row["original"]] for row in noisy]))
    every = [ocr.detect(row["corrupt"]).score for row in found]
    made.rows.append(figures("all, held out", every, list(sound.values())))
    yield made


def swapped(data: Path) -> Iterator[Table]:
    made = Table("spun: no copy at hand, by document", COLUMNS)
    originals: dict[str, float] = {}
    for name in ("textfooler", "pwws", "bae"):
        found = [row for row in rows(data / "word_substitution" / f"imdb_{name}.jsonl") if bucket(row["original"]) < 25]
        originals |= {row["original"]: spun.detect(row["original"]).score for row in found}
        scores = [spun.detect(row["spun"]).score for row in found], [originals[row["original"]] for row in found]
        made.rows.append(figures(f"imdb_{name}, held out", *scores))
        kinds = {f"… {low} to {high} swaps": [low <= len(row["subs"]) <= high for row in found]
                 for low, high in ((1, 3), (4, 15), (16, 999))}  # fmt: skip
        kinds["… 100 to 300 words"] = [100 <= len(row["original"].split()) <= 300 for row in found]
        for kind, taken in kinds.items():
            picked = [[one for one, is_taken in zip(side, taken, strict=True) if is_taken] for side in scores]
            if all(picked):
                made.rows.append(figures(kind, *picked))
    import spinner

    for percent in (5, 10, 20, 40):
        put_in = [spun.detect(spinner.spun(text, percent / 100, 7)[0]).score for text in originals]
        made.rows.append(figures(f"own spinner, {percent} %, reviews held out", put_in, list(originals.values())))
    for kind, texts in clean_prose(data).items():
        short = [cut(text, 200) for text in texts if bucket(text[:200]) < 15][:100]
        if len(short) > 10:
            put_in = [spun.detect(spinner.spun(text, 0.2, 7)[0]).score for text in short]
            sound = [spun.detect(text).score for text in short]
            made.rows.append(figures(f"own spinner, 20 %, {kind}, 200 words", put_in, sound))
    yield made
    seeds = sorted((FIXTURES.parent.parent / "seeds").glob("*.txt"))
    scores_of = [[path.name[:3], round(spun.detect(path.read_text(encoding="utf-8")).score, 2)] for path in seeds]
    yield Table("spun: the seeds, of which 002 is the spun one", ("seed", "score"), scores_of)


@dataclass(frozen=True, slots=True)
class Close:
    """Scores of texts for words put in, without close reading and with it; each text is read once."""

    readers: closely.Readers
    told: dict[str, tuple[float, float]] = field(default_factory=dict)

    def scores(self, texts: Sequence[str]) -> list[tuple[float, float]]:
        for text in texts:
            if text not in self.told:
                card = damage.card(document(text))
                self.told[text] = card.scores["spun"], closely.card(card, text, self.readers).scores["spun"]
        return [self.told[text] for text in texts]

    def rows(self, name: str, spun_texts: Sequence[str], sound: Sequence[str]) -> Iterator[list[Any]]:
        """The figures of a set, without close reading and with it."""
        for at, way in enumerate(("without", "with")):
            sides = ([one[at] for one in self.scores(texts)] for texts in (spun_texts, sound))
            yield figures(f"{name}, {way}", *sides)


def read_closely(data: Path, model: str) -> Iterator[Table]:
    """The half of the held-out reviews that no weight of close reading was fitted on, and the seeds."""
    close = Close(closely.opened(model))
    made = Table("spun, by close reading: reviews held out from all that was fitted, by document", COLUMNS)
    start = time.process_time()
    for name in ("textfooler", "pwws"):
        path = data / "word_substitution" / f"imdb_{name}.jsonl"
        found = [row for row in rows(path) if CLOSE_MIN <= bucket(row["original"]) < 25]
        kinds = {"": found, ", 100 to 300 words": [row for row in found if 100 <= len(row["original"].split()) <= 300]}
        for low, high in ((1, 3), (4, 15), (16, 999)):
            kinds[f", {low} to {high} swaps"] = [row for row in found if low <= len(row["subs"]) <= high]
        for kind, some in kinds.items():
            if some:
                sides = ([row[side] for row in some] for side in ("spun", "original"))
                made.rows.extend(close.rows(f"{name}{kind}", *sides))
    seconds, words = time.process_time() - start, sum(len(text.split()) for text in close.told)
    yield made
    cost = [len(close.told), words, f"{1000 * seconds / words:.1f}"]
    yield Table("close reading: cost, CPU", ("reviews", "words", "ms a word"), [cost])
    seeds = sorted((FIXTURES.parent.parent / "seeds").glob("*.txt"))
    told = close.scores([path.read_text(encoding="utf-8") for path in seeds])
    scores_of = [[path.name[:3], *one] for path, one in zip(seeds, told, strict=True)]
    yield Table("close reading: the seeds, of which 002 is the spun one", ("seed", "without", "with"), scores_of)


def prose_closely(data: Path, model: str) -> Iterator[Table]:
    import spinner

    close = Close(closely.opened(model))
    made = Table("spun, by close reading: held-out prose, spun by the own spinner at 20 %, 200 words", COLUMNS)
    for kind, texts in clean_prose(data).items():
        short = [cut(text, 200) for text in texts if kind != "reviews" and bucket(text[:200]) < 15][:CLOSE_TEXTS]
        if len(short) > 3:
            made.rows.extend(close.rows(kind, [spinner.spun(text, 0.2, 7)[0] for text in short], short))
    yield made


CLOSE_TEXTS = 6
CLOSE_MIN = 12
"""Reviews of buckets below were what the regressions of close reading were fitted on."""


def cut(text: str, words: int) -> str:
    """The first so many words, with their spaces."""
    found = re.match(rf"(?:\S+\s+){{1,{words}}}", text)
    return found.group() if found else text


def hostile(_: Path) -> Iterator[Table]:
    made = Table("hostile set", ("kind", "damaged", "found", "twins", "flagged"))
    detectors: dict[str, Callable[[str], float]] = {
        "encoding": lambda text: encoding.detect(document(text)).score,
        "invisible": lambda text: invisible.detect(text).score,
    }
    for kind, score in detectors.items():
        cases = rows(FIXTURES / f"{kind}.jsonl")
        flagged = [(case["damaged"], score(case["text"]) >= damage.FLAG_LEVEL) for case in cases]
        bad, twins = [one for is_bad, one in flagged if is_bad], [one for is_bad, one in flagged if not is_bad]
        made.rows.append([kind, len(bad), sum(bad), len(twins), sum(twins)])
    yield made


REAL = {
    "encoding": ("controls or entities", re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]|&(?:quot|amp|lt|gt|nbsp|#[0-9]+);")),
    "structure": ("tags or blanks", re.compile(r"<(?:br|p|i|b|table)\b ?/?>|\{\{")),
}
"""What some of the clean prose really holds: to flag it is no false alarm, and it is left out of that kind's share."""


def clean(data: Path) -> Iterator[Table]:
    title = "false alarms on clean prose: share of documents flagged, without those that really hold what is reported"
    made = Table(title, ("kind", "documents", *damage.KINDS, *(f"with {what}" for what, _ in REAL.values())))
    for name, texts in clean_prose(data).items():
        flags = [card.flags for card in damage.cards(map(document, texts))]
        real = {kind: [bool(pattern.search(text)) for text in texts] for kind, (_, pattern) in REAL.items()}
        none = [False] * len(texts)
        shares = (
            share(kind in one for one, is_real in zip(flags, real.get(kind, none), strict=True) if not is_real)
            for kind in damage.KINDS
        )
        made.rows.append([name, len(texts), *(round(one, 4) for one in shares), *map(sum, real.values())])
    yield made


def speed(data: Path) -> Iterator[Table]:
    """Pieces of known prose, whole documents of other prose, and made-up words, of which nearly each is new."""
    title = "speed: whole card, one core, CPU time; strings: those of a document that the process never met before"
    made = Table(title, ("documents of", "MB", "MB/s", "new strings"))
    prose = clean_prose(data)
    texts = [text for kind in KNOWN_PROSE for text in prose.get(kind, [])]
    first = list(islice(lengths(texts, 3000), 300))
    list(damage.cards(map(document, first)))  # until all is loaded, as in a corpus of some size
    met = {string for text in first for string in text.split()}
    whole = [text for kind, found in prose.items() if kind not in KNOWN_PROSE for text in found]
    made_up = islice(records("mixed", 600, vocabulary(VOCABULARY_WORDS, 1), 1), 600)
    sets: dict[str, list[str]] = {
        **{f"{size:,} characters": list(lengths(texts, size)) for size in (1500, 10_000, 100_000)},
        "1,500 characters, further on": list(between_words(texts, 1500, 2_000_000, 3_000_000)),
        "3,000 characters, further on": list(between_words(texts, 3000, 3_000_000, 4_000_000)),
        "whole documents of other prose, 2,000 to 4,000": [text for text in whole if 2000 <= len(text) <= 4000],
        "200 to 1,000 made-up words": [text for _, text in made_up],
    }
    for name, found in sets.items():
        asked = list(map(document, found[: max(20, 2_000_000 // len(found[0]))]))
        gc.collect()  # of what this benchmark holds itself, which else falls on one row or another
        start = time.process_time()
        for _ in damage.cards(asked):
            pass
        seconds = time.process_time() - start
        megabytes = sum(len(one.text.encode()) for one in asked) / 1e6
        strings = {string for one in asked for string in one.text.split()}
        new = len(strings - met) / len(asked)
        made.rows.append([name, round(megabytes, 1), f"{megabytes / seconds:.1f}", f"{new:.1f}"])
        met |= strings
    yield made


KNOWN_PROSE = ("anarchism", "postgresql", "python")


def lengths(texts: Sequence[str], characters: int) -> Iterator[str]:
    """The texts joined and cut anew, to a length each, wherever that falls."""
    joined = "\n\n".join(texts)
    for start in range(0, len(joined) - characters + 1, characters):
        yield joined[start : start + characters]


def between_words(texts: Sequence[str], characters: int, start: int, stop: int) -> Iterator[str]:
    """The same of a part, cut at the last blank within the length: half a word is a string that no document has."""
    joined = "\n\n".join(texts)
    while start + characters < min(stop, len(joined)):
        blank = joined.rfind(" ", start, start + characters)
        end = blank if blank > start else start + characters
        yield joined[start:end]
        start = end + 1


PARTS: dict[str, Callable[[Path], Iterator[Table]]] = {
    "mojibake": broken, "ocr": scanned, "noise": noise, "spun": swapped, "hostile": hostile, "clean": clean,
    "speed": speed, "closely": partial(read_closely, model=causal.INSTALLED),
    "closely-prose": partial(prose_closely, model=causal.INSTALLED),
}  # fmt: skip


def page(table: Table) -> str:
    """A table in Markdown, under its title."""
    shown = [
        [f"{cell:.4f}" if isinstance(cell, float) and cell <= 1 else str(cell) for cell in row] for row in table.rows
    ]
    return f"## {table.title}\n\n{tabled([list(table.columns), *shown])}"


def written(found: dict[str, list[Table]], about: Mapping[str, Any], folder: Path) -> None:
    """Writes damage.json and damage.md; parts that stand in the folder and were not run now stay as they are."""
    path = folder / "damage.json"
    folder.mkdir(parents=True, exist_ok=True)
    before = json.loads(path.read_text(encoding="utf-8"))["parts"] if path.exists() else {}
    parts = {part: {"about": about, "tables": [asdict(one) for one in tables]} for part, tables in found.items()}
    parts = {part: (before | parts)[part] for part in PARTS if part in before or part in parts}
    path.write_text(json.dumps({"parts": parts}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    pages = [page(Table(**one)) for part in parts.values() for one in part["tables"]]
    dates = ", ".join(sorted({part["about"]["date"] for part in parts.values()}))
    head = f"# Damage found in single documents\n\nMade by `python benchmarks/damage.py`, {dates}; {about['cpu']}.\n\n"
    (folder / "damage.md").write_text(head + "\n\n".join(pages) + "\n", encoding="utf-8")


def measured(data: Path, parts: Sequence[str], folder: Path | None) -> None:
    """Runs the parts, prints their tables, and writes them to a folder, if one is named."""
    found: dict[str, list[Table]] = {}
    for part in parts:
        found[part] = list(PARTS[part](data))
        print("\n\n".join(map(page, found[part])), end="\n\n", flush=True)
        if folder:
            written(found, {**machine(), "date": date.today().isoformat()}, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the labelled sets")
    usual = [part for part in PARTS if not part.startswith("closely")]
    parser.add_argument("--part", nargs="+", choices=list(PARTS), default=usual)
    parser.add_argument("--language-model", default=causal.INSTALLED, help="of the parts `closely`, `closely-prose`")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results", help="where results go")
    chosen = parser.parse_args()
    PARTS["closely"] = partial(read_closely, model=chosen.language_model)
    PARTS["closely-prose"] = partial(prose_closely, model=chosen.language_model)
    measured(chosen.data, chosen.part, chosen.results)


if __name__ == "__main__":
    main()
