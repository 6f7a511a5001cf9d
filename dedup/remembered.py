"""Findings and a file of decisions become findings that obey, and what is to be told of that.

1. The decisions that were not withdrawn are held against the documents: is each that they name there, and its text the
   one that was decided about? A decision of which that is not so is told by its line, and not obeyed, but for `apart`:
   documents that are apart are all kept, which loses nothing, so what is there of it counts.
2. The others are obeyed (`decisions.obeyed`), and the findings have them under `decided`.

Limits: a decision that was written down without digests is held to be about the text that is there. Of what was not
obeyed TOLD_MAX lines are told one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dedup import decisions, pipeline
from dedup.config import Config
from dedup.decisions import Decision
from dedup.model import DedupError
from dedup.pipeline import Findings

TOLD_MAX = 20


@dataclass(frozen=True, slots=True)
class Remembered:
    """Findings that obey, the decisions that they obey (readings, which only texts do, among them), and notes."""

    findings: Findings
    decided: tuple[Decision, ...]
    notes: tuple[str, ...]


def beside(results: Path) -> Path:
    """Where the decisions about results are: beside them, under their name."""
    name = results.stem if results.suffix.lower() in (".html", ".htm", ".jsonl", ".txt") else results.name
    return results.with_name(f"{name}.decisions.jsonl")


def remembered(findings: Findings, file: Path, config: Config) -> Remembered:
    """The findings as it was decided. Raises DedupError if the file cannot be read, or a line is no decision."""
    every = decisions.numbered(decisions.read(file))
    numbers = decisions.numbers_of(findings.corpus.ids, every.values())
    kept = findings.clusters.kept()
    obeyed, stale = [], []
    for line, one in every.items():
        wrong = [*_gone(one, numbers), *_changed(one, numbers, findings)]
        if wrong and one.kind != "apart":
            stale.append(f"{file}, line {line} ({one.kind}): {'; '.join(wrong)}; not obeyed")
        else:
            obeyed.append((line, one))
            if wrong:
                stale.append(f"{file}, line {line} (apart): {'; '.join(wrong)}; the others stay as decided")
    made = decisions.obeyed(findings, [one for _, one in obeyed], config)
    made = replace(made, decided=tuple(decisions.record(one) for _, one in obeyed))
    kept = made.clusters.kept()
    idle = [
        f"{file}, line {line} (reading): {one.ids[0]} is not kept; its reading changes nothing"
        for line, one in obeyed
        if one.kind == "reading" and kept[numbers[one.ids[0]]] not in (-1, numbers[one.ids[0]])
    ]
    return Remembered(made, tuple(one for _, one in obeyed), tuple(_notes(file, len(obeyed), stale + idle)))


def _notes(file: Path, obeyed: int, others: list[str]) -> Iterator[str]:
    yield f"{obeyed:,} {'decision' if obeyed == 1 else 'decisions'} of {file} obeyed"
    yield from others[:TOLD_MAX]
    if len(others) > TOLD_MAX:
        yield f"and {len(others) - TOLD_MAX:,} more; dedup report and dedup review show the clusters as they are now"


def _gone(one: Decision, numbers: Mapping[str, int]) -> Iterator[str]:
    gone = [name for name in one.ids if name not in numbers]
    if gone:
        more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
        yield f"{gone[0]}{more} not among the documents"


def _changed(one: Decision, numbers: Mapping[str, int], findings: Findings) -> Iterator[str]:
    """The documents whose texts were changed since they were decided about; of a reading, at its place."""
    if one.kind == "reading" and one.ids[0] in numbers:
        try:
            text = pipeline.document_at(findings.corpus, numbers[one.ids[0]]).text
        except DedupError:
            return
        if text[slice(*one.span)] != one.before:
            yield f"{one.ids[0]} has another text there now"
        return
    for name, digest in zip(one.ids, one.digests, strict=False):
        if name in numbers and decisions.digest_at(findings.corpus, numbers[name]) != digest:
            yield f"{name} was changed since"
