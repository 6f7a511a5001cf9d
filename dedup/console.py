"""What commands tell people: findings on stdout or in a file, notes and problems on stderr, and the exit status."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from dedup.model import DedupError, Document


@contextmanager
def failures() -> Iterator[None]:
    """What went wrong as one line on stderr and exit status 1."""
    from dedup.model import DedupError  # here, since it brings numpy, which --help need not wait for

    try:
        yield
    except DedupError as error:
        say(f"error: {error}")
        raise SystemExit(1) from error
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except MemoryError as error:
        say("error: out of memory; scan fewer documents at a time")
        raise SystemExit(1) from error


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
    from dedup.model import DedupError

    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=f".{output.name}-", suffix=".partial", dir=output.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(partial).chmod(0o644)
            Path(partial).replace(output)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DedupError(output, f"cannot be written ({error.strerror})", "choose a file you may write to") from error
