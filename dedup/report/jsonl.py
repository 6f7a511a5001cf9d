"""Findings become JSON Lines, in a stable order; the contract of every command's `--format jsonl`.

docs/formats.md describes each record. Text that cannot be written as UTF-8 (a lone surrogate, as in a file name of
broken bytes) is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from dedup.conjecture import Suspect
from dedup.damage import FLAG_LEVEL, KINDS, Kind, encoding
from dedup.explain import Explanation
from dedup.ledger import substitutions
from dedup.ledgers import record as substitution_record
from dedup.meeting import Channel
from dedup.model import RELATIONS, Collation, DedupError, Document, Edit, Loss, Pair, Restoration, Span
from dedup.pipeline import Findings

Record = Mapping[str, Any]


def line(record: Record) -> str:
    """A record on one line, with its newline."""
    text = json.dumps(record, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = json.dumps(record)
    return text + "\n"


def scan(findings: Findings) -> Iterator[Record]:
    """Documents, pairs, clusters, and last a summary."""
    yield from document_records(findings)
    yield from map(pair_record, findings.pairs)
    for cluster in findings.clusters:
        yield {"record": "cluster", "id": cluster.id, "canonical": cluster.canonical, "members": list(cluster.members)}
    yield summary(findings)


def document_records(findings: Findings) -> Iterator[Record]:
    columns = zip(findings.clusters.numbers().tolist(), findings.clusters.kept().tolist(), strict=True)
    for (number, name), (cluster, canonical) in zip(enumerate(findings.corpus.ids), columns, strict=True):
        yield _document_record(findings, number, name, cluster, canonical)


def _document_record(findings: Findings, number: int, name: str, cluster: int, canonical: int) -> Record:
    corpus = findings.corpus
    return {
        "record": "document",
        "id": name,
        "words": int(corpus.words[number]),
        "status": "unique" if cluster < 0 else "canonical" if canonical == number else "duplicate",
        "cluster": cluster if cluster >= 0 else None,
        "canonical": corpus.ids[canonical] if cluster >= 0 else None,
        "damage": _damage(findings, number),
    }


def _damage(findings: Findings, number: int) -> Record:
    """The scores of a document's card; where it was not made, that of its encoding, as far as reading told."""
    if findings.damage is not None:
        return dict(zip(KINDS, findings.damage[number].tolist(), strict=True))
    document = findings.corpus.notable.get(number)
    return {"encoding": round(encoding.detect(document).score, 3) if document else 0.0}


def pair_record(pair: Pair) -> Record:
    return {
        "record": "pair",
        "a": pair.a,
        "b": pair.b,
        "relation": pair.relation,
        "resemblance": pair.resemblance,
        "containment_a": pair.containment_a,
        "containment_b": pair.containment_b,
        "cleaner": pair.cleaner,
        "confidence": pair.confidence,
        "substitutions": pair.substitutions,
        "evidence": dict(pair.evidence),
    }


def summary(findings: Findings) -> Record:
    codes, counts = np.unique(findings.pairs.relation, return_counts=True)
    relations = {RELATIONS[code]: count for code, count in zip(codes.tolist(), counts.tolist(), strict=True)}
    return {
        "record": "summary",
        "documents": len(findings.corpus),
        "words": int(findings.corpus.words.sum()),
        "clusters": len(findings.clusters),
        "duplicates": len(findings.clusters.given_way()),
        "pairs": dict(sorted(relations.items())),
        "candidates": findings.candidates,
        "capped_buckets": dict(findings.capped),
        "unasked_pairs": findings.unasked,
        "memory_bytes": findings.memory_bytes,
        "losing_sources": [loss_record(loss) for loss in findings.losing],
        "damage": flagged(findings),
        "decisions": len(findings.decided),
        "unreadable": [problem_record(problem) for problem in findings.problems],
    }


def flagged(findings: Findings) -> Mapping[Kind, int]:
    """How many documents have each kind of damage, by those cards that were made."""
    if findings.damage is None:
        return {}
    counts = (findings.damage >= FLAG_LEVEL).sum(0).tolist()
    return dict(zip(KINDS, counts, strict=True))


def loss_record(loss: Loss) -> Record:
    """A source of which too much would be dropped."""
    share = round(loss.share, 6)
    return {"source": loss.source, "documents": loss.documents, "dropped": loss.dropped, "share": share}


def problem_record(problem: DedupError) -> Record:
    return {"path": problem.path, "problem": problem.problem, "remedy": problem.remedy}


def diff(found: Collation) -> Iterator[Record]:
    """Loci in document order, the ledger, and last a summary."""
    kinds: dict[str, int] = {}
    for locus in found.loci:
        kinds[locus.kind] = kinds.get(locus.kind, 0) + 1
        yield {
            "record": "locus",
            "kind": locus.kind,
            "a": _side(locus.span_a, locus.text_a),
            "b": _side(locus.span_b, locus.text_b),
        }
    yield from map(substitution_record, substitutions([found]))
    yield {
        "record": "summary",
        "a": found.compared.a.id,
        "b": found.compared.b.id,
        "words_a": len(found.compared.tokens_a),
        "words_b": len(found.compared.tokens_b),
        "resemblance": round(found.compared.resemblance, 6),
        "loci": dict(sorted(kinds.items())),
    }


def _side(span: Span, text: str) -> Record:
    return {"start": span[0], "stop": span[1], "text": text}


def explanation(found: Explanation) -> Iterator[Record]:
    """Both documents, how they met, what they share, the rules, the direction, the rounds, and last a summary."""
    corpus, clusters = found.findings.corpus, found.findings.clusters
    numbers, kept = clusters.numbers(), clusters.kept()
    names = {"a": corpus.ids[found.a], "b": corpus.ids[found.b]}
    for number, name in zip((found.a, found.b), names.values(), strict=True):
        yield _document_record(found.findings, number, name, int(numbers[number]), int(kept[number]))
    yield from map(_channel_record, found.channels)
    yield {
        "record": "comparison",
        **names,
        "figures": {name: round(value, 6) for name, value in found.figures.items()},
        "passages": [{"a": one[0:2], "b": one[2:4], "equal_words": one[4]} for one in found.passages.tolist()],
    }
    for a, b, often in found.replaced:
        yield {"record": "substitution", "a": a, "b": b, "count": often}
    for number, step in enumerate(found.steps, 1):
        asked = [{**asdict(one), "value": round(one.value, 6)} for one in step.asked]
        told = {"number": number, "rule": step.told, "relation": step.relation, "holds": step.holds}
        yield {"record": "rule", **told, "asked": asked}
    if found.pair:
        yield pair_record(found.pair)
    yield {
        "record": "direction",
        "parts": {name: round(part, 3) for name, part in found.direction.parts.items()},
        "log_odds": round(found.direction.log_odds, 3),
        "probability": round(found.direction.probability, 6),
        "cleaner": found.pair.cleaner if found.pair else None,
        "undecided": found.direction.undecided or None,
    }
    for one in found.rounds:
        members = [{**asdict(member), "standing": round(member.standing, 6)} for member in one.members]
        yield {"record": "round", "number": one.number, "linked": one.linked, "members": members}
    yield {
        "record": "summary",
        **names,
        "relation": found.pair.relation if found.pair else None,
        "candidate": found.was_candidate,
        "compared": found.was_compared,
        "capped_buckets": dict(found.findings.capped),
        "unreadable": [problem_record(problem) for problem in found.findings.problems],
    }


def _channel_record(one: Channel) -> Record:
    counts = {"shared": one.shared, "of_a": one.of_a, "of_b": one.of_b, "needed": one.needed}
    own: dict[str, Any] = {}
    if one.name == "bands":
        own = {"bands": list(one.bands)}
    elif one.name == "terms":
        own = {"words": [{"word": word, "documents": documents} for word, documents in one.words]}
    else:
        own = {"furniture": one.furniture}
    return {"record": "channel", "channel": one.name, **counts, **own}


def edit_record(edit: Edit) -> Record:
    """One edit: applying all of them in order to the original text gives the restored one."""
    return {
        "record": "edit",
        "start": edit.span[0],
        "stop": edit.span[1],
        "before": edit.before,
        "after": edit.after,
        "cause": edit.cause,
        "witness": edit.witness,
        "witness_start": edit.witness_span[0] if edit.witness_span else None,
        "witness_stop": edit.witness_span[1] if edit.witness_span else None,
        "others": [{"witness": name, "start": start, "stop": stop} for name, (start, stop) in edit.others],
        "entry": substitution_record(edit.entry) if edit.entry else None,
        "confidence": edit.confidence,
        "evidence": dict(edit.evidence),
    }


def edit_of(document: Document, edit: Edit) -> Record:
    """One edit with what is needed to take it back: which document it is of, and how that was encoded."""
    return {"id": document.id, "encoding": document.decoding, **edit_record(edit)}


def restoration(restored: Restoration, suspects: Sequence[Suspect] = ()) -> Iterator[Record]:
    """The edits in order, what in the restored text a ledger suspects, and last a summary with that text."""
    yield from map(edit_record, restored.edits)
    for one in suspects:
        (start, stop), entry = one.span, substitution_record(one.origin.entry)
        told = {"start": start, "stop": stop, "text": restored.text[start:stop], "origin": " ".join(one.origin.words)}
        yield {"record": "suspect", **told, "entry": entry, "confidence": one.confidence}
    yield {
        "record": "summary",
        "id": restored.document.id,
        "edits": len(restored.edits),
        "witnesses": sorted({edit.witness for edit in restored.edits if edit.witness}),
        "text": restored.text,
    }


def balance(findings: Findings, counts: Mapping[str, int]) -> Record:
    """How many documents `clean` kept, restored and dropped, and what was not read."""
    return {
        "record": "summary",
        "documents": len(findings.corpus),
        **counts,
        "losing_sources": [loss_record(loss) for loss in findings.losing],
        "unreadable": [problem_record(problem) for problem in findings.problems],
    }
