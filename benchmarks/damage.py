"""How well damage is found in one document by itself, and how seldom where there is none.

    python benchmarks/damage.py ../shared/data                 # every part
    python benchmarks/damage.py ../shared/data --part spun speed

Parts: `mojibake` (each case by itself and embedded in a long clean text: repaired as expected, nothing else touched);
`ocr` (scanned articles against their ground truth); `noise` (news with character noise); `spun` (swapped reviews, and
reviews and documentation spun by spinner.py); `hostile` (fixtures/hostile); `clean` (false alarms on clean prose by
kind); `speed`. AUC is the area under the ROC curve of a kind's score, by document. Where a detector was fitted on a
part of a set, that part is left out: `held out` says so. Clean prose is what Debian packages install:

    apt-get install linux-doc python3-doc postgresql-doc anarchism debian-handbook fortunes fortunes-min bible-kjv \\
        wordnet-base mythes-en-us manpages
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from prose import of_html

from dedup import damage, edits, mojibake
from dedup.damage import encoding, invisible, ocr, spun
from dedup.model import Document, Locator

FIXTURES = Path(__file__).parent.parent / "fixtures" / "hostile"
DOC = Path("/usr/share/doc")
KINDS = ("encoding", "invisible", "ocr", "spun", "structure")
DOCUMENTS_MAX = 400
"""Documents of one kind of clean prose."""
WORDS_MIN, WORDS_MAX = 80, 3000
PREVALENCE = 0.01


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


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


def line(name: str, damaged: Sequence[float], sound: Sequence[float]) -> None:
    """One row: AUC, how many are flagged, how many sound ones are, and the precision where one in a hundred is bad."""
    level = damage.FLAG_LEVEL
    recall, alarms = share(one >= level for one in damaged), share(one >= level for one in sound)
    precision = PREVALENCE * recall / max(1e-9, PREVALENCE * recall + (1 - PREVALENCE) * alarms)
    print(
        f"| {name} | {len(damaged)} + {len(sound)} | {auc(damaged, sound):.4f} | {recall:.3f} | {alarms:.3f} |"
        f" {precision:.2f} |",
        flush=True,
    )


def head(title: str) -> None:
    print(f"\n## {title}\n\n| set | damaged + sound | AUC | flagged | false alarms | precision at 1 % |")
    print("|---|---|---|---|---|---|")


# --- the parts ---------------------------------------------------------------------------------------------------


def broken(data: Path) -> None:
    host = max((path.read_text(encoding="utf-8") for path in (FIXTURES.parent.parent / "seeds").glob("*.txt")), key=len)
    at = host.index("\n", len(host) // 2) + 1
    middle = host.index(" ", len(host) // 3) + 1
    print("\n## mojibake\n\n| set | cases | as expected | embedded as a line | within a line | found, by its span |")
    print("|---|---|---|---|---|---|")
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
        print(f"| {name} | {len(cases)} | {' | '.join(map(str, counts))} |")


def repaired(text: str) -> str:
    return edits.applied(text, mojibake.repairs(text))


def scanned(data: Path) -> None:
    head("ocr: raw text against ground truth, by article")
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
        line(f"{name}, held out", *scores)
        for side, more in zip(every, scores, strict=True):
            side.extend(more)
    line("both, held out", *every)


def noise(data: Path) -> None:
    head("character noise, by paragraph")
    found = [row for row in rows(data / "character_noise" / "dev.jsonl") if bucket(row["original"]) >= 50]
    sound = {row["original"]: ocr.detect(row["original"]).score for row in found}
    for attack in sorted({row["attack"].split("_")[1] for row in found}):
        noisy = [row for row in found if row["attack"].endswith(attack)]
        line(attack, [ocr.detect(row["corrupt"]).score for row in noisy], [sound[row["original"]] for row in noisy])
    line("all, held out", [ocr.detect(row["corrupt"]).score for row in found], list(sound.values()))


def swapped(data: Path) -> None:
    head("spun: no copy at hand, by document")
    originals: dict[str, float] = {}
    for name in ("textfooler", "pwws", "bae"):
        found = [row for row in rows(data / "word_substitution" / f"imdb_{name}.jsonl") if bucket(row["original"]) < 25]
        originals |= {row["original"]: spun.detect(row["original"]).score for row in found}
        scores = [spun.detect(row["spun"]).score for row in found], [originals[row["original"]] for row in found]
        line(f"imdb_{name}, held out", *scores)
        for low, high in ((1, 3), (4, 15), (16, 999)):
            few = [low <= len(row["subs"]) <= high for row in found]
            picked = [[one for one, taken in zip(side, few, strict=True) if taken] for side in scores]
            if all(picked):
                line(f"… {low} to {high} swaps", *picked)
        medium = [100 <= len(row["original"].split()) <= 300 for row in found]
        line(
            "… 100 to 300 words", *([one for one, taken in zip(side, medium, strict=True) if taken] for side in scores)
        )
    import spinner

    reviews = list(originals)
    for percent in (5, 10, 20, 40):
        made = [spun.detect(spinner.spun(text, percent / 100, 7)[0]).score for text in reviews]
        line(f"own spinner, {percent} %, reviews held out", made, list(originals.values()))
    for kind, texts in clean_prose(data).items():
        short = [cut(text, 200) for text in texts if bucket(text[:200]) < 15][:100]
        if len(short) > 10:
            made = [spun.detect(spinner.spun(text, 0.2, 7)[0]).score for text in short]
            line(f"own spinner, 20 %, {kind}, 200 words", made, [spun.detect(text).score for text in short])
    print("\nseeds:", {path.name[:3]: round(spun.detect(path.read_text(encoding="utf-8")).score, 2)
                       for path in sorted((FIXTURES.parent.parent / "seeds").glob("*.txt"))})  # fmt: skip


def cut(text: str, words: int) -> str:
    """The first so many words, with their spaces."""
    found = re.match(rf"(?:\S+\s+){{1,{words}}}", text)
    return found.group() if found else text


def hostile(_: Path) -> None:
    print("\n## hostile set\n\n| kind | damaged | found | twins | flagged |\n|---|---|---|---|---|")
    detectors: dict[str, Callable[[str], float]] = {
        "encoding": lambda text: encoding.detect(document(text)).score,
        "invisible": lambda text: invisible.detect(text).score,
    }
    for kind, score in detectors.items():
        cases = rows(FIXTURES / f"{kind}.jsonl")
        flagged = [(case["damaged"], score(case["text"]) >= damage.FLAG_LEVEL) for case in cases]
        bad, twins = [one for is_bad, one in flagged if is_bad], [one for is_bad, one in flagged if not is_bad]
        print(f"| {kind} | {len(bad)} | {sum(bad)} | {len(twins)} | {sum(twins)} |")


def clean(data: Path) -> None:
    print(f"\n## false alarms on clean prose\n\n| kind | documents | {' | '.join(KINDS)} |")
    print(f"|---|---|{'---|' * len(KINDS)}")
    for name, texts in clean_prose(data).items():
        flags = [damage.card(document(text)).flags for text in texts]
        cells = " | ".join(f"{share(kind in one for one in flags):.3f}" for kind in KINDS)
        print(f"| {name} | {len(texts)} | {cells} |", flush=True)


def speed(data: Path) -> None:
    print("\n## speed: whole card, one core, CPU time\n\n| documents of | MB | MB/s |\n|---|---|---|")
    texts = [text for kind in ("anarchism", "postgresql", "python") for text in clean_prose(data).get(kind, [])]
    damage.card(document(texts[0]))
    for characters in (1500, 10_000, 100_000):
        made = [document(one) for one in lengths(texts, characters)][: max(20, 2_000_000 // characters)]
        start = time.process_time()
        for one in made:
            damage.card(one)
        size = sum(len(one.text.encode()) for one in made) / 1e6
        print(f"| {characters:,} characters | {size:.1f} | {size / (time.process_time() - start):.1f} |", flush=True)


def lengths(texts: Sequence[str], characters: int) -> Iterator[str]:
    """The texts joined and cut anew, to a length each."""
    joined = "\n\n".join(texts)
    for start in range(0, len(joined) - characters + 1, characters):
        yield joined[start : start + characters]


# --- clean prose -------------------------------------------------------------------------------------------------


def clean_prose(data: Path) -> dict[str, list[str]]:
    """Documents of each kind that is installed; what is missing is told once."""
    folders = {
        "anarchism": "anarchism/html/*.html", "postgresql": "postgresql-doc-*/html/*.html",
        "python": "python3*/html/**/*.html", "handbook": "debian-handbook/html/en-US/*.html",
        "linux": "linux-doc-*/html/**/*.html",
    }  # fmt: skip
    found = {kind: pages(sorted(DOC.glob(pattern)), page) for kind, pattern in folders.items()}
    found["man"] = pages(sorted(Path("/usr/share/man").glob("man[1-8]/*.gz")), manual_page)
    cookies = [path for path in sorted(Path("/usr/share/games/fortunes").glob("*")) if not path.suffix]
    found["fortunes"] = [text for path in cookies if path.name != "ascii-art" for text in cookie_texts(path)]
    if shutil.which("bible"):
        verses = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], capture_output=True, text=True, check=True).stdout
        plain = [verse.partition(" ")[2] for verse in verses.splitlines()]
        found["bible"] = ["\n".join(plain[at : at + 30]) for at in range(0, len(plain), 60)]
    found["licences"] = [row["text"] for row in rows(data / "licence_texts" / "dev.jsonl")]
    found["reviews"] = [row["original"] for row in rows(data / "word_substitution" / "imdb_pwws.jsonl")]
    chosen = random.Random(1)
    for kind, texts in found.items():
        if not texts:
            print(f"(no {kind}: see the packages that this file's beginning names)")
        long = [text for text in texts if WORDS_MIN <= text.count(" ") <= WORDS_MAX]
        found[kind] = chosen.sample(long, min(DOCUMENTS_MAX, len(long)))
    return {kind: texts for kind, texts in found.items() if texts}


def pages(paths: Sequence[Path], read: Callable[[Path], str]) -> list[str]:
    chosen = random.Random(1).sample(paths, min(2 * DOCUMENTS_MAX, len(paths)))
    return [read(path) for path in chosen if not path.is_symlink()]


def page(path: Path) -> str:
    paragraphs = (" ".join(one.split()) for one in of_html(path.read_text(encoding="utf-8", errors="replace")))
    return "\n\n".join(one for one in paragraphs if len(one) >= 60)


def cookie_texts(path: Path) -> Iterator[str]:
    """Fortune cookies, twelve a document."""
    cookies = path.read_text(encoding="utf-8", errors="ignore").split("\n%\n")
    yield from ("\n\n".join(cookies[at : at + 12]) for at in range(0, len(cookies), 12))


_FONTS = re.compile(r"\\f.|\\[&/,%:]")
_SIGNS = {"\\-": "-", "\\(aq": "'", "\\(dq": '"', "\\e": "\\", "\\(em": " - ", "\\(bu": "*", "\\ ": " "}


def manual_page(path: Path) -> str:
    """The prose of a manual page: requests taken out, blocks set as they are left out."""
    lines: list[str] = []
    is_set = False
    for raw in gzip.decompress(path.read_bytes()).decode(errors="replace").split("\n"):
        text = raw
        if text.startswith((".nf", ".EX", ".TS", ".fi", ".EE", ".TE")):
            is_set = text.startswith((".nf", ".EX", ".TS"))
        elif not is_set and text.startswith((".B ", ".I ", ".BR ", ".IR ", ".RB ", ".RI ")):
            words = text.partition(" ")[2].replace('"', "")
            lines.append(words if text[2] == " " else words.replace(" ", ""))
        elif not is_set and text.startswith((".SH", ".SS")):
            lines += ["", text[4:].strip('"'), ""]
        elif not is_set and text.startswith((".PP", ".TP", ".IP", ".LP", ".P")):
            lines.append("")
        elif not is_set and not text.startswith((".", "'")):
            for sign, plain in _SIGNS.items():
                text = text.replace(sign, plain)
            lines.append(_FONTS.sub("", text))
    return "\n".join(lines)


PARTS: dict[str, Callable[[Path], None]] = {
    "mojibake": broken, "ocr": scanned, "noise": noise, "spun": swapped, "hostile": hostile, "clean": clean,
    "speed": speed,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the labelled sets")
    parser.add_argument("--part", nargs="+", choices=list(PARTS), default=list(PARTS))
    chosen = parser.parse_args()
    for part in chosen.part:
        PARTS[part](chosen.data)


if __name__ == "__main__":
    main()
