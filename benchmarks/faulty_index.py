"""The commands that write an index, as entries of `faulty.COMMANDS`, and what must be in it after a fault.

What counts of an index are its documents, that it is whole (every byte is read and summed), and what it tells of them:
numbers of files and commits depend on how often it was begun. Batches are of three documents, and files are merged by
threes, so that a run of two dozen documents goes through commits, merges, rankings anew and rewriting.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import watched
from watched import Command, Ended, State, cli

HELD = ("IN/000.txt", "IN/001.txt", "IN/rows.jsonl")
REMOVED = ("000.txt", "r0", "r2", "r7")
"""More than a quarter of what is held: files are rewritten without them; r0 stands for another of the same words."""
OWN = "OUT/seen"
TELLING = ("--batch", "3", "--format", "jsonl")


def by_threes(*arguments: str) -> Callable[[Path], None]:
    """A command line of `dedup index` by a program that merges three files where it would wait for sixteen."""
    run = cli("index", *arguments)

    def merging(box: Path) -> None:
        from dedup.index import writing

        with patch.object(writing, "FANOUT", 3):
            run(box)

    return merging


def create(box: Path) -> None:
    """Makes the index, or goes on where it stands."""
    by_threes("add" if (box / "out" / "seen").exists() else "create", OWN, "IN", *TELLING)(box)


def remove(box: Path) -> None:
    """Removes what is there of what is to be removed."""
    import dedup

    left = [name for name in REMOVED if f"seen/document {name}" in seen(box)]
    with dedup.Index.open(box / "out" / "seen") as index:
        assert index.remove(left) == (len(left), [])


def made(box: Path) -> None:
    """An index of some of the sources."""
    done = watched.run(Command("", by_threes("create", OWN, *HELD, *TELLING), ()), box)
    assert done.status == 0, done.said


def seen(box: Path) -> State:
    """What an index holds and tells, and what is wrong with it; nothing if there is none."""
    if not (box / "out" / "seen").exists():
        return {}
    done = watched.run(Command("", look, ()), box)
    try:
        told = json.loads(done.said)
    except ValueError:
        return {"seen": f"cannot be read: {done.said[-500:]}".encode()}
    return {f"seen/{name}": value.encode() for name, value in told.items()}


def look(box: Path) -> None:
    import dedup

    with dedup.Index.open(box / "out" / "seen") as index:
        at = index.refreshed()
        documents = [at.stored.document(number) for number in at.living()]
        texts = [one.text.encode("utf-8", "surrogatepass") for one in documents]
        told = {f"document {one.id}": sha256(text).hexdigest() for one, text in zip(documents, texts, strict=True)}
        for pair in index.query_documents(documents).pairs:
            told[f"pair {pair.a} {pair.b}"] = f"{pair.relation} {pair.resemblance} {pair.containment_a}"
        for number, problem in enumerate(index.verify()):
            told[f"problem {number}"] = str(problem)
    print(json.dumps(told))


def orphans(box: Path) -> list[str]:
    """Files of the index that no manifest names: of a commit that was not made."""
    folder = box / "out" / "seen"
    path = folder / "manifest.json"
    named = path.read_text() if path.exists() else ""
    return [f"seen/{one.name}" for one in folder.glob("*-*") if f'"{one.name}"' not in named]


def documents(state: State) -> dict[str, bytes]:
    return {name: value for name, value in state.items() if name.startswith("seen/document ")}


def wrong_with(state: State) -> list[str]:
    """What is wrong with an index itself."""
    return [f"{name}: {value.decode()}" for name, value in state.items() if name == "seen" or "/problem " in name]


def lost_of_added(box: Path, done: Ended) -> list[str]:
    """What is wrong with the index, and documents that were told of and are not there."""
    commits = [json.loads(line) for line in done.said.splitlines() if line.startswith('{"record": "commit"')]
    told = sum(one["documents"] + one["already"] for one in commits)
    state = seen(box)
    there = len(documents(state))
    return wrong_with(state) + ([f"{told} were acknowledged, {there} are there"] if told > there else [])


def lost_of_removed(box: Path, done: Ended) -> list[str]:
    """What is wrong with the index, and documents that were told to be removed and are there."""
    state = seen(box)
    left = [name for name in REMOVED if f"seen/document {name}" in state]
    is_torn = len(left) not in (0, len(REMOVED))
    is_kept = " removed" in done.said and bool(left)
    return wrong_with(state) + (["removed in part"] if is_torn else []) + (["told to be removed"] if is_kept else [])


INDEX_COMMANDS = (
    Command("index create", by_threes("create", OWN, "IN", *TELLING), ("seen",),
            lost=lost_of_added, seen=seen, again=create, holds=True),
    Command("index add", by_threes("add", OWN, "IN", *TELLING), ("seen",), made,
            lost=lost_of_added, seen=seen, again=create, holds=True),
    Command("index remove", by_threes("remove", OWN, *REMOVED), ("seen",), made,
            lost=lost_of_removed, seen=seen, again=remove, holds=True),
)  # fmt: skip
