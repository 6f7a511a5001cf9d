"""Findings become text for people: each cluster with the copy to keep and why, and the passages that are shared."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dedup.columns import Pairs
from dedup.model import REUSE, Cluster, Pair
from dedup.pipeline import Findings, document_at
from dedup.report import check
from dedup.report.jsonl import flagged
from dedup.report.wording import REASONS, count, losses, printable, shortened

REUSE_SHOWN = 100
CLUSTERS_SHOWN = 100
"""Pairs with shared passages, and clusters, that are printed; the records hold all."""


def scan(findings: Findings) -> RenderableType:
    """What a scan found: a line of totals, each cluster with why, the shared passages, what could not be read."""
    corpus = findings.corpus
    clusters = findings.clusters
    copies = len(clusters.given_way())
    head = Text.assemble(
        (f"{count(len(corpus), 'document')}, {count(int(corpus.words.sum()), 'word')}: ", ""),
        (f"{count(len(clusters), 'cluster')}, {count(copies, 'copy', 'copies')} to drop", "bold"),
        f" ({count(findings.candidates, 'pair')} compared)",
    )
    parts: list[RenderableType] = [head]
    if findings.decided:
        parts.append(Text(f"{count(len(findings.decided), 'decision')} obeyed", "dim"))
    flags = flagged(findings)
    if any(flags.values()):
        parts += [Text(), check.by_kind(flags, len(corpus)), Text("what and where: dedup check", "dim")]
    for cluster in islice(clusters, CLUSTERS_SHOWN):
        parts += [Text(), _cluster(cluster, findings)]
    if len(clusters) > CLUSTERS_SHOWN:
        parts += [
            Text(),
            Text(f"and {len(clusters) - CLUSTERS_SHOWN:,} more clusters (--format jsonl lists all)", "dim"),
        ]
    rows = np.flatnonzero(findings.pairs.relation == REUSE)
    if len(rows):
        reused = findings.pairs.taken(rows[:REUSE_SHOWN])
        parts += [Text(), Text("Shared passages, not copies of each other", "bold")]
        first = reused.documents[:, 0].tolist()
        texts = {number: document_at(corpus, number).text for number in set(first)}
        shown = zip(first, reused, strict=True)
        given = {corpus.ids[copy]: corpus.ids[kept] for kept, copy in clusters.given_way().tolist()}
        parts += [Padding(_reuse(pair, texts[number], given), (0, 0, 0, 2), expand=False) for number, pair in shown]
        if len(rows) > REUSE_SHOWN:
            parts.append(Text(f"  and {len(rows) - REUSE_SHOWN:,} more (--format jsonl lists all)", "dim"))
    for channel, number in findings.capped.items():
        parts.append(
            Text(f"{count(number, 'bucket')} of the {channel} channel held too many documents for all pairs", "yellow")
        )
    if findings.unasked:
        told = f"{count(findings.unasked, 'unsure pair')} in families too large, or too many, to be asked"
        parts.append(Text(f"{told}: neither slips nor cards chose the copy to keep there", "yellow"))
    if unread := sum(_unread(part) for _, part in findings.pairs.stretches()):
        told = f"{count(unread, 'pair')} in a language without word lists (all but English)"
        parts.append(Text(f"{told}: rare words by this corpus's own counts, and none is called spun", "yellow"))
    parts += [Text(told, "yellow") for told in losses(findings.losing)]
    if findings.memory_bytes:
        parts.append(Text(f"Candidates were sought within {findings.memory_bytes / 1e6:,.0f} MB (--memory)", "dim"))
    return Group(*parts)


def _unread(pairs: Pairs) -> int:
    """How many pairs have words that face each other, neither names nor numbers alone, of which nothing is known."""
    figures = pairs.figures
    return int(((figures["substitutions"] > 0) & (figures["common_share"] > 0) & (figures["strength"] == 0)).sum())


def _cluster(cluster: Cluster, findings: Findings) -> RenderableType:
    """The kept document, then each that gives way to it, with how much of it is found there and why."""
    words = findings.corpus.words
    rows = findings.clusters.rows_of(cluster.id)
    kept = int(rows[0, 0])
    decided = any(one["decision"] == "keep" and one["id"] == cluster.canonical for one in findings.decided)
    told = f"  {count(int(words[kept]), 'word')}{', as you decided' if decided else ''}"
    lines: list[RenderableType] = [
        Text(f"Cluster {cluster.id + 1}: one text in {len(cluster.members)} documents", "bold"),
        _member("keep", "bold green", cluster.canonical, told),
    ]
    for name, (_, number), row in zip(cluster.members, rows.tolist(), findings.pairs.rows(rows).tolist(), strict=True):
        if number != kept:
            pair = findings.pairs[row]
            share = pair.containment_a if pair.a == name else pair.containment_b
            figures = f"{share:.0%} of its words stand in the kept one, {count(pair.substitutions, 'word')} replaced"
            length = count(int(words[number]), "word")
            lines += [
                _member("drop", "bold red", name, f"  {length}"),
                _under(Text.assemble((pair.relation, "bold"), f": {_MEANING[pair.relation]}; {figures}")),
                _under(_evidence(pair)),
            ]
    return Group(*lines)


def _member(fate: str, style: str, name: str, told: str) -> RenderableType:
    """A document of a cluster; what is too long for a line goes on below its name."""
    line = Table.grid(padding=(0, 2))
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(fate, style), Text.assemble(printable(name), (told, "dim")))
    return Padding(line, (0, 0, 0, 2), expand=False)


def _under(text: Text) -> RenderableType:
    return Padding(text, (0, 0, 0, 8), expand=False)


_MEANING = {
    "exact": "the same but for case and spacing",
    "near": "lightly edited",
    "spun": "words replaced throughout",
    "damaged": "letters garbled",
    "excerpt": "a part of the kept one",
}


def _evidence(pair: Pair) -> Text:
    """Which copy is the cleaner and why, in words."""
    if pair.relation == "exact":
        return Text("neither is cleaner: their words are the same", "dim")
    direction = pair.evidence["direction"]
    assert isinstance(direction, dict)
    if not pair.cleaner:
        return Text("nothing tells which has the original readings", "dim")
    sign = 1 if pair.cleaner == pair.a else -1
    reasons = [
        f"{text} ({sign * direction.get(name, 0.0):+.1f})"
        for name, text in REASONS.items()
        if sign * direction.get(name, 0.0) > 0
    ]
    sure = "over 99.9 %" if pair.confidence > 0.999 else f"{pair.confidence:.1%}"
    return Text(f"{printable(pair.cleaner)} is the cleaner ({sure} sure; log-odds): {', '.join(reasons)}", "dim")


def _reuse(pair: Pair, text_a: str, given: Mapping[str, str]) -> RenderableType:
    """The passages of a pair; and of what its documents are copies, since that may be why they share them."""
    lines: list[RenderableType] = [Text(f"{printable(pair.a)}  –  {printable(pair.b)}")]
    for name in (pair.a, pair.b):
        if name in given:
            copy = f"{printable(name)} is a copy of {printable(given[name])}"
            lines.append(Padding(Text(copy, "dim"), (0, 0, 0, 2), expand=False))
    passages = pair.evidence["passages"]
    assert isinstance(passages, list)
    for passage in passages:
        (start, stop), (other_start, other_stop) = passage["a"], passage["b"]
        text = printable(shortened(text_a[start:stop], 90))
        told = Text.assemble(
            f"{passage['equal_words']} words, ",
            (f"characters {start}–{stop} and {other_start}–{other_stop}: ", "dim"),
            f"“{text}”",
        )
        lines.append(Padding(told, (0, 0, 0, 2), expand=False))
    return Group(*lines)
