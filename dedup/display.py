"""Progress becomes a line in a terminal, or with --verbose lines on stderr.

The line shows the stage, how far it is, how fast, how long the rest takes at that speed, and the memory that the
program has now; it appears after some seconds, and goes when the run ends. The lines tell of
each stage, when it is over, how much there was and how long it took.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Timer
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Display

    from dedup.progress import Unit

SHOWN_AFTER_SECONDS = 2.0
"""How long a run must last for its progress to be shown: a small corpus takes half of that, most of it imports."""
TOLD_EVERY_SECONDS = 0.1
NARROW_COLUMNS = 64
"""A terminal of fewer columns has room for the figures alone."""
STATUS = Path("/proc/self/status")
"""Where Linux tells what memory a process has."""


class Shown:
    """Progress as a line in a terminal, from some seconds after the beginning until `stop`."""

    def __init__(self, file: TextIO, after_seconds: float) -> None:
        self._file, self._lock = file, Lock()
        self._display: Display | None = None
        self._is_narrow = False
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

        with self._lock:
            if not self._timer.finished.is_set():
                console = Console(file=self._file)
                self._is_narrow = console.width < NARROW_COLUMNS
                bar = () if self._is_narrow else (BarColumn(max(4, min(40, console.width - 60))),)
                self._display = Progress(
                    TextColumn("{task.description}"),
                    *bar,
                    TextColumn("{task.fields[figures]}"),
                    console=console,
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
            memory = None if self._is_narrow else memory_bytes()
            self._display.update(
                self._display.task_ids[0],
                description=self._name,
                completed=self._done,
                total=self._total or None,
                figures=", ".join(filter(None, (told, f"{memory / 1e6:,.0f} MB" if memory else ""))),
            )


class Listed:
    """Progress as a line for each stage, when it is over. say: what takes a line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._lock = say, Lock()
        self._name, self._done = "", 0
        self._unit: Unit = "bytes"
        self._begun = monotonic()

    def stage(self, name: str, total: int, unit: Unit) -> None:
        with self._lock:
            self._tell()
            self._name, self._unit, self._done, self._begun = name, unit, 0, monotonic()

    def advance(self, units: int) -> None:
        with self._lock:
            self._done += units

    def stop(self) -> None:
        with self._lock:
            self._tell()
            self._name = ""

    def _tell(self) -> None:
        if self._name:
            seconds = monotonic() - self._begun
            done = _bytes(self._done) if self._unit == "bytes" else f"{self._done:,} {self._unit}"
            self._say(f"{self._name}: {done} in {seconds:,.1f} s")


def figures(done: int, total: int, unit: Unit, seconds: float) -> str:
    """How much is done of how much, how fast, and how long the rest takes at that speed."""
    if not total:
        return ""
    rate = done / max(seconds, 1e-9)
    if unit == "bytes":
        scale, name = (1e6, "MB") if total >= 10e6 else (1e3, "kB")
        shown = f"{done / scale:,.0f} of {total / scale:,.0f} {name}, {rate / scale:,.0f} {name}/s"
    else:
        shown = f"{done:,} of {total:,} {unit}, {rate:,.{0 if rate >= 10 or not done else 1}f}/s"
    if not done:
        return shown
    minutes, left = divmod(round(max(0, total - done) / rate), 60)
    return f"{shown}, {minutes}:{left:02} left"


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 10e6 else f"{size / 1e3:,.0f} kB"


def memory_bytes() -> int | None:
    """The memory that this process has now, where the system tells."""
    try:
        told = STATUS.read_text(encoding="ascii", errors="replace").partition("VmRSS:")[2].split()
        return int(told[0]) * 1024
    except (OSError, IndexError, ValueError):
        return None


def peak_bytes() -> int | None:
    """The most memory that this process has had, where the system tells."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
