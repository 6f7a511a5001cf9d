"""Feeds nonsense to the stages: `python benchmarks/fuzz.py [TARGET...] [--runs N] [--seconds N] [--seed N]`.

Bytes are made by atheris (libFuzzer: mutations that reach new branches of `dedup` are kept and mutated again) where
that is installed, and else by a mutation of our own, without guidance. Each target makes its input of the bytes, runs a
stage, and asserts its laws; any other exception than DedupError is a find. Every target is a process of its own, and
tells how many executions it had; the exit status is 1 if there was a find: its bytes are then in the folder `--finds`.

What was found and mended is a case in tests/test_reliability_fuzz.py, which runs a seeded share of the same targets.
"""

from __future__ import annotations

import argparse
import atexit
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

BYTES_MAX = 96
Target = Callable[[bytes], None]


def reader(data: bytes) -> None:
    """Lines of JSON: every row is a document or a problem, and its bytes are where its locator says."""
    from dedup import clean, read
    from dedup.config import Config
    from dedup.model import DedupError

    for _, raw in read.rows(Path("x"), data, 0, Config()):
        if not isinstance(raw, DedupError):
            assert 0 <= raw.locator.start_byte < raw.locator.stop_byte <= len(data)
            again = read.record(raw.locator, data[raw.locator.start_byte : raw.locator.stop_byte])
            assert again == raw
            _cleaned(clean, raw)


def decoder(data: bytes) -> None:
    """Bytes of any encoding: a text that edits can be made on, or a problem."""
    from dedup import clean
    from dedup.model import Locator, Raw

    _cleaned(clean, Raw("x", Locator("x", 0, len(data)), data))


def _cleaned(clean: object, raw: object) -> None:
    from dedup import clean as module
    from dedup import edits
    from dedup.model import DedupError, Raw

    assert isinstance(raw, Raw)
    try:
        made = module.document(raw)
    except DedupError:
        return
    assert all(made.text[slice(*edit.span)] == edit.before for edit in made.repairs)
    mended = edits.applied(made.text, made.repairs)
    assert edits.applied(mended, edits.inverse(made.repairs)) == made.text


def tokeniser(data: bytes) -> None:
    """A text: tokens stand in order, apart, within the text, and are what the matching form of their place is."""
    from dedup import clean

    text = _text(data)
    stop = 0
    for word, start, end in clean.words(text):
        assert stop <= start < end <= len(text)
        assert word
        stop = end


def aligner(data: bytes) -> None:
    """Two sequences of tokens: blocks hold equal tokens, ascend, and do not overlap."""
    import numpy as np

    from dedup import align
    from dedup.config import Config
    from dedup.model import Tokens

    half = len(data) // 2

    def tokens(part: bytes) -> Tokens:
        words = tuple(f"w{byte % 24}" for byte in part)
        hashes = np.array([byte % 24 for byte in part], np.uint64)
        spans = np.stack((np.arange(len(part)), np.arange(len(part)) + 1), axis=1).astype(np.int64)
        return Tokens(words, hashes, spans)

    a, b = tokens(data[:half]), tokens(data[half:])
    found = align.alignment(a, b, Config())
    at_a = at_b = 0
    for start_a, start_b, length in found.blocks.tolist():
        assert start_a >= at_a
        assert start_b >= at_b
        assert a.words[start_a : start_a + length] == b.words[start_b : start_b + length]
        at_a, at_b = start_a + length, start_b + length
    assert at_a <= len(a)
    assert at_b <= len(b)


def editor(data: bytes) -> None:
    """A text and edits on it twice: the inverse gives the text back, and composed they do what both did."""
    from dedup import edits
    from dedup.model import Edit

    text = _text(data[:40])

    def drawn(text: str, numbers: bytes) -> tuple[Edit, ...]:
        made, at = [], 0
        for skip, length, size in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=False):
            start = at + skip % 7
            stop = start + length % 5
            if stop > len(text):
                break
            made.append(Edit((start, stop), text[start:stop], "xyz é"[: size % 6], "fuzz"))
            at = stop + 1
        return tuple(made)

    first = drawn(text, data[40:64])
    middle = edits.applied(text, first)
    assert edits.applied(middle, edits.inverse(first)) == text
    second = drawn(middle, data[64:])
    last = edits.applied(middle, second)
    both = edits.composed(text, first, second)
    assert edits.applied(text, both) == last
    assert edits.applied(last, edits.inverse(both)) == text


def mender(data: bytes) -> None:
    """A text, as such or written in one encoding and read in another: repairs fit it, ascend, and can be undone."""
    from dedup import edits, mojibake

    text = _text(data)
    if data[:1] < b"\x80":
        codec = ("cp1252", "latin-1", "cp437", "cp1251")[sum(data[:1]) % 4]
        text = text.encode("utf-8", "replace").decode(codec, "replace")
    made = mojibake.repairs(text)
    stop = 0
    for edit in made:
        assert stop <= edit.span[0] <= edit.span[1] <= len(text)
        assert text[slice(*edit.span)] == edit.before
        stop = edit.span[1]
    mended = edits.applied(text, made)
    assert edits.applied(mended, edits.inverse(made)) == text


def decision(data: bytes) -> None:
    """JSON: a decision that is written and read as the same, or a ValueError."""
    import json

    from dedup import decisions

    try:
        made = decisions.decision(json.loads(data))
    except (ValueError, RecursionError):
        return
    assert decisions.decision(json.loads(json.dumps(decisions.record(made)))) == made


def index_file(data: bytes) -> None:
    """A file of an index, or its manifest, damaged: it is refused, unless it is still what was written."""
    from dedup.index import files, manifest
    from dedup.model import DedupError

    folder, told, arrays, made = _index()
    reference = told.keys[0].file
    name = manifest.MANIFEST if data[:1] < b"\x60" else reference.name
    whole = made[name]
    damaged = _damaged(whole, data[1:])
    (folder / name).write_bytes(damaged)
    try:
        if name == manifest.MANIFEST:
            assert manifest.loaded(folder) == told  # white space between its values counts for nothing
        else:
            mapped = files.Mapped(folder, reference)
            assert all((mapped.array(one) == array).all() for one, array in arrays.items())
            mapped.check()
            assert damaged == whole, "damaged, and read as if it were not"
    except DedupError:
        assert damaged != whole


def work_file(data: bytes) -> None:
    """A file of a work folder, damaged: it is not taken for a result; other options and input are refused."""
    from dedup.engines import kept, work
    from dedup.model import DedupError

    folder, result, made = _work()
    name = ("result", work.RUN, work.INPUT)[sum(data[:1]) % 3]
    whole = made[name]
    damaged = _damaged(whole, data[1:])
    (folder / name).write_bytes(damaged)
    if name == "result":
        found = kept.read(folder / name, None)
        assert (found is not None) == (damaged == whole)
        assert found is None or str(found) == str((result,))
        return
    try:
        work.opened(folder, [], {"threshold": 0.8}).close()
    except DedupError:
        assert damaged != whole
    else:
        assert name == work.RUN or damaged.splitlines() == whole.splitlines()
    finally:
        for one in (work.RUN, work.INPUT):
            (folder / one).write_bytes(made[one])


def plain_data(data: bytes) -> None:
    """JSON of any kind as a result: one that is written and read as the same, or NotPlainError."""
    import numpy as np

    from dedup.engines import plain

    buffers = [memoryview(bytes(range(64)))]
    try:
        made = plain.loaded(data, buffers, None)
    except plain.NotPlainError:
        return
    tree, arrays = plain.dumped(made, None)
    again = plain.loaded(tree, [memoryview(one.reshape(-1).view(np.uint8)) for one in arrays], None)
    assert repr(again) == repr(made)


def _damaged(whole: bytes, data: bytes) -> bytes:
    """A file with bits flipped, bytes put in or out, its tail cut off."""
    made = bytearray(whole)
    for at in range(0, len(data) - 3, 4):
        how, place, value = data[at] % 4, int.from_bytes(data[at + 1 : at + 3]) % (len(made) + 1), data[at + 3]
        if how == 0 and place < len(made):
            made[place] ^= value or 1
        elif how == 1:
            del made[place:]
        elif how == 2:
            made[place:place] = bytes([value])
        else:
            del made[place : place + value % 16]
    return bytes(made)


@cache
def _index() -> tuple[Path, Any, dict[str, Any], dict[str, bytes]]:
    """A folder with a file of two sections and a manifest, that manifest, the arrays, and all as bytes."""
    import numpy as np

    from dedup.config import Config
    from dedup.index import files, manifest

    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    arrays = {"words": np.arange(600, dtype=np.uint64) * 0x9E3779B97F4A7C15, "bytes": np.arange(99, dtype=np.uint8)}
    writer = files.Writer(folder / "keys-0")
    for name, array in arrays.items():
        writer.section(name, array)
    reference = writer.finished()
    made = manifest.Manifest(3, manifest.counting(Config()), keys=(manifest.Keys(reference, 0, 600),))
    manifest.committed(folder, made)
    return folder, made, arrays, {name: (folder / name).read_bytes() for name in ("keys-0", manifest.MANIFEST)}


@cache
def _work() -> tuple[Path, object, dict[str, bytes]]:
    """A work folder with a result, that result, and all as bytes."""
    import numpy as np

    from dedup.engines import kept, work

    folder = Path(tempfile.mkdtemp(prefix="fuzz-")) / "work"
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    work.opened(folder, [], {"threshold": 0.8}).close()
    result = (3, "text", [np.arange(20, dtype=np.int32), np.float64(0.5)], {"a": None})
    kept.write(folder / "result", result, None)
    return folder, result, {name: (folder / name).read_bytes() for name in ("result", work.RUN, work.INPUT)}


def _text(data: bytes) -> str:
    """Half of the inputs are UTF-8 as far as it goes, half code points from all over Unicode."""
    if data[:1] < b"\x80":
        return data.decode("utf-8", "surrogateescape" if data[:1] < b"\x04" else "replace")
    return data.decode("utf-16-le", "surrogatepass" if len(data) % 2 == 0 else "replace")


TARGETS: dict[str, Target] = {
    one.__name__: one
    for one in (
        decision,
        tokeniser,
        plain_data,
        reader,
        index_file,
        work_file,
        editor,
        aligner,
        decoder,
        mender,
    )
}
UNDER_TEST: dict[str, tuple[str, ...]] = {
    "reader": ("read", "clean"), "decoder": ("clean", "mojibake", "edits"), "tokeniser": ("clean",),
    "aligner": ("align",), "editor": ("edits",), "mender": ("mojibake", "edits"), "decision": ("decisions",),
    "index_file": ("index.files", "index.manifest"), "work_file": ("engines.kept", "engines.plain", "engines.work"),
    "plain_data": ("engines.plain",),
}  # fmt: skip
"""The modules whose branches guide the mutations: more of them cost time, and compiled ones cannot be."""
CORPORA: dict[str, tuple[bytes, ...]] = {
    "reader": (b'{"id": "a", "text": "One, two."}\n{"text": "\\u00e9"}\n', b'{"id": 3, "text": "x", "source": "s"}'),
    "decoder": ("Fluß und Brücke, naïve café".encode("cp1252"), "\ufeffOne".encode("utf-16"), "naÃ¯ve cafÃ©".encode()),
    "tokeniser": ("don't stop—ﬁne ǅ 漢字かな ١٢٣ a\u200bb".encode(),),
    "aligner": (bytes(range(24)) * 2, bytes(range(12)) + bytes(range(12, 24)) * 2 + bytes(range(12))),
    "editor": (b"The quick brown fox jumps over the lazy dog" + bytes(range(50)),),
    "mender": ("Die BrÃ¼cke Ã¼ber den FluÃŸ â€œquotedâ€\x9d".encode(), b"\xe2\x80\x99 it is"),
    "index_file": (b"\x00\x00\x00\x10\x01", b"\xff\x00\x10\x00\x80", b"\xff\x01\x20\x00\x00", b"\xff\x02\x00\x05\x41"),
    "work_file": (b"\x00\x00\x00\x20\x01", b"\x01\x01\x00\x08\x00", b"\x02\x02\x00\x03\x7b", b"\x01\x03\x00\x01\x0f"),
    "plain_data": (b'["tuple", 1, ["list", "a", null]]', b'["array", "<i4", [2, 2], 0]', b'["dict", ["a", true]]',
                   b'["record", "dedup.model", "Locator", "p", 0, 1]', b'["scalar", "<f8", [], 0]',
                   b'["error", "a", "b", "c"]'),
    "decision": (b'{"decision": "keep", "id": "a"}', b'{"decision": "apart", "ids": ["a", "b"]}',
                 b'{"decision":"reading","id":"a","start":1,"stop":2,"before":"x","after":"y","witness":"b"}'),
}  # fmt: skip


# --- runs --------------------------------------------------------------------------------------------------------


def mutated(cases: tuple[bytes, ...], random: Random) -> Iterator[bytes]:
    """Cases changed here and there, without end."""
    while True:
        data = bytearray(random.choice(cases))
        for _ in range(random.choice((1, 1, 2, 4, 8))):
            at = random.randint(0, len(data))
            kind = random.randrange(4)
            if kind == 0:
                data[at:at] = random.randbytes(random.randint(1, 4))
            elif kind == 1:
                del data[at : at + random.randint(1, 6)]
            elif kind == 2 and at < len(data):
                data[at] ^= 1 << random.randrange(8)
            else:
                other = random.choice(cases)
                data[at:at] = other[random.randint(0, len(other)) :][: random.randint(0, 8)]
        yield bytes(data[:BYTES_MAX])


def without_guidance(name: str, runs: int, seconds: float, seed: int) -> int:
    """How many executions there were; a find is raised, with its bytes."""
    until = time.monotonic() + seconds
    for count, data in enumerate(mutated(CORPORA[name], Random(f"{seed} {name}"))):
        if count == runs or time.monotonic() > until:
            return count
        try:
            TARGETS[name](data)
        except Exception as error:
            error.add_note(f"bytes: {data!r}")
            raise
    return 0


def _guided(name: str, runs: int, seconds: float, seed: int, finds: Path) -> None:
    """A run by atheris, which ends the process."""
    import atheris

    modules = [f"dedup.{module}" for module in UNDER_TEST[name]]
    (home,) = find_spec("dedup").submodule_search_locations
    every = (path.relative_to(home).with_suffix("").parts for path in Path(home).rglob("*.py"))
    others = {".".join(("dedup", *parts)).removesuffix(".__init__") for parts in every} - set(modules)
    with atheris.instrument_imports(include=["dedup"], exclude=sorted(others), enable_loader_override=False):
        for module in modules:
            __import__(module)
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(CORPORA[name]):
            (Path(corpus) / str(number)).write_bytes(data)
        arguments = [
            sys.argv[0], f"-runs={runs}", f"-max_total_time={seconds:.0f}", f"-seed={seed}", f"-max_len={BYTES_MAX}",
            f"-artifact_prefix={finds}/{name}-", "-print_final_stats=1", "-rss_limit_mb=0", corpus,
        ]  # fmt: skip
        atheris.Setup(arguments, TARGETS[name])
        atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help=", ".join(TARGETS))
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3600.0, help="the longest for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--finds", type=Path, default=Path("finds"))
    parser.add_argument("--results", type=Path, help="a JSON file, to whose counts those of this run are added")
    parser.add_argument("--one", metavar="TARGET", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.finds.mkdir(exist_ok=True)
    if given.one:
        sys.argv = sys.argv[:1]
        _guided(given.one, given.runs, given.seconds, given.seed, given.finds)
        return
    failed = False
    print("| target | executions | finds |\n|---|---|---|")
    for name in given.targets or TARGETS:
        failed |= not _told(name, given)
    sys.exit(int(failed))


def _told(name: str, given: argparse.Namespace) -> bool:
    """Runs a target and tells of it; whether it found nothing."""
    try:
        import atheris  # noqa: F401
    except ImportError:
        count = without_guidance(name, given.runs, given.seconds, given.seed)
        print(f"| {name} (own mutation) | {count:,} | 0 |", flush=True)
        return True  # not among the results, which are those of guided runs
    own = [f"--{key}={getattr(given, key)}" for key in ("runs", "seconds", "seed", "finds")]
    arguments = [sys.executable, __file__, f"--one={name}", *own]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    counted = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    counted += [line.split()[1] for line in done.stderr.splitlines() if line.startswith("Done ")]
    count, finds = int((counted or ["0"])[0]), int(done.returncode != 0)
    print(f"| {name} | {count:,} | {finds} |", flush=True)
    if given.results:
        known = json.loads(given.results.read_text()) if given.results.exists() else {}
        own = known.setdefault(name, {"executions": 0, "finds": 0})
        known[name] = {"executions": own["executions"] + count, "finds": own["finds"] + finds}
        given.results.write_text(json.dumps(known, indent=1) + "\n")
    if done.returncode:
        print(done.stderr[-3000:], done.stdout[-3000:], file=sys.stderr)
    return not done.returncode


if __name__ == "__main__":
    main()
