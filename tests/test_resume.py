"""A killed run goes on where it stopped, gives what it would have given, and takes nothing from another run."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import article, noised, spun

from dedup import pipeline
from dedup.bulk import read as bulk_read
from dedup.bulk import sketch as bulk_sketch
from dedup.cli import main
from dedup.config import Config
from dedup.engines import kept, work
from dedup.engines.store import Store
from dedup.model import DedupError, Document, Edit, Locator
from dedup.pipeline import Findings

PARTITION_BYTES, WORKERS = 20_000, 2
RUN = """
import os, signal, sys
from dedup import pipeline
from dedup.bulk import read, sketch
from dedup.cli import main
from dedup.engines import kept, local

log, ending, *arguments = sys.argv[1:]
read.PARTITION_BYTES, sketch.SAMPLE_BYTES = PARTITION_BYTES, 60_000
pipeline.is_bulk = lambda *_: True
local.workers_available = lambda: WORKERS
known = kept.read

def noted(path, columns):
    found = known(path, columns)
    if found is None:
        with open(log, "a") as lines:
            lines.write(f"{path.parent.name}/{path.name}\\n")
    return found

kept.read = noted
if ending == "writing":
    from dedup.report import records
    records.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(arguments)
""".replace("PARTITION_BYTES, 60", f"{PARTITION_BYTES}, 60").replace("WORKERS\n", f"{WORKERS}\n")


def texts(count: int) -> dict[str, str]:
    """Articles, and copies of many of them."""
    found: dict[str, str] = {}
    for seed in range(count):
        text = article(seed, 6 + seed % 5)
        found[f"{seed:03}-own"] = text
        found |= {f"{seed:03}-spun": spun(text, seed)} if seed % 3 == 0 else {}
        found |= {f"{seed:03}-scan": noised(text, seed, 0.1)} if seed % 4 == 1 else {}
        found |= {f"{seed:03}-twin": text} if seed % 5 == 2 else {}
    return found


def jsonl(path: Path, count: int = 40) -> Path:
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in texts(count).items()))
    return path


def started(corpus: Path, out: Path, folder: Path, log: Path, ending: str = "") -> subprocess.Popen[bytes]:
    """`dedup clean` on small partitions; every stage that begins on an item is noted in the log."""
    command = [sys.executable, "-c", RUN, log, ending, "clean", corpus, "-o", out, "--work", folder]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(run: subprocess.Popen[bytes]) -> None:
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors.decode()


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def results(folder: Path) -> list[Path]:
    """What is kept, in the order in which it was made."""
    found = [path for path in folder.glob("*/*") if not path.name.endswith(kept.PARTIAL)]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], int]:
    """A corpus, what `clean` makes of it undisturbed, and how many items its stages have."""
    folder = tmp_path_factory.mktemp("whole")
    corpus = jsonl(folder / "rows.jsonl")
    finished(started(corpus, folder / "out", folder / "work", folder / "log"))
    assert not (folder / "work").exists(), "a work folder outlived its run"

    return corpus, tree(folder / "out"), len((folder / "log").read_text().splitlines())


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_any_instant_the_next_run_gives_the_same(
    seed: int, whole: tuple[Path, dict[str, bytes], int], tmp_path: Path
) -> None:
    corpus, expected, items = whole
    random = Random(seed)
    at, folder, log = random.randrange(items), tmp_path / "work", tmp_path / "log"
    run = started(corpus, tmp_path / "out", folder, log)
    while run.poll() is None and len(results(folder)) < at:
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.02))
    run.kill()
    run.communicate()
    is_late = (tmp_path / "out").exists()  # and whole, since it has its name
    if not is_late:
        finished(started(corpus, tmp_path / "out", folder, log))
    assert tree(tmp_path / "out") == expected
    again = Counter(log.read_text().splitlines())
    assert sum(again.values()) - len(again) <= WORKERS
    assert len(again) == items
    assert is_late or not folder.exists()


def test_killed_while_it_writes_it_makes_nothing_again(
    whole: tuple[Path, dict[str, bytes], int], tmp_path: Path
) -> None:
    corpus, expected, items = whole
    run = started(corpus, tmp_path / "out", tmp_path / "work", tmp_path / "log", "writing")
    run.communicate(timeout=120)
    assert run.returncode == -signal.SIGKILL
    assert len((tmp_path / "log").read_text().splitlines()) == items
    (tmp_path / "log").unlink()
    finished(started(corpus, tmp_path / "out", tmp_path / "work", tmp_path / "log"))
    assert tree(tmp_path / "out") == expected
    assert not (tmp_path / "log").exists(), "a stage began again"


def test_a_full_disk_is_told_and_gone_on_from(whole: tuple[Path, dict[str, bytes], int], tmp_path: Path) -> None:
    corpus, expected, _ = whole
    command = [sys.executable, "-c", RUN, tmp_path / "log", "", "clean", corpus, "-o", tmp_path / "out"]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    run = subprocess.run(
        [*command, "--work", tmp_path / "work"], capture_output=True, text=True, preexec_fn=limited, check=False
    )
    assert run.returncode == 1
    assert "cannot keep what is finished (File too large); make room there, and run the command again" in run.stderr
    assert not (tmp_path / "out").exists()
    assert all(kept.read(path, Store(1 << 20)) for path in results(tmp_path / "work"))
    finished(started(corpus, tmp_path / "out", tmp_path / "work", tmp_path / "log"))
    assert tree(tmp_path / "out") == expected


# --- in this process -------------------------------------------------------------------------------------------


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The options of a run that has ended without being done: its work folder is `work`, its corpus `rows.jsonl`."""
    monkeypatch.setattr(bulk_read, "PARTITION_BYTES", PARTITION_BYTES)
    monkeypatch.setattr(bulk_sketch, "SAMPLE_BYTES", 60_000)
    config = Config(bulk_bytes_min=0, workers=1, work=tmp_path / "work")
    jsonl(tmp_path / "rows.jsonl", 20)
    with pipeline.find_duplicates(tmp_path / "rows.jsonl", config):
        pass
    return config


def state(found: Findings) -> tuple[object, ...]:
    return list(found.corpus.ids), found.corpus.words.tolist(), found.pairs, found.clusters, found.compared[:].tolist()


def rerun(tmp_path: Path, config: Config) -> Findings:
    with pipeline.find_duplicates(tmp_path / "rows.jsonl", config) as found:
        return found


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of results that are written."""
    names: list[str] = []
    writing = kept.write

    def noted(path: Path, *rest: Any) -> None:
        names.append(f"{path.parent.name}/{path.name}")
        writing(path, *rest)

    monkeypatch.setattr(kept, "write", noted)
    return names


def test_what_is_kept_gives_the_findings_of_a_run_without(tmp_path: Path, begun: Config, made: list[str]) -> None:
    expected = state(rerun(tmp_path, replace(begun, work=None)))
    assert state(rerun(tmp_path, begun)) == expected
    assert not made
    assert results(tmp_path / "work")


@pytest.mark.parametrize(
    "changed", [{"workers": 3}, {"memory_bytes": 20_000_000}, {"workers": 2, "memory_bytes": 1 << 33}]
)
def test_more_memory_or_workers_go_on_with_the_same(
    changed: dict[str, Any], tmp_path: Path, begun: Config, made: list[str]
) -> None:
    assert state(rerun(tmp_path, replace(begun, **changed))) == state(rerun(tmp_path, replace(begun, work=None)))
    assert not {name for name in made if name.startswith(("sketches", "sample", "pairs"))}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"threshold": 0.8}, "threshold 0.7, and now that is 0.8"),
        ({"text_column": "body"}, "text_column 'text', and now that is 'body'"),
        ({"damage_weight": 3.0}, "damage_weight 0.0, and now that is 3.0"),
    ],
)
def test_other_options_are_refused(changed: dict[str, Any], told: str, tmp_path: Path, begun: Config) -> None:
    before = tree(tmp_path / "work")
    with pytest.raises(DedupError, match=told) as refused:
        rerun(tmp_path, replace(begun, **changed))
    assert "name another folder for this run, or remove that one" in refused.value.remedy
    assert tree(tmp_path / "work") == before


def test_another_version_of_the_program_is_refused(
    tmp_path: Path, begun: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedup.bulk.run.version", lambda _: "9.9")
    with pytest.raises(DedupError, match=r"program '.*', and now that is '9\.9'"):
        rerun(tmp_path, begun)


def appended(path: Path) -> None:
    with path.open("a") as file:
        file.write('{"id": "new", "text": "one more record"}\n')


def touched(path: Path) -> None:
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize("change", [appended, touched])
def test_changed_input_is_refused(change: Callable[[Path], None], tmp_path: Path, begun: Config) -> None:
    change(tmp_path / "rows.jsonl")
    with pytest.raises(DedupError, match=r"other input: .*rows\.jsonl is another now; put the input back, or"):
        rerun(tmp_path, begun)


def test_files_more_or_less_are_refused(tmp_path: Path, begun: Config) -> None:
    more = jsonl(tmp_path / "more.jsonl", 3)
    with pytest.raises(DedupError, match=r"more\.jsonl was not there"):
        pipeline.find_duplicates([tmp_path / "rows.jsonl", more], begun)
    both = replace(begun, work=tmp_path / "both")
    pipeline.find_duplicates([tmp_path / "rows.jsonl", more], both)
    with pytest.raises(DedupError, match=r"more\.jsonl is not there any more"):
        rerun(tmp_path, both)


def test_what_is_packed_is_known_by_what_it_came_in(tmp_path: Path, begun: Config, made: list[str]) -> None:
    import gzip

    path, config = tmp_path / "rows.jsonl.gz", replace(begun, work=tmp_path / "packed")
    path.write_bytes(gzip.compress((tmp_path / "rows.jsonl").read_bytes()))
    found = [state(pipeline.find_duplicates(path, config)) for _ in range(2)]
    assert found[0] == found[1]
    assert len(made) == len(set(made)), "a stage began again"
    touched(path)
    with pytest.raises(DedupError, match="is another now"):
        pipeline.find_duplicates(path, config)


def flipped(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def of_another_format(data: bytes, random: Random) -> bytes:
    return b"dedup kept 0\n" + data[len(kept.FORMAT) :]


def crafted(data: bytes, random: Random) -> bytes:
    """With the right checksum, and a record that is none of a result: a module of the program, a name in it, a word."""
    tree = json.dumps(["record", "dedup.engines.kept", "os.mkdir", "shouted"]).encode()
    body = np.array([1, len(tree)], np.int64).tobytes() + tree + bytes(-len(tree) % kept.ALIGNED_BYTES)
    return kept.FORMAT + sha256(body).digest() + body


@pytest.mark.parametrize("spoilt", [flipped, cut, of_another_format, crafted])
def test_a_spoilt_file_is_made_again(
    spoilt: Callable[[bytes, Random], bytes],
    tmp_path: Path,
    begun: Config,
    made: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    random = Random(1)
    expected = state(rerun(tmp_path, begun))
    chosen = [
        random.choice(sorted(stage.iterdir())) for stage in sorted((tmp_path / "work").iterdir()) if stage.is_dir()
    ]
    for path in chosen:
        path.write_bytes(spoilt(path.read_bytes(), random))
    assert state(rerun(tmp_path, begun)) == expected
    assert sorted(made) == sorted(f"{path.parent.name}/{path.name}" for path in chosen)
    assert not (tmp_path / "shouted").exists()


def test_two_runs_at_once_are_refused(tmp_path: Path, begun: Config) -> None:
    with (
        pipeline.find_duplicates(tmp_path / "rows.jsonl", begun),
        pytest.raises(DedupError, match="is in use by a run that has not ended; wait until it has ended"),
    ):
        rerun(tmp_path, begun)
    rerun(tmp_path, begun)


def test_done_removes_the_folder(tmp_path: Path, begun: Config) -> None:
    rerun(tmp_path, begun).done()
    assert not (tmp_path / "work").exists()


def test_a_folder_that_is_none_of_its_own_is_left_alone(tmp_path: Path, begun: Config) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("mine")
    with pytest.raises(DedupError, match="is neither empty nor a work folder; name a new folder"):
        rerun(tmp_path, replace(begun, work=mine))
    assert tree(mine) == {"letter.txt": b"mine"}


def test_half_a_beginning_is_begun_anew(tmp_path: Path, begun: Config) -> None:
    (tmp_path / "work" / work.RUN).unlink()
    expected = state(rerun(tmp_path, replace(begun, work=None)))
    assert state(rerun(tmp_path, replace(begun, threshold=0.8))) != ()
    (tmp_path / "work" / work.RUN).unlink()
    assert state(rerun(tmp_path, begun)) == expected


def test_a_folder_that_tells_of_no_run_is_refused(tmp_path: Path, begun: Config) -> None:
    (tmp_path / "work" / work.RUN).write_text("{")
    with pytest.raises(DedupError, match="does not tell what run it is of"):
        rerun(tmp_path, begun)


def test_where_nothing_can_be_written_that_is_told(tmp_path: Path, begun: Config) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DedupError, match=r"cannot be used for work \(.*\); name a folder that you may write to"):
        rerun(tmp_path, replace(begun, work=tmp_path / "file" / "work"))
    sealed = tmp_path / "sealed"
    sealed.mkdir(mode=0o500)
    if os.geteuid():
        with pytest.raises(DedupError, match=r"cannot be used for work \(Permission denied\)"):
            rerun(tmp_path, replace(begun, work=sealed / "work"))


def test_a_work_folder_in_a_source_or_the_output_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("some words")
    source, out = str(tmp_path / "in"), str(tmp_path / "out")
    for command in (["scan", source], ["report", source, "-o", out], ["clean", source, "-o", out]):
        done = CliRunner().invoke(main, [*command, "--work", f"{source}/work"])
        assert done.exit_code == 1
        assert "lies within the source" in done.output
    for folder in (f"{out}/work", str(tmp_path)):
        done = CliRunner().invoke(main, ["clean", source, "-o", out, "--work", folder])
        assert done.exit_code == 1
        assert not (tmp_path / "out").exists()


def test_a_small_corpus_keeps_nothing(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", 3)
    done = CliRunner().invoke(main, ["scan", str(path), "--work", str(tmp_path / "work")])
    assert done.exit_code == 0
    assert not (tmp_path / "work").exists()


# --- files -----------------------------------------------------------------------------------------------------

ARRAYS = st.sampled_from([np.uint8, np.uint32, np.int64, np.float64]).flatmap(
    lambda kind: st.lists(st.integers(0, 200), max_size=20).map(lambda values: np.array(values, kind))
)


@settings(max_examples=50, deadline=None)
@given(st.lists(ARRAYS, max_size=5), st.booleans(), st.text(max_size=9))
def test_a_result_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, arrays: list[Any], narrow: bool, text: str
) -> None:
    path = tmp_path_factory.mktemp("kept") / "0"
    document = Document("a", Locator("b", 1, 2), text, repairs=(Edit((0, 1), "x", text, "y", evidence={"z": 0.5}),))
    with Store(0 if narrow else 1 << 20) as one, Store(1 << 20) as other:
        kept.write(path, (arrays, [one.put(array) for array in arrays], document, DedupError("p", "q", "r")), one)
        (found,) = kept.read(path, other) or (None,)
        assert found
        read, blocks, told, problem = found
        for array, own, block in zip(arrays, read, blocks, strict=True):
            assert own.dtype == array.dtype == other.whole(block).dtype
            assert own.tolist() == array.tolist() == other.whole(block).tolist()
            assert own.flags.writeable, "kernels would be compiled anew for it"
        assert told == document
        assert str(problem) == "p: q; r"
