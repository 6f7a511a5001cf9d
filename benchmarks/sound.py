"""Clean prose of many kinds, as Debian packages install it, and the sound halves of the labelled sets.

    apt-get install linux-doc python3-doc postgresql-doc anarchism debian-handbook fortunes fortunes-min bible-kjv \\
        manpages
"""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from prose import of_html

DOC = Path("/usr/share/doc")
DOCUMENTS_MAX = 400
"""Documents of one kind of clean prose."""
WORDS_MIN, WORDS_MAX = 80, 3000


def rows(path: Path) -> list[dict[str, Any]]:
    """The records of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


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
        found["bible"] = [whole("\n".join(plain[at : at + 30])) for at in range(0, len(plain), 60)]
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


def whole(text: str) -> str:
    """The text up to its last stop: verses end within sentences."""
    return text[: 1 + max(map(text.rfind, ".?!"))]


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
