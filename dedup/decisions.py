"""What a person decided about findings becomes findings that obey it.

A decision is a line of a JSONL file, the last ones on top of the first:

- `{"decision": "keep", "id": X}`: of the cluster that X is in, X is kept. Its other members are compared with X itself;
  those that are no copies of X stay too.
- `{"decision": "apart", "ids": [...]}`: none of these is dropped for another of them.
- `{"decision": "reading", "id": X, "start", "stop", "before", "after", "witness"}`: in X, if it is kept, what stands at
  these characters becomes what the witness has there.
- `{"decision": "confirm", "ids": [...]}`: found right; changes nothing.
- `{"decision": "withdraw", "number": N}`: line N of the file (from 1) does not count.

`digests`, one for each document that is named, tell of which texts a decision was made. Decisions about documents that
are not in the corpus, and readings of a text that is another one now, are passed over; `remembered` tells of them.
"""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from dedup import figures, judge, leaning, mending, pipeline
from dedup.columns import Clusters, Pairs
from dedup.config import Config
from dedup.model import REUSE, Corpus, DedupError, Document, Edit
from dedup.pipeline import Findings
from dedup.read import raw_at

NAME_CHARACTERS_MAX = 4096
NAMES_MAX = 10_000
TEXT_CHARACTERS_MAX = 20_000
DIGEST_BYTES = 6
"""So that of a million texts that changed one may pass for what it was once in 280 million runs."""

I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decision:
    """One line: what was decided, about which documents; for a reading where and what; for a withdrawal which line.

    digests: of the documents' texts as they were decided about, or none where that is not known.
    """

    kind: str
    ids: tuple[str, ...] = ()
    span: tuple[int, int] = (0, 0)
    before: str = ""
    after: str = ""
    witness: str = ""
    number: int = 0
    digests: tuple[str, ...] = ()


def decision(found: object) -> Decision:
    """The decision in a record. Raises ValueError if it is none."""
    if not isinstance(found, dict):
        raise ValueError("is no record")
    one = _decision(found)
    digests = found.get("digests", [])
    if not isinstance(digests, list) or len(digests) not in (0, len(one.ids)):
        raise ValueError("has not one digest for each document")
    return replace(one, digests=tuple(_text(digest, 2 * DIGEST_BYTES) for digest in digests))


def _decision(found: Mapping[Any, Any]) -> Decision:
    kind = found.get("decision")
    if kind in ("apart", "confirm"):
        ids = found.get("ids")
        if not isinstance(ids, list) or not 2 <= len(ids) <= NAMES_MAX:
            raise ValueError("names no documents, or too many")
        return Decision(str(kind), tuple(_text(one, NAME_CHARACTERS_MAX) for one in ids))
    if kind == "keep":
        return Decision("keep", (_text(found.get("id"), NAME_CHARACTERS_MAX),))
    if kind == "withdraw":
        return Decision("withdraw", number=_number(found.get("number"), 1))
    if kind == "reading":
        start, stop = _number(found.get("start"), 0), _number(found.get("stop"), 0)
        before, after = (_text(found.get(name), TEXT_CHARACTERS_MAX) for name in ("before", "after"))
        if stop - start != len(before) or before == after:
            raise ValueError("is a reading of nothing")
        names = (_text(found.get(name), NAME_CHARACTERS_MAX) for name in ("id", "witness"))
        own, witness = names
        return Decision("reading", (own,), (start, stop), before, after, witness)
    raise ValueError("is no decision")


def record(one: Decision) -> dict[str, Any]:
    """A decision as it stands in the file."""
    return _record(one) | ({"digests": list(one.digests)} if one.digests else {})


def _record(one: Decision) -> dict[str, Any]:
    if one.kind in ("apart", "confirm"):
        return {"decision": one.kind, "ids": list(one.ids)}
    if one.kind == "keep":
        return {"decision": "keep", "id": one.ids[0]}
    if one.kind == "withdraw":
        return {"decision": "withdraw", "number": one.number}
    place = {"start": one.span[0], "stop": one.span[1]}
    return {"decision": "reading", "id": one.ids[0], **place, "before": one.before, "after": one.after,
            "witness": one.witness}  # fmt: skip


def _text(value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError("has no text where one is needed, or too long a one")
    return value


def _number(value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 53:
        raise ValueError("has no number where one is needed")
    return value


def read(path: str | Path) -> list[Decision]:
    """The decisions in a file, in order. Raises DedupError if it cannot be read or a line is none.

    What stands behind the last line end and is no JSON was cut off in mid-write, and never acknowledged: it is none.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DedupError(path, f"cannot be read ({error.strerror})", "name the file that dedup review wrote") from error
    except UnicodeDecodeError as error:
        raise DedupError(path, "is not UTF-8", "name the file that dedup review wrote") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found += [decision(json.loads(line))] if line.strip() else []
        except ValueError as error:
            if number == len(lines) and line.startswith("{") and isinstance(error, json.JSONDecodeError):
                break
            raise DedupError(path, f"line {number} is no decision", "mend it, or take it out") from error
    return found


def standing(every: Sequence[Decision]) -> list[Decision]:
    """The decisions that were not withdrawn, and none of the withdrawals."""
    return list(numbered(every).values())


def numbered(every: Sequence[Decision]) -> dict[int, Decision]:
    """The same by their numbers, from 1."""
    gone = {one.number for one in every if one.kind == "withdraw"}
    return {number: one for number, one in enumerate(every, 1) if number not in gone and one.kind != "withdraw"}


def digest(data: str | bytes) -> str:
    """What tells whether a text is still the one that was decided about."""
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return blake2b(raw, digest_size=DIGEST_BYTES).hexdigest()


def digest_at(corpus: Corpus, number: int) -> str:
    """The digest of a document, which is read again. Raises DedupError if its file was changed."""
    return digest(raw_at(corpus.source(number), corpus.locator(number), "").data)


def numbers_of(ids: Sequence[str], asked: Iterable[Decision]) -> dict[str, int]:
    """The documents that decisions name, as far as there are such, by id."""
    wanted = {name for one in asked for name in one.ids}
    return {name: number for number, name in enumerate(ids) if name in wanted} if wanted else {}


# --- clusters ----------------------------------------------------------------------------------------------------


def obeyed(findings: Findings, every: Sequence[Decision], config: Config) -> Findings:
    """The findings with clusters as it was decided: which is kept, and what is not merged."""
    asked = [one for one in standing(every) if one.kind in ("keep", "apart")]
    numbers = numbers_of(findings.corpus.ids, asked)
    groups = [findings.clusters.rows_of(cluster) for cluster in range(len(findings.clusters))]
    place = findings.clusters.numbers()
    pairs = findings.pairs.ordered()
    for one in asked:
        if one.kind == "keep" and one.ids[0] in numbers and place[numbers[one.ids[0]]] >= 0:
            cluster = int(place[numbers[one.ids[0]]])
            members = findings.clusters.rows_of(cluster)[:, 1]
            groups[cluster], pairs = _kept(numbers[one.ids[0]], members, findings.corpus, pairs, config)
    for one in asked:
        if one.kind == "apart":
            named = np.array([numbers[name] for name in one.ids if name in numbers], np.int64)
            for cluster in np.unique(place[named]):
                if cluster >= 0:
                    groups[cluster] = _apart(groups[cluster], named)
    groups = sorted((rows for rows in groups if len(rows) > 1), key=lambda rows: int(rows[:, 1].min()))
    rows = np.concatenate([np.zeros((0, 2), np.int64), *groups])
    starts = np.cumsum([0, *map(len, groups)]).astype(np.int64)
    made = replace(findings, clusters=Clusters(findings.corpus.ids, rows, starts), pairs=pairs)
    return replace(made, losing=pipeline.losing_sources(made, config))


def _kept(kept: int, members: I64s, corpus: Corpus, pairs: Pairs, config: Config) -> tuple[I64s, Pairs]:
    """The rows of a cluster in which another document is kept, and the pairs that were compared for that."""
    others = members[members != kept]
    both = np.sort(np.stack((np.full(len(others), kept), others), axis=1), axis=1)
    asked = both[pairs.rows(both) < 0]
    if len(asked):
        pairs = pairs.merged(_verified(asked, corpus, config))
    rows = pairs.rows(both)
    copies = others[(rows >= 0) & (pairs.relation[rows] != REUSE)]
    joined = np.sort(np.append(copies, kept))
    return np.stack((np.full(len(joined), kept), joined), axis=1), pairs


def _verified(asked: I64s, corpus: Corpus, config: Config) -> Pairs:
    """The findings on pairs (k, 2) of documents, compared word by word; in which order, their words decide."""
    entries = {
        number: pipeline.entry(pipeline.document_at(corpus, number), config) for number in np.unique(asked).tolist()
    }
    turned = np.array([pipeline.order(entries[b]) < pipeline.order(entries[a]) for a, b in asked.tolist()], bool)
    both = np.where(turned[:, None], asked[:, ::-1], asked)
    found = [figures.nothing(), *(pipeline.measured(entries[a], entries[b], config) for a, b in both.tolist())]
    made = judge.findings(corpus.ids, both, figures.joined(found), np.zeros((len(asked), 3), np.int64), config)
    made = made.turned(made.documents[:, 0] > made.documents[:, 1])
    numbers = judge.carded(made, config)
    made = judge.with_damage(made, numbers, mending.scores(corpus, numbers, config), config)
    rows = judge.unsure(made, config)
    return judge.with_leanings(made, rows, leaning.of_corpus(corpus, made.documents[rows], config), config)


def _apart(rows: I64s, named: I64s) -> I64s:
    """The rows of a cluster without the documents that must not give way to the kept one."""
    leaves = np.isin(rows[:, 0], named) & np.isin(rows[:, 1], named) & (rows[:, 0] != rows[:, 1])
    left: I64s = rows[~leaves]
    return left


# --- readings ----------------------------------------------------------------------------------------------------


def with_readings(findings: Findings, every: Sequence[Decision]) -> Findings:
    """The findings with the readings that were chosen put into the documents that are kept."""
    asked = [one for one in standing(every) if one.kind == "reading"]
    numbers = numbers_of(findings.corpus.ids, asked)
    stays = findings.clusters.kept() if numbers else np.zeros(0, np.int64)
    made: dict[int, Document] = {}
    notable = findings.corpus.notable
    for one in asked:
        number = numbers.get(one.ids[0], -1)
        if number < 0 or stays[number] != number:
            continue
        document = made.get(number) or notable.get(number) or pipeline.document_at(findings.corpus, number)
        if document.text[slice(*one.span)] == one.before:
            edit = Edit(one.span, one.before, one.after, "decision", witness=one.witness)
            others = tuple(other for other in document.repairs if not _meets(other, edit))
            made[number] = replace(document, repairs=tuple(sorted((*others, edit), key=lambda edit: edit.span)))
    joined: Mapping[int, Document] = ChainMap(made, cast(MutableMapping[int, Document], notable))
    return replace(findings, corpus=replace(findings.corpus, notable=joined)) if made else findings


def _meets(one: Edit, other: Edit) -> bool:
    """Whether two edits are at one place."""
    return (one.span[0] < other.span[1] and other.span[0] < one.span[1]) or one.span == other.span
