"""Puts what is strange or hostile before every command that reads: `python benchmarks/strange.py [--only INPUT...]`.

1. A folder has two ordinary texts, and beside them one input of `INPUTS`: a name that breaks lines, a pipe, a bomb.
2. Each command of `COMMANDS` runs on it in a fork (see `watched`). What is no text must be told by its name, and the
   exit status be 1; what is one must be read, as many documents as it has. Never: a traceback, a pipe or device that is
   opened (which ends the run at once), an input that is touched, something temporary that is left, a run that does not
   end, a file written anywhere but in the output.

--results FILE adds the counts to those in a JSON file. Exit status 1 if anything was otherwise. POSIX only.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import os
import shutil
import signal
import socket
import stat
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from threading import Timer

import faulty
import pyarrow as pa
import reliability
import watched
from faults import warm
from pyarrow import parquet
from watched import Command, Instant, cli

PATIENCE_SECONDS = 240.0
OPENED = 98
"""The exit status of a run that opens what must not be opened."""
TEXT = "The harbour master counted nine small boats before the rain came over the hill, and wrote that down. "
COMMANDS = (
    Command("scan", cli("scan", "IN", "--format", "jsonl", "-o", "OUT/found.jsonl"), ("found.jsonl",)),
    Command("clean", cli("clean", "IN", "-o", "OUT/clean"), ("clean",)),
    Command("check", cli("check", "IN", "--format", "jsonl", "-o", "OUT/cards.jsonl"), ("cards.jsonl",)),
    Command("report", cli("report", "IN", "-o", "OUT/report.html"), ("report.html",)),
    Command("ledger", cli("ledger", "IN", "-o", "OUT/ledger.tsv"), ("ledger.tsv",)),
    Command("restore", cli("restore", "IN/good.txt", "--witness", "IN", "-o", "OUT/text.txt"), ("text.txt",)),
    Command("index", cli("index", "create", "OUT/seen", "IN", "--format", "jsonl"), ("seen",), holds=True),
)

Found = tuple[int, tuple[str, ...]]
"""How many documents an input has, and what of it must be told of."""
Input = Callable[[Path], Found]


# --- names -------------------------------------------------------------------------------------------------------


def _named(name: bytes, place: Path) -> Found:
    (place / os.fsdecode(name)).write_text(f"{TEXT * 3}{len(name)} {sum(name)}")
    return 1, ()


NAMES: Mapping[str, bytes] = {
    "a name with a line end": b"line\nend.txt", "a name with a carriage return": b"line\rend.txt",
    "a name that is no UTF-8": b"\xff\xfe bad.txt", "a name of 255 bytes": b"n" * 251 + b".txt",
    "a name of emoji": "🦊🇺🇳.txt".encode(), "a name that is a space": b" .txt", "a name like an option": b"-o.txt",
    "a name that steers the terminal": b"a\tb\x1b[31m\x07.txt",
    "a name that runs backwards": "a\u202etxt.b.txt".encode(),
    "a name of markup": b"<img src=x onerror=alert(1)>.txt", "a name like a URL": b"https:.txt",
    "a name like a pattern": b"[a-z]*?{}.txt", "a name in another Unicode form": "e\u0301\u212b.txt".encode(),
}  # fmt: skip


# --- what is no file, or leads elsewhere -------------------------------------------------------------------------


def pipe(place: Path) -> Found:
    """a pipe (FIFO)"""
    os.mkfifo(place / "odd.txt")
    return 0, ("odd.txt",)


def listening(place: Path) -> Found:
    """a socket"""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(place / "odd.txt"))
    return 0, ("odd.txt",)


def device(place: Path) -> Found:
    """a device"""
    try:
        os.mknod(place / "odd.txt", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        (place / "odd.txt").symlink_to("/dev/zero")
    return 0, ("odd.txt",)


def linked_device(place: Path) -> Found:
    """a link to a device"""
    (place / "odd.txt").symlink_to("/dev/zero")
    return 0, ("odd.txt",)


def linked_out(place: Path) -> Found:
    """a link out of the source"""
    (place.parent / "secret.txt").write_text("nobody's business")
    (place / "odd.txt").symlink_to(place.parent / "secret.txt")
    return 0, ("odd.txt",)


def linked_around(place: Path) -> Found:
    """links in a circle, to the folder itself, and to nothing"""
    (place / "one.txt").symlink_to("two.txt")
    (place / "two.txt").symlink_to("one.txt")
    (place / "above").symlink_to(place)
    (place / "gone.txt").symlink_to(place / "nothing")
    return 0, ("one.txt", "two.txt", "above", "gone.txt")


def deep(place: Path) -> Found:
    """folders 200 deep"""
    below = place.joinpath(*["d"] * 200)
    below.mkdir(parents=True)
    (below / "odd.txt").write_text(f"{TEXT * 3}deep")
    return 1, ()


# --- sizes -------------------------------------------------------------------------------------------------------


def sparse(place: Path) -> Found:
    """a sparse file of a terabyte"""
    with (place / "odd.txt").open("wb") as file:
        file.truncate(1 << 40)
    return 0, ("odd.txt",)


def sparse_records(place: Path) -> Found:
    """a sparse file of records: a line of a gigabyte"""
    with (place / "odd.jsonl").open("wb") as file:
        file.truncate(1 << 30)
    return 0, ("odd.jsonl",)


def empty(place: Path) -> Found:
    """empty files"""
    for name in ("odd.txt", "odd.jsonl", "odd.csv", "odd.parquet", "odd.gz", "odd.zip"):
        (place / name).touch()
    return 0, ("odd.txt", "odd.parquet", "odd.gz", "odd.zip")


def zeros(place: Path) -> Found:
    """a file of zero bytes"""
    (place / "odd.txt").write_bytes(bytes(100_000))
    return 0, ("odd.txt",)


# --- what is packed ----------------------------------------------------------------------------------------------


def bombs(place: Path) -> Found:
    """files that unpack to 300 MB"""
    plain = bytes(300 << 20)
    for name, data in (("odd.txt.gz", gzip.compress(plain, 9)), ("odd.jsonl.bz2", bz2.compress(plain)),
                       ("odd.csv.xz", lzma.compress(plain, preset=1))):  # fmt: skip
        (place / name).write_bytes(data)
    return 0, ("odd.txt.gz", "odd.jsonl.bz2", "odd.csv.xz")


def nested(place: Path) -> Found:
    """archives in archives in archives"""
    data = TEXT.encode()
    for depth in range(5):
        data = _zipped({f"{depth}{side}.zip" if depth else f"{side}.txt": data for side in "ab"})
    (place / "odd.zip").write_bytes(data)
    return 0, ("odd.zip",)


def climbing(place: Path) -> Found:
    """archives whose names lead out"""
    names = ("../up.txt", "/etc/passwd", "a/../../up.txt", "C:\\up.txt", "..")
    (place / "odd.zip").write_bytes(_zipped({name: TEXT.encode() for name in names}))
    with tarfile.open(place / "odd.tar", "w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(TEXT)
            archive.addfile(info, io.BytesIO(TEXT.encode()))
    return 0, ("odd.zip", "odd.tar")


def tarred_links(place: Path) -> Found:
    """a tar of links, pipes and devices"""
    with tarfile.open(place / "odd.tar", "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"it{kind.decode()}")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    return 0, ("odd.tar",)


def cut_off(place: Path) -> Found:
    """packed files and tables that are cut off"""
    rows = [{"id": str(at), "text": f"{at} {TEXT}"} for at in range(50)]
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), sink)
    noise = os.urandom(4000).hex().encode()
    for name, data in (("odd.parquet", sink.getvalue()), ("odd.txt.gz", gzip.compress(noise)),
                       ("odd.zip", _zipped({"a.txt": noise}))):  # fmt: skip
        (place / name).write_bytes(data[: len(data) * 2 // 3])
    return 0, ("odd.parquet", "odd.txt.gz", "odd.zip")


def flipped(place: Path) -> Found:
    """tables whose bits were flipped"""
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist([{"id": str(at), "text": f"{at} {TEXT}"} for at in range(50)]), sink)
    data = bytearray(sink.getvalue())
    for at in range(len(data) - 400, len(data) - 8, 7):
        data[at] ^= 0x55
    (place / "odd.parquet").write_bytes(bytes(data))
    return 0, ("odd.parquet",)


# --- records -----------------------------------------------------------------------------------------------------


def records(place: Path) -> Found:
    """lines that are no records: torn, deep, of other types"""
    lines = ['{"id": "x", "te', "[" * 100_000, "[]", '{"text": 5}', "\ud800".encode("utf-8", "surrogatepass").decode(
        "latin-1"), '{"text": null}', '{"n": ' + "9" * 5000 + ', "text": "short"}']  # fmt: skip
    good = json.dumps({"id": "r", "text": f"{TEXT * 3}record"})
    (place / "odd.jsonl").write_text("\n".join([*lines, good]) + "\n")
    return 1, ("odd.jsonl",)


def identical_ids(place: Path) -> Found:
    """records of one id, of ids that lead elsewhere, and of ids with line ends"""
    names = ["same", "same", "../../up", "/etc/passwd", "line\nend", "<b>", "\u202e", ""]
    rows = [{"id": name, "text": f"{at} {TEXT * 3}{at}"} for at, name in enumerate(names)]
    (place / "odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return len(names) - 1, ("has the id 'same'",)


def surrogates(place: Path) -> Found:
    """half characters (lone surrogates), and characters that are none"""
    text = f"{TEXT * 3} \ud800 \udfff \ufffe \x00 \x85"
    (place / "odd.jsonl").write_text(json.dumps({"id": "s", "text": text}) + "\n")
    return 1, ()


def encoded(place: Path) -> Found:
    """texts in other encodings"""
    text = f"Die Brücke über den Fluß, schön geschmückt; {TEXT * 3}"
    for number, codec in enumerate(("utf-16", "utf-8-sig", "cp1252", "utf-32")):
        (place / f"odd{number}.txt").write_bytes(f"{number} {text}{number}".encode(codec))
    return -1, ()


def _zipped(held: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return out.getvalue()


INPUTS: dict[str, Input] = {
    **{what: partial(_named, name) for what, name in NAMES.items()},
    **{(one.__doc__ or "").strip(): one for one in (
        pipe, listening, device, linked_device, linked_out, linked_around, deep, sparse, sparse_records, empty, zeros,
        bombs, nested, climbing, tarred_links, cut_off, flipped, records, identical_ids, surrogates, encoded,
    )},
}  # fmt: skip


# --- trials ------------------------------------------------------------------------------------------------------


def _watch(forbidden: frozenset[str], instant: Instant) -> None:
    if instant.name == "open" and instant.path in forbidden:
        os._exit(OPENED)


def tried(what: str, command: Command, box: Path) -> list[str]:
    """What was otherwise than it must be."""
    shutil.rmtree(box, ignore_errors=True)
    for name in ("in", "out", "tmp"):
        (box / name).mkdir(parents=True)
    place = box / "in"
    for name in ("good", "better"):
        (place / f"{name}.txt").write_text(f"{TEXT * 4} {name}")
    documents, told = INPUTS[what](place)
    before = _state(box)
    forbidden = frozenset(str(path) for path in place.rglob("*") if _is_special(path))
    child = watched.started(command, box, partial(_watch, forbidden))
    patience = Timer(PATIENCE_SECONDS, os.kill, (child.number, signal.SIGKILL))
    patience.start()
    try:
        done = watched.ended(child, box)
    finally:
        patience.cancel()
    found = [f"{name} is not told" for name in told if name not in done.said]
    if done.status != bool(told):
        said = {OPENED: "opened what is no file", -signal.SIGKILL: "does not end"}
        found.append(said.get(done.status, f"ends with {done.status}, not {int(bool(told))}"))
    if "Traceback" in done.said:
        found.append(f"a traceback: {done.said[-800:]}")
    (box / "instants").unlink(missing_ok=True)
    if {name: one for name, one in _state(box).items() if not name.startswith(b"out/")} != before:
        found.append("something was touched, or made beside the output")
    if left := faulty.leftovers(box, command):
        found.append(f"left behind: {', '.join(left)}")
    if command.name == "scan" and documents >= 0 and not found:
        lines = (box / "out" / "found.jsonl").read_text("utf-8").splitlines()
        count = sum(json.loads(line)["record"] == "document" for line in lines)
        if count != documents + 2:
            found.append(f"{count} documents, not {documents + 2}")
    return found


def _is_special(path: Path) -> bool:
    """Whether it is neither a file nor a folder, or is a link to something such."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _state(box: Path) -> dict[bytes, tuple[int, int, int]]:
    """Type, size and time of change of all that is in a box, but for the outputs."""
    found = {}
    for above, folders, files in os.walk(os.fsencode(box)):
        for name in (*folders, *files):
            path = os.path.join(above, name)  # noqa: PTH118 (names may be no text)
            key = os.path.relpath(path, os.fsencode(box))
            if not key.startswith((b"out", b"tmp")):
                one = os.lstat(path)
                found[key] = (one.st_mode, 0 if stat.S_ISDIR(one.st_mode) else one.st_size, one.st_mtime_ns)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(INPUTS), metavar="INPUT", help=", ".join(INPUTS))
    parser.add_argument("--commands", nargs="+", choices=[one.name for one in COMMANDS], metavar="NAME")
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    if given.results:
        given.results = given.results.resolve()  # the runs are in a folder of their own
    known = given.results and given.results.exists()
    counts: reliability.Counts = json.loads(given.results.read_text()) if known else {}
    warm()
    failed = False
    room = Path(tempfile.mkdtemp(prefix="strange-"))  # not one that every fork removes when it ends
    os.chdir(room)
    for what in given.only or INPUTS:
        for command in COMMANDS:
            if given.commands and command.name not in given.commands:
                continue
            found = tried(what, command, room / "box")
            failed |= bool(found)
            own = counts.setdefault(what, {"tried": 0, "otherwise": 0})
            own["tried"] += 1
            own["otherwise"] += bool(found)
            for one in found:
                print(f"{what}, {command.name}: {one}", file=sys.stderr, flush=True)
        if given.results:
            given.results.write_text(json.dumps(counts, indent=1, ensure_ascii=False) + "\n")
    print(*reliability.inputs(counts), sep="\n")
    os.chdir("/")
    shutil.rmtree(room)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
