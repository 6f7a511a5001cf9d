"""What commands tell people: findings on stdout or in a file, notes and problems on stderr, and the exit status.

While a long run lasts, and stderr is a terminal, a line there shows how far it is (`display`); `follow` gives what
draws it. What is longer than the terminal goes through a pager where one is usual (`paging`).
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from dedup import ending

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from dedup.model import DedupError, Document
    from dedup.pipeline import Findings
    from dedup.progress import Progress

QUIET, PLAIN, VERBOSE = -1, 0, 1
ALIKE_MAX, KIND_WORDS = 10, 3
"""Problems of one kind that are listed, and the words by which a kind is known."""
TELLING: ContextVar[int] = ContextVar("telling", default=PLAIN)
"""How much a command tells besides what it finds and what went wrong: as --quiet and --verbose say."""


@contextmanager
def failures() -> Iterator[None]:
    """What went wrong as one line on stderr and exit status 1."""
    try:
        with ending.in_order():
            from dedup.model import DedupError  # here, since it brings numpy, which --help need not wait for

            try:
                yield
            except DedupError as error:
                say(f"error: {error}")
                raise SystemExit(1) from error
    except KeyboardInterrupt:
        say("interrupted; what was not whole is gone")
        raise SystemExit(128 + signal.SIGINT) from None
    except BrokenPipeError:
        _nowhere()
        raise SystemExit(1) from None
    except MemoryError as error:
        say("error: out of memory; scan fewer documents at a time")
        raise SystemExit(1) from error


def conclude(findings: Findings) -> None:
    """Warns of sources that lose too much, tells what memory a large corpus took, and finishes."""
    from dedup.report import wording

    for told in wording.losses(findings.losing):
        note(f"warning: {told}")
    from dedup.display import peak_bytes

    peak = peak_bytes()
    if findings.memory_bytes and peak:
        bound = f"candidates were sought within {findings.memory_bytes / 1e6:,.0f} MB"
        note(f"memory: {peak / 1e6:,.0f} MB at the peak; {bound}")
    finish(findings.problems, findings.corpus.notable.values())


def finish(problems: Sequence[DedupError], documents: Iterable[Document]) -> None:
    """Tells what was read otherwise than as UTF-8 and what was not read; exits with 1 if anything was not."""
    for document in documents:
        if document.decoding not in ("utf-8", "json"):
            advice = f"not UTF-8, read as {document.decoding}; convert it to UTF-8 if that is wrong"
            note(f"note: {document.locator.path}: {advice}")
        if document.lossy_bytes:
            lost = f"{document.lossy_bytes} bytes are not valid {document.decoding} and were read as U+FFFD"
            note(f"note: {document.locator.path}: {lost}; check where the file comes from")
    if problems:
        say(f"{len(problems)} could not be read:")
        for line in _listed(problems):
            say(f"  {line}")
        raise SystemExit(1)


def _listed(problems: Sequence[DedupError]) -> Iterator[str]:
    """The problems, of a kind the first ALIKE_MAX unless all are asked for, and then how many more.

    A kind is what begins with the same words: behind them stand names, numbers and reasons.
    """
    counts: Counter[str] = Counter()
    remedies: dict[str, str] = {}
    for problem in problems:
        kind = " ".join(problem.problem.split()[:KIND_WORDS])
        counts[kind] += 1
        remedies.setdefault(kind, problem.remedy)
        if counts[kind] <= ALIKE_MAX or TELLING.get() == VERBOSE:
            yield str(problem)
    for kind, count in counts.items():
        if count > ALIKE_MAX and TELLING.get() != VERBOSE:
            yield f"and {count - ALIKE_MAX:,} more: {kind} ...; {remedies[kind]} (--verbose lists all)"


@contextmanager
def follow() -> Iterator[Progress]:
    """Progress for a run, shown on stderr if that is a terminal."""
    from dedup.display import SHOWN_AFTER_SECONDS, Listed, Shown, peak_bytes
    from dedup.progress import SILENT

    begun, telling = monotonic(), TELLING.get()
    if telling == VERBOSE:
        listed = Listed(say)
        try:
            yield listed
        finally:
            listed.stop()
            peak = peak_bytes()
            say(f"{monotonic() - begun:,.1f} s in all" + (f", {peak / 1e6:,.0f} MB at the peak" if peak else ""))
    elif telling == QUIET or not sys.stderr.isatty():
        yield SILENT
    else:
        shown = Shown(sys.stderr, SHOWN_AFTER_SECONDS)
        try:
            yield shown
        finally:
            shown.stop()


def note(message: str) -> None:
    """A line on stderr that --quiet leaves out."""
    if TELLING.get() != QUIET:
        say(message)


def say(message: str) -> None:
    """A line on stderr; what would steer the terminal is shown, not sent."""
    shown = "".join(character if character.isprintable() else repr(character)[1:-1] for character in message)
    print(shown.encode("utf-8", "backslashreplace").decode(), file=sys.stderr, flush=True)


@contextmanager
def standard_output() -> Iterator[None]:
    """Within it only standard output is written. Raises DedupError if it cannot be, unless a pipe was closed."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        _nowhere()
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> DedupError:
    from dedup.model import DedupError

    remedy = "make room where it goes, or send it elsewhere"
    return DedupError("standard output", f"cannot be written ({error.strerror or error})", remedy)


def _nowhere() -> None:
    """What waits to be written on stdout, and cannot be, is given up: else Python fails over it again as it ends."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush() -> None:
    """What was emitted to stdout goes out."""
    with standard_output():
        sys.stdout.flush()
        sys.stdout.buffer.flush()


def tell(message: str) -> None:
    """A line on stdout for people."""
    emit_bytes(f"{message}\n".encode("utf-8", "backslashreplace"), None)


def emit(lines: Iterable[str], output: Path | None) -> None:
    emit_each((line.encode("utf-8") for line in lines), output)


def emit_text(
    renderables: Callable[[Console], Iterable[RenderableType]], output: Path | None, pager: Sequence[str] = ()
) -> None:
    """What a report renders: for the terminal, through a pager if it is longer, or, without colour, for a file."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if pager and not output and sys.stdout.isatty():
        return _emit_paged(renderables, console, pager)
    page = io.StringIO()
    if output:
        console = Console(file=page, width=console.width, highlight=False, markup=False, emoji=False)
    for renderable in renderables(console):
        with standard_output():
            console.print(renderable)
    if output:
        emit([page.getvalue()], output)


def _emit_paged(
    renderables: Callable[[Console], Iterable[RenderableType]], console: Console, pager: Sequence[str]
) -> None:
    from dedup import paging

    with console.capture() as captured:
        for renderable in renderables(console):
            console.print(renderable)
    text = captured.get()
    if text.count("\n") < console.height or not paging.paged(text, list(pager)):
        with standard_output():
            sys.stdout.write(text)
            sys.stdout.flush()


def emit_bytes(data: bytes, output: Path | None) -> None:
    """Bytes to stdout, or to a file that is whole or not there."""
    emit_each([data], output)


def emit_each(pieces: Iterable[bytes], output: Path | None) -> None:
    """The same of bytes that come one after the other, of which none are kept."""
    if output is None:
        flush()
        for data in pieces:
            with standard_output():
                sys.stdout.buffer.write(data)
        flush()
        return
    from dedup import whole

    with whole.file(output) as file:
        file.writelines(pieces)
