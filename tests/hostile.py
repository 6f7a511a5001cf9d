"""Runs every regular expression of the package on text that is made to take it long; what takes too long is killed.

1. Modules are read (AST) for the places where expressions are made. Those of constants are made here; the others are
   taken down as the package makes them, when it is imported and put to work. A place of which none is known is told.
   An expression that is only asked whether it fits a text from its beginning is asked so here.
2. From the parts of an expression come strings: each character that it knows in a long run, any two in turn, and such
   a run with an end that does not fit.
3. Before each expression the time of the processor that may be taken is set anew: the system kills what takes more.

Prints the place of each expression before it is run, and last `done`.
"""

from __future__ import annotations

import ast
import importlib
import re
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dedup

PACKAGE = Path(dedup.__file__).parent
SECONDS = 5
"""Time of a processor for an expression on all of its strings; each takes a fraction of one."""
LONG_CHARS, SHORT_CHARS = 1_000_000, 50_000
MAKERS = frozenset(("compile", "sub", "subn", "findall", "finditer", "split", "search", "match", "fullmatch"))
SHORT_INPUT = {
    "mojibake.py:_BROKEN_WORD": 4096,  # asked of pieces of a line
    "report/page.py:read": 20_000,  # of a page that the program itself wrote
    "globs.py:_compiled": 4096,  # of paths, and the pattern is the user's own
}
"""Expressions that are never asked of more characters than this, by their place."""
HARMLESS = "The words of this text mean no harm to anybody at all. "


@dataclass(frozen=True, slots=True)
class Site:
    """Where an expression is made: a name for people, file, first and last line, the expression if that is a constant,
    and whether it is only asked to fit a text from its beginning."""

    name: str
    file: str
    first: int
    last: int
    constant: str | bytes | None
    is_anchored: bool


def sites() -> Iterator[Site]:
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used: dict[str, set[str]] = {}
        within = {
            id(inner): node.name
            for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for inner in ast.walk(node)
        }  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in MAKERS:
                used.setdefault(node.value.id, set()).add(node.attr)
        names = {
            id(inner): node.targets[0].id
            for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            for inner in ast.walk(node.value)
        }  # fmt: skip
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in MAKERS:
                name = names.get(id(node), "") if node.func.attr == "compile" else ""
                asked = used.get(name, {"search"}) if node.func.attr == "compile" else {node.func.attr}
                first = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
                yield Site(
                    f"{path.relative_to(PACKAGE)}:{name or within.get(id(node), node.lineno)}", str(path), node.lineno,
                    node.end_lineno or node.lineno, first if isinstance(first, str | bytes) else None,
                    asked <= {"match", "fullmatch"},
                )  # fmt: skip


def taken_down(made: list[tuple[str, int, Any, int]]) -> None:
    """From now on what expressions the package makes is added, with file and line."""
    plain = re._compile  # type: ignore[attr-defined]

    def compile_(pattern: Any, flags: Any) -> Any:
        compiled = plain(pattern, flags)
        frame = sys._getframe(1)
        while frame and not frame.f_code.co_filename.startswith(str(PACKAGE)):
            frame = frame.f_back  # type: ignore[assignment]
        if frame:
            made.append((frame.f_code.co_filename, frame.f_lineno, pattern, int(flags)))
        return compiled

    re._compile = compile_  # type: ignore[attr-defined]


def put_to_work() -> None:
    """Imports all, and has every part of it that makes expressions make them."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
        if "kernels" not in name and not name.endswith("__"):
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                print(f"not here: {error.name}")
    from dedup import clean, damage, globs, urls
    from dedup.config import Config, size_bytes
    from dedup.damage import lookalikes
    from dedup.model import DedupError, Locator, Raw
    from dedup.packed import forms
    from dedup.report import page

    pages = ['<title>x - dedup</title><script type="application/json" id="data">{"documents": {}}</script>']

    russian = "Это обычный русский текст без всяких повреждений. ".encode("cp1251").decode("cp1252")
    for text in (
        HARMLESS * 30,
        "Ein Satz â€œmitâ€\x9d Schäden, кириллица и text, سلام‎ a̴b̴c̴d̴e̴ " * 40,
        HARMLESS * 3 + russian * 9 + "pаypal and gооgle " * 9,
    ):
        document = clean.document(Raw("a", Locator("a"), text))
        damage.card(document, clean.count(document))
    assert lookalikes and globs.selected("a/b.txt", Config(include=("[z-a]", "**/[a-c].*")))
    with TemporaryDirectory() as folder:
        written = Path(folder, "page.html")
        for text in pages:
            written.write_text(text)
            with suppress(DedupError):
                page.read(written)
    forms.form_of(b"id,text\n1,one\n", Config())
    urls.shown("https://host/?a=b;c=d")
    size_bytes("1GB")


def atoms(parsed: Any) -> Iterator[str]:
    """A character for each part of an expression that knows one."""
    import re._constants as constants  # type: ignore[import-not-found]

    for kind, value in parsed:
        if kind in (constants.LITERAL, constants.NOT_LITERAL):
            yield chr(value) if kind is constants.LITERAL else "a" if value != ord("a") else "b"
        elif kind is constants.IN:
            yield from _of_set(value, constants)
        elif kind is constants.ANY:
            yield "x"
        elif kind is constants.BRANCH:
            for one in value[1]:
                yield from atoms(one)
        elif kind in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
            yield from atoms(value[2])
        elif kind is constants.SUBPATTERN:
            yield from atoms(value[-1])
        elif kind in (constants.ASSERT, constants.ASSERT_NOT):
            yield from atoms(value[1])
        elif kind is constants.ATOMIC_GROUP:
            yield from atoms(value)


def _of_set(items: Any, constants: Any) -> Iterator[str]:
    samples = {
        constants.CATEGORY_SPACE: " ", constants.CATEGORY_DIGIT: "7", constants.CATEGORY_WORD: "w",
        constants.CATEGORY_NOT_SPACE: "w", constants.CATEGORY_NOT_DIGIT: "w", constants.CATEGORY_NOT_WORD: "-",
    }  # fmt: skip
    if items[0][0] is constants.NEGATE:
        yield "q"
        yield "\u00e9"
        items = items[1:]
    for kind, value in items[:3]:
        yield chr(value) if kind is constants.LITERAL else chr(value[0]) if kind is constants.RANGE else samples[value]


def strings(pattern: Any, flags: int, limit: int) -> Iterator[Any]:
    """What may take the expression long."""
    import re._parser as parser  # type: ignore[import-not-found]

    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    parts = list(atoms(parser.parse(text, flags & ~re.UNICODE if isinstance(pattern, bytes) else flags)))
    known, short = list(dict.fromkeys(parts)), min(limit, SHORT_CHARS)
    made = [known[0] * limit] if known else []
    made += [one * short + "\0" for one in known[1:8]]
    made += [(a + b) * (short // 2) + "\0" for a, b in pairwise(known[:8])]
    made += ["".join(parts[max(0, at - 4) : at]) + one * short + "\0" for at, one in enumerate(parts[:12])]
    made += ["".join(parts[:200]) * (short // max(1, len(parts[:200])))]
    for one in made if known else ["x" * limit]:
        yield one if isinstance(pattern, str) else one.encode("latin-1", "replace")


def asked(compiled: re.Pattern[Any], site: Site) -> None:
    for one in strings(compiled.pattern, compiled.flags, SHORT_INPUT.get(site.name, LONG_CHARS)):
        if site.is_anchored:
            compiled.fullmatch(one)
            compiled.match(one)
        else:
            sum(1 for _ in compiled.finditer(one))


def main() -> None:
    made: list[tuple[str, int, Any, int]] = []
    taken_down(made)
    put_to_work()
    slowest = (0.0, "")
    for site in sites():
        known = {one[2:] for one in made if one[0] == site.file and site.first <= one[1] <= site.last}
        if not known and site.constant is None:
            print(f"unknown: {site.name}")
        for pattern, flags in known or ({(site.constant, 0)} if site.constant is not None else set()):
            print(site.name, flush=True)
            begun = time.process_time()
            resource.setrlimit(resource.RLIMIT_CPU, (int(begun) + SECONDS, resource.RLIM_INFINITY))
            asked(re.compile(pattern, flags), site)
            slowest = max(slowest, (time.process_time() - begun, site.name))
    print(f"slowest: {slowest[1]} {slowest[0]:.1f} s of {time.process_time():.0f}", file=sys.stderr)
    print("done")


if __name__ == "__main__":
    main()
