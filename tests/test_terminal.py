"""Commands in a terminal: widths, the pager, --quiet and --verbose, help, completion."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

import dedup
from dedup import console, display, explain, ledger, paging
from dedup.cli import help, main
from dedup.report import explain as explained
from dedup.report import facing, terminal

ROOT = Path(__file__).parent.parent
SPUN = ROOT / "fixtures" / "real" / "spun-by-hand" / "documents"
TWO = [str(SPUN / "glacier.txt"), str(SPUN / "glacier-spun.txt")]
WIDTHS = (40, 80, 200)
COPY, KEPT = "002_c675f6cb87d64a6d.txt", "004_d28315a60f4f15ab.txt"

TEXTS = {
    "Chinese": ("他们说这座城市的河流在春天常常泛滥成灾，" * 12, "他们说这座城市的江河在春季时常泛滥成灾，" * 12),
    "Arabic": ("قال الوزير إن الميناء سيغلق في الصيف " * 9, "قال الوزير إن المرفأ سيغلق في الشتاء " * 9),
    "Hebrew and Latin": ("שלום world, הנהר flows צפונה " * 9, "שלום world, הנחל flows דרומה " * 9),
    "emoji": ("we went 🚀 to the 🌋 and 👩‍👩‍👧 came home " * 9, "we flew 🛸 to the 🌋 and 👩‍👩‍👧 stayed home " * 9),
    "one long word": ("see https://example.org/" + "abcdefghij/" * 30, "see https://example.net/" + "abcdefghix/" * 30),
}


def printed(make: Callable[[Console], object], width: int, **options: object) -> str:
    file = io.StringIO()
    chosen = Console(file=file, width=width, highlight=False, markup=False, emoji=False, **options)  # type: ignore[arg-type]
    made = make(chosen)
    for one in made if hasattr(made, "__iter__") and not isinstance(made, str) else [made]:
        chosen.print(one)
    return re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())


def compared(text_a: str, text_b: str) -> dedup.Collation:
    return dedup.collate(dedup.document("a", text_a), dedup.document("b", text_b))


def sides(text: str) -> tuple[str, str]:
    """What stands on the lines of a and of b, without spaces."""
    found = {"a": "", "b": ""}
    for line in text.splitlines():
        if line[:2] in ("a ", "b ") and "words" not in line:
            found[line[0]] += re.sub(r"\s|\[-|-\]|\{\+|\+\}", "", line[2:])
    return found["a"], found["b"]


# --- widths ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def findings() -> dedup.Findings:
    return dedup.find_duplicates(ROOT / "seeds")


@pytest.mark.parametrize("width", WIDTHS)
def test_reports_of_the_seeds_fit_the_width(findings: dedup.Findings, width: int) -> None:
    texts = {name: (ROOT / "seeds" / name).read_text("utf-8") for name in (KEPT, COPY)}
    found = dedup.collate(*(dedup.document(name, text) for name, text in texts.items()))
    rows = ledger.substitutions([found])
    why = explain.explanation(ROOT / "seeds", COPY, KEPT)
    made: list[Callable[[Console], object]] = [
        lambda _: terminal.scan(findings),
        lambda chosen: facing.diff(found, rows, 30, chosen),
        lambda _: facing.ledger(rows),
        lambda _: explained.explanation(why),
    ]
    for one in made:
        lines = printed(one, width).splitlines()
        assert len(lines) > 20
        assert [line for line in lines if cell_len(line.rstrip()) > width] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("coloured", [True, False])
@pytest.mark.parametrize("name", TEXTS)
def test_a_diff_of_any_script_fits_and_leaves_nothing_out(name: str, coloured: bool, width: int) -> None:
    found = compared(*TEXTS[name])
    options = {"force_terminal": True, "color_system": "standard"} if coloured else {}
    text = printed(lambda chosen: facing.diff(found, [], 0, chosen), width, **options)
    assert all(cell_len(line) <= width for line in text.splitlines())
    changed = [one for locus in found.loci for one in (locus.text_a, locus.text_b)]
    if max(map(len, changed)) <= facing.BLOCK_CHARACTERS:
        a, b = sides(text)
        for locus in found.loci:
            assert re.sub(r"\s", "", locus.text_a) in a
            assert re.sub(r"\s", "", locus.text_b) in b


def test_what_faces_what_stands_one_below_the_other() -> None:
    found = compared("他们 的 河流 在 春天 泛滥 很 多 年", "他们 的 江 在 春天 泛滥 很 多 年")
    lines = printed(lambda chosen: facing.diff(found, [], 0, chosen), 80).splitlines()
    a, b = (next(line for line in lines if line.startswith(f"{side} 他们")) for side in "ab")
    assert cell_len(a[: a.index("在")]) == cell_len(b[: b.index("在")])


@settings(max_examples=60)
@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from([24, 40, 80]))
def test_no_text_makes_a_line_wider_than_the_terminal(text_a: str, text_b: str, width: int) -> None:
    found = compared(text_a, text_b)
    for line in printed(lambda chosen: facing.diff(found, [], 0, chosen), width).splitlines():
        assert cell_len(line) <= width


# --- the pager ---------------------------------------------------------------------------------------------------


class Seen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PAGER": f"{sys.executable} -u"}, [sys.executable, "-u"]),
        ({"PAGER": ""}, []),
        ({"PAGER": "cat"}, []),
        ({"PAGER": "no-such-pager"}, []),
        ({"PAGER": "'"}, []),
        ({"PAGER": sys.executable, "NO_PAGER": "1"}, []),
        ({"PAGER": sys.executable, "NO_PAGER": ""}, [sys.executable]),
    ],
)
def test_the_pager_is_the_one_that_was_chosen(environment: dict[str, str], expected: list[str]) -> None:
    assert paging.command(environment) == expected


@pytest.mark.parametrize(("lines", "is_paged"), [(5, False), (200, True)])
def test_only_what_is_longer_than_the_terminal_is_paged(
    monkeypatch: pytest.MonkeyPatch, lines: int, is_paged: bool
) -> None:
    taken: list[str] = []
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", Seen())
    monkeypatch.setattr(paging, "paged", lambda text, pager: taken.append(text) or True)
    rows: list[RenderableType] = [f"line {number}" for number in range(lines)]
    console.emit_text(lambda _: rows, None, ["less"])
    assert bool(taken) == is_paged
    assert ("line 3" in sys.stdout.getvalue()) != is_paged  # type: ignore[attr-defined]


def test_nothing_is_paged_into_a_pipe_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paging, "paged", lambda *_: pytest.fail("paged"))
    many: list[RenderableType] = ["line"] * 500
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    console.emit_text(lambda _: many, None, ["less"])
    monkeypatch.setattr(sys, "stdout", Seen())
    console.emit_text(lambda _: many, tmp_path / "out.txt", ["less"])
    assert (tmp_path / "out.txt").read_text().count("line") == 500


def test_a_pager_gets_the_text_and_may_leave_early(tmp_path: Path) -> None:
    target = tmp_path / "seen"
    keeps = [sys.executable, "-c", f"import sys; open({str(target)!r}, 'w').write(sys.stdin.read())"]
    assert paging.paged("two\nlines \udcff\n", keeps)
    assert target.read_text() == "two\nlines \\udcff\n"
    assert paging.paged("much\n" * 100_000, [sys.executable, "-c", "pass"])
    assert not paging.paged("text", [str(tmp_path / "none")])


def in_terminal(*arguments: str, width: int, lines: int, **environment: str) -> tuple[str, int]:
    """What the program writes to a terminal of its own, and how it ends."""
    fcntl = pytest.importorskip("fcntl", reason="this system has no terminals to make")
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, width, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES", "PAGER")}
    with subprocess.Popen(
        [sys.executable, "-m", "dedup.cli", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT,
        env={**plain, "TERM": "xterm-256color", **environment},
    ) as process:  # fmt: skip
        os.close(theirs)
        written = b""
        with suppress(OSError):  # the other end is closed
            while data := os.read(ours, 65536):
                written += data
    os.close(ours)
    return written.decode("utf-8").replace("\r\n", "\n"), process.returncode


def test_a_diff_in_a_terminal_goes_through_the_pager_in_colour() -> None:
    mark = f"{sys.executable} -c \"import sys; print('PAGED', sys.stdin.read())\""
    written, status = in_terminal("diff", *TWO, width=60, lines=10, PAGER=mark)
    assert status == 0
    assert written.startswith("PAGED") and "\x1b[1;31m" in written
    plain, _ = in_terminal("diff", *TWO, "--no-pager", width=60, lines=10, PAGER=mark, NO_COLOR="1")
    assert "PAGED" not in plain and "[-" in plain and "\x1b[31m" not in plain
    assert all(cell_len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 60 for line in plain.splitlines())


# --- quiet, verbose, help, completion ----------------------------------------------------------------------------


def run(*arguments: str) -> tuple[str, str]:
    done = CliRunner().invoke(main, [*arguments])
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


def test_quiet_and_verbose_change_nothing_but_what_is_told(tmp_path: Path) -> None:
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Gr\xfc\xdfe aus M\xfcnchen und viele W\xf6rter mehr".encode("latin-1"))
    plain, told = run("scan", str(tmp_path))
    assert "note: " in told
    assert run("scan", str(tmp_path), "--quiet") == (plain, "")
    same, verbose = run("scan", str(tmp_path), "-v")
    assert same == plain
    assert re.search(r"^compare: 0 pairs in \d+\.\d s$", verbose, re.M)
    assert re.search(r"^\d+\.\d s in all", verbose, re.M)
    assert run("scan", str(tmp_path))[1] == told, "the next run tells what it did before"


def test_errors_are_told_also_if_quiet(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["scan", str(tmp_path / "none"), "-q"])
    assert done.exit_code == 1 and "does not exist" in done.stderr


def test_stages_are_listed_when_they_are_over() -> None:
    told: list[str] = []
    listed = display.Listed(told.append)
    listed.stage("read", 30_000_000, "bytes")
    listed.advance(30_000_000)
    assert told == []
    listed.stage("compare", 7, "pairs")
    listed.advance(7)
    listed.stop()
    listed.stop()
    assert [re.sub(r"[\d.]+ s$", "1 s", line) for line in told] == ["read: 30 MB in 1 s", "compare: 7 pairs in 1 s"]


def test_memory_is_left_out_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert display.memory_bytes() is None or display.memory_bytes() > 1_000_000  # type: ignore[operator]
    monkeypatch.setattr(display, "STATUS", tmp_path / "none")
    assert display.memory_bytes() is None


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_help_of_every_command_fits_and_has_an_example(width: int) -> None:
    for name in main.commands:
        text = CliRunner().invoke(main, [name, "--help"], terminal_width=width).stdout
        assert "Example:" in text, name
    text = CliRunner().invoke(main, ["--help"], terminal_width=width).stdout
    assert text.count("  dedup ") >= 3
    assert max(map(len, text.splitlines())) <= width
    assert all(re.search(rf"^  {name} ", text, re.M) for name in main.commands)


def test_no_line_of_a_help_is_broken_off() -> None:
    for width in (40, 80):
        told = CliRunner().invoke(main, ["index", "--help"], terminal_width=width).stdout
        assert "..." not in told.split("ARGS]...")[1]


def test_what_goes_on_in_the_next_line_stands_below_what_it_belongs_to(findings: dedup.Findings) -> None:
    told = printed(lambda _: terminal.scan(findings), 40).split("Cluster 1")[1].split("Shared passages")[0]
    for line in told.splitlines()[1:]:
        assert not line.strip() or line.startswith(("  keep  ", "  drop  ", " " * 8)), line


def test_a_copy_that_shares_passages_is_told_to_be_one(findings: dedup.Findings) -> None:
    told = printed(lambda _: terminal.scan(findings), 80)
    assert f"{COPY} is a copy of {KEPT}" in told.split("Shared passages")[1]


def test_every_command_stands_in_one_section_with_a_line() -> None:
    named = [name for names in help.SECTIONS.values() for name in names]
    assert len(named) == len(set(named)) and set(named) == set(help.SHORT)
    assert set(main.commands) <= set(named)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_that_asks_the_program(shell: str) -> None:
    script, told = run("completion", shell)
    assert "_DEDUP_COMPLETE" in script and "%(" not in script and told == ""


def test_commands_options_and_files_are_completed() -> None:
    def completed(*words: str) -> set[str]:
        asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_DEDUP_COMPLETE": "bash_complete"}
        script = "from dedup.cli import main; main(prog_name='dedup')"
        environment = {**os.environ, **asked}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
        return set(done.stdout.decode().split())

    assert {"plain,scan"} <= completed("dedup", "sc")
    assert "plain,--threshold" in completed("dedup", "scan", "--thr")
    assert any(one.startswith("file,") for one in completed("dedup", "scan", "see"))
