"""A request to end comes at a bad moment: it is neither lost nor does it leave anything half done."""

from __future__ import annotations

import gc
import signal
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from dedup import ending, spool

ASKED = [(signal.SIGTERM, SystemExit, 128 + signal.SIGTERM), (signal.SIGINT, KeyboardInterrupt, None)]
if hasattr(signal, "SIGHUP"):
    ASKED.append((signal.SIGHUP, SystemExit, 128 + signal.SIGHUP))


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Handlers as a program has them; those that run the tests may ignore some."""
    before = {number: signal.getsignal(number) for number, _, _ in ASKED}
    for number in before:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def wait() -> None:
    """Steps in which a request can be obeyed."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        time.sleep(0.001)


class Asked:
    """Asks for an end in its entry or exit, and notes what was done all the same."""

    def __init__(self, number: int, at_entry: bool) -> None:
        self.number, self.at_entry = number, at_entry
        self.done: list[str] = []

    def __enter__(self) -> None:
        if self.at_entry:
            signal.raise_signal(self.number)
        self.done.append("entered")

    def __exit__(self, *_: object) -> None:
        if not self.at_entry:
            signal.raise_signal(self.number)
        self.done.append("left")


@pytest.mark.parametrize("at_entry", [True, False])
@pytest.mark.parametrize(("number", "error", "code"), ASKED)
def test_entries_and_exits_come_to_their_end(
    number: int, error: type[BaseException], code: int | None, at_entry: bool
) -> None:
    asked = Asked(number, at_entry)
    with pytest.raises(error) as raised, ending.in_order():
        with asked:
            if at_entry:
                wait()
        wait()
    assert asked.done == ["entered", "left"]
    assert code is None or raised.value.code == code


def test_a_request_within_a_finalizer_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    class Thing:
        pass

    done = []

    def finalized() -> None:
        signal.raise_signal(signal.SIGTERM)
        done.append(1)

    thing = Thing()
    weakref.finalize(thing, finalized)
    with pytest.raises(SystemExit), ending.in_order():
        del thing
        gc.collect()
        wait()
    assert done == [1]
    assert "ignored" not in capfd.readouterr().err


def test_a_generator_that_is_closed_comes_to_its_end(capfd: pytest.CaptureFixture[str]) -> None:
    done = []

    def given() -> Iterator[int]:
        try:
            yield 1
        finally:
            signal.raise_signal(signal.SIGTERM)
            done.append(1)

    with pytest.raises(SystemExit), ending.in_order():
        one = given()
        next(one)
        del one
        wait()
    assert done == [1]
    assert "ignored" not in capfd.readouterr().err


def test_a_spool_is_removed_wherever_a_request_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(spool.tempfile, "tempdir", str(tmp_path))
    real = spool.whole.is_at

    def asks(path: Path, handle: int) -> bool:
        signal.raise_signal(signal.SIGTERM)
        return real(path, handle)

    monkeypatch.setattr(spool.whole, "is_at", asks)
    with pytest.raises(SystemExit), ending.in_order(), spool.Spool() as one:
        one.path(".x").write_text("something")
        wait()
    assert list(tmp_path.iterdir()) == []


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "PUT_OFF_TIMES_MAX", 3)

    class Endless:
        def __enter__(self) -> None:
            signal.raise_signal(signal.SIGTERM)
            wait()

        def __exit__(self, *_: object) -> None: ...

    with pytest.raises(SystemExit), ending.in_order(), Endless():
        pass


def test_what_is_ignored_stays_so_and_handlers_are_put_back() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with ending.in_order():
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(("number", "error", "code"), ASKED)
def test_a_request_in_the_last_exit_is_obeyed_there_and_nobody_else_is_asked(
    number: int, error: type[BaseException], code: int | None
) -> None:
    with pytest.raises(error), ending.in_order(), Asked(number, at_entry=False):
        pass
    time.sleep(20 * ending.PUT_OFF_SECONDS)  # what would be sent again comes here, and ends the tests


def test_a_second_request_lets_the_first_clear_away() -> None:
    done = []
    with pytest.raises(SystemExit), ending.in_order():
        try:
            signal.raise_signal(signal.SIGTERM)
            wait()
        finally:
            signal.raise_signal(signal.SIGTERM)
            done.append(1)
    assert done == [1]


def test_without_room_for_a_thread_a_request_is_obeyed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ending._thread, "start_new_thread", refused)
    asked = Asked(signal.SIGTERM, at_entry=False)
    with pytest.raises(SystemExit), ending.in_order(), asked:
        pass
    assert asked.done == ["entered"]


def test_an_error_within_the_end_of_a_generator_hides_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def given() -> Iterator[int]:
        try:
            yield 1
        finally:
            try:
                raise ValueError
            except ValueError:
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit), ending.in_order():
        one = given()
        next(one)
        del one
        wait()
    assert "ignored" not in capfd.readouterr().err


def test_names_of_callers_do_not_matter() -> None:
    def start() -> float:
        with pytest.raises(SystemExit), ending.in_order():
            signal.raise_signal(signal.SIGTERM)
            raise AssertionError("was put off")
        return 1.0

    assert start() == 1.0


def test_one_within_another() -> None:
    with pytest.raises(SystemExit), ending.in_order():
        outer = signal.getsignal(signal.SIGTERM)
        with ending.in_order(), Asked(signal.SIGTERM, at_entry=False):
            pass
    assert outer is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
