"""What commands tell people: findings on stdout or in a file, notes and problems on stderr, and the exit status.

While a long run lasts, and stderr is a terminal, a line there shows its stage, how far that is, how fast and how long
it may take; it goes when the run ends. `follow` gives what draws it.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Timer, current_thread, main_thread
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress as Display

    from dedup.model import DedupError, Document
    from dedup.pipeline import Findings
    from dedup.progress import Progress, Unit

SHOWN_AFTER_SECONDS = 2.0
"""How long a run must last for its progress to be shown: a small corpus takes half of that, most of it imports."""
TOLD_EVERY_SECONDS = 0.1


@contextmanager
def failures() -> Iterator[None]:
    """What went wrong as one line on stderr and exit status 1."""
    from dedup.model import DedupError  # here, since it brings numpy, which --help need not wait for

    try:
        with _ended_in_order():
            yield
    except DedupError as error:
        say(f"error: {error}")
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        say("interrupted; what was not whole is gone")
        raise SystemExit(128 + signal.SIGINT) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except MemoryError as error:
        say("error: out of memory; scan fewer documents at a time")
        raise SystemExit(1) from error


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """A request to end, as also a terminal that closes makes it, becomes an exception: what is temporary is removed."""
    if current_thread() is not main_thread():
        yield
        return
    asked = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {one: signal.getsignal(one) for one in asked}
    for one in asked:
        if before[one] is not signal.SIG_IGN:  # as nohup has it
            signal.signal(one, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def conclude(findings: Findings) -> None:
    """Warns of sources that lose too much, tells what memory a large corpus took, and finishes."""
    from dedup.report import wording

    for told in wording.losses(findings.losing):
        say(f"warning: {told}")
    peak = peak_bytes()
    if findings.memory_bytes and peak:
        bound = f"candidates were sought within {findings.memory_bytes / 1e6:,.0f} MB"
        say(f"memory: {peak / 1e6:,.0f} MB at the peak; {bound}")
    finish(findings.problems, findings.corpus.notable.values())


def finish(problems: Sequence[DedupError], documents: Iterable[Document]) -> None:
    """Tells what was read otherwise than as UTF-8 and what was not read; exits with 1 if anything was not."""
    for document in documents:
        if document.decoding not in ("utf-8", "json"):
            advice = f"not UTF-8, read as {document.decoding}; convert it to UTF-8 if that is wrong"
            say(f"note: {document.locator.path}: {advice}")
        if document.lossy_bytes:
            lost = f"{document.lossy_bytes} bytes are not valid {document.decoding} and were read as U+FFFD"
            say(f"note: {document.locator.path}: {lost}; check where the file comes from")
    if problems:
        say(f"{len(problems)} could not be read:")
        for problem in problems:
            say(f"  {problem}")
        raise SystemExit(1)


@contextmanager
def follow() -> Iterator[Progress]:
    """Progress for a run, shown on stderr if that is a terminal."""
    from dedup.progress import SILENT

    if not sys.stderr.isatty():
        yield SILENT
        return
    shown = Shown(sys.stderr, SHOWN_AFTER_SECONDS)
    try:
        yield shown
    finally:
        shown.stop()


class Shown:
    """Progress as a line in a terminal, from some seconds after the beginning until `stop`."""

    def __init__(self, file: TextIO, after_seconds: float) -> None:
        self._file, self._lock = file, Lock()
        self._display: Display | None = None
        self._name, self._total = "", 0
        self._unit: Unit = "bytes"
        self._done, self._begun, self._told = 0, monotonic(), 0.0
        self._timer = Timer(after_seconds, self._start)
        self._timer.daemon = True
        self._timer.start()

    def stage(self, name: str, total: int, unit: Unit) -> None:
        with self._lock:
            self._name, self._total, self._unit = name, total, unit
            self._done, self._begun = 0, monotonic()
            self._tell()

    def advance(self, units: int) -> None:
        with self._lock:
            self._done += units
            if monotonic() - self._told >= TOLD_EVERY_SECONDS:
                self._tell()

    def stop(self) -> None:
        with self._lock:
            self._timer.cancel()
            if self._display:
                self._display.stop()
                self._display = None

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}")
        with self._lock:
            if not self._timer.finished.is_set():
                self._display = Progress(
                    *columns,
                    console=Console(file=self._file),
                    transient=True,
                    redirect_stdout=False,
                    redirect_stderr=False,
                )
                self._display.add_task(self._name, figures="")
                self._tell()
                self._display.start()

    def _tell(self) -> None:
        self._told = monotonic()
        if self._display:
            told = figures(self._done, self._total, self._unit, self._told - self._begun)
            self._display.update(
                self._display.task_ids[0],
                description=self._name,
                completed=self._done,
                total=self._total or None,
                figures=told,
            )


def figures(done: int, total: int, unit: Unit, seconds: float) -> str:
    """How much is done of how much, how fast, and how long the rest takes at that speed."""
    if not total:
        return ""
    rate = done / max(seconds, 1e-9)
    if unit == "bytes":
        shown = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB, {rate / 1e6:,.0f} MB/s"
    else:
        shown = f"{done:,} of {total:,} {unit}, {rate:,.0f}/s"
    if not done:
        return shown
    minutes, left = divmod(round(max(0, total - done) / rate), 60)
    return f"{shown}, {minutes}:{left:02} left"


def peak_bytes() -> int | None:
    """The most memory that this process has had, where the system tells."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def say(message: str) -> None:
    """A line on stderr; what would steer the terminal is shown, not sent."""
    shown = "".join(character if character.isprintable() else repr(character)[1:-1] for character in message)
    print(shown.encode("utf-8", "backslashreplace").decode(), file=sys.stderr, flush=True)


def emit(lines: Iterable[str], output: Path | None) -> None:
    emit_bytes("".join(lines).encode("utf-8"), output)


def emit_text(renderables: Callable[[Console], Iterable[RenderableType]], output: Path | None) -> None:
    """What a report renders, for the terminal or, without colour, for a file."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    page = io.StringIO()
    if output:
        console = Console(file=page, width=console.width, highlight=False, markup=False, emoji=False)
    for renderable in renderables(console):
        console.print(renderable)
    if output:
        emit([page.getvalue()], output)


def emit_bytes(data: bytes, output: Path | None) -> None:
    """Bytes to stdout, or to a file that is whole or not there."""
    emit_each([data], output)


def emit_each(pieces: Iterable[bytes], output: Path | None) -> None:
    """The same of bytes that come one after the other, of which none are kept."""
    if output is None:
        sys.stdout.flush()
        for data in pieces:
            sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    from dedup import whole

    with whole.file(output) as file:
        file.writelines(pieces)
