"""The flow: read -> clean -> sketch -> match -> align -> judge -> restore, each verb of the program on one screen.

A document is read and cleaned once; candidates are compared word by word (`collate`); what they are to each other is
judged; clusters are made of copies that were compared with the one that is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, repeat
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import (
    align,
    clean,
    cluster,
    damage,
    edits,
    figures,
    inputs,
    judge,
    leaning,
    loci,
    losses,
    match,
    mending,
    phrase,
    read,
    readings,
    rules,
    sketch,
)
from dedup.columns import Clusters, Pairs
from dedup.config import Config
from dedup.engines import processes
from dedup.engines.work import Work
from dedup.figures import MENDED, NOT_SAME, SIGNS, WRITTEN, Compared
from dedup.filed import Column
from dedup.model import (
    Alignment,
    Collation,
    Comparison,
    Corpus,
    DedupError,
    Document,
    Loss,
    Pair,
    Sketch,
    SourceFile,
    Tokens,
)
from dedup.progress import SILENT, Progress, followed
from dedup.spool import Spool

DEFAULT = Config()


@dataclass(frozen=True, slots=True)
class Entry:
    """A document with what was made of it."""

    document: Document
    tokens: Tokens
    sketch: Sketch


@dataclass(frozen=True, slots=True)
class Findings:
    """What a scan found: the documents by id, pairs, clusters, what could not be read, and what was left out.

    compared: (m, 2) integers, the pairs that candidates brought together, by number, in order. capped: buckets of each
    channel that were too big to give all their pairs.
    decided: what a person decided that was obeyed, as it was written down (see `remembered`).
    unasked: pairs of which no more was asked, since their families are too large (see `judge.unasked`).
    memory_bytes: what matching was bound to, if it was. losing: the sources of which too much would be dropped (see
    `losses`).

    Where sources had to be unpacked, they stay so until the findings are closed (`with`), or dropped.
    """

    corpus: Corpus
    pairs: Pairs
    clusters: Clusters
    problems: tuple[DedupError, ...]
    compared: Column
    capped: Mapping[str, int] = field(default_factory=dict)
    memory_bytes: int | None = None
    losing: tuple[Loss, ...] = ()
    damage: NDArray[np.float64] | None = None
    decided: tuple[Mapping[str, Any], ...] = ()
    work: Work | None = None
    unasked: int = 0

    @property
    def candidates(self) -> int:
        """How many pairs candidates brought together."""
        return len(self.compared)

    def done(self) -> None:
        """What was to be made of the findings is made: what a work folder keeps is removed, and the folder with it."""
        if self.work:
            self.work.done()

    def __enter__(self) -> Findings:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.work:
            self.work.close()
        if self.corpus.spool:
            self.corpus.spool.__exit__(kind, error, traceback)


def documents(sources: Iterable[str | Path], config: Config = DEFAULT) -> tuple[list[Document], list[DedupError]]:
    """The documents of the sources, and the problems with what is none, both in reading order.

    A source that is missing or empty is one of the problems; the rest is read all the same.
    """
    with Spool() as spool:
        return inputs.documents(inputs.source_files(sources, spool, config, SILENT), config)


def entry(document: Document, config: Config = DEFAULT) -> Entry:
    """A document, tokenised and sketched."""
    tokens = clean.tokens(document)
    return Entry(document, tokens, sketch.sketch(tokens, config))


def find_duplicates(
    sources: str | Path | SourceFile | Iterable[str | Path | SourceFile],
    config: Config = DEFAULT,
    progress: Progress = SILENT,
) -> Findings:
    """Everything that a scan finds in the sources: folders, and files of any form that is read.

    What cannot be read, a missing source too, is listed in the findings' `problems`.
    """
    named = [sources] if isinstance(sources, str | Path | SourceFile) else list(sources)
    spool = Spool()
    try:
        files = inputs.source_files(named, spool, config, progress)
        readable = [file for file in files if isinstance(file, SourceFile)]
        findings = (_in_bulk if is_bulk(readable, config) else _in_small)(files, config, progress)
        losing = losing_sources(findings, config)
    except BaseException:
        spool.close()
        raise
    return replace(findings, corpus=replace(findings.corpus, spool=spool), losing=losing)


def losing_sources(findings: Findings, config: Config) -> tuple[Loss, ...]:
    """The sources of which too much would be dropped; what records name is read again."""
    corpus = findings.corpus

    def named(number: int) -> str:
        return read.raw_at(corpus.source(number), corpus.locator(number), "").source

    return losses.losing(corpus, findings.clusters.given_way()[:, 1], named, config)


def is_bulk(files: Iterable[SourceFile], config: Config) -> bool:
    """Whether a corpus of these files is worth compiling for."""
    return sum(file.size_bytes for file in files) >= config.bulk_bytes_min


def _in_small(files: Sequence[SourceFile | DedupError], config: Config, progress: Progress) -> Findings:
    """The findings of a corpus that is not worth compiling for."""
    found, problems = inputs.documents(files, config)
    found.sort(key=lambda document: document.id)
    entries = [entry(document, config) for document in found]
    readable = [file for file in files if isinstance(file, SourceFile)]
    corpus = inputs.corpus(found, [len(one.tokens) for one in entries], readable)
    wanted = match.candidates([one.sketch for one in entries], config)
    met = np.array([(one.bands, one.terms, one.passages) for one in wanted.pairs], np.int64).reshape(-1, 3)
    asked = np.array([(one.a, one.b) for one in wanted.pairs], np.int64).reshape(-1, 2)
    progress.stage("compare", len(asked), "pairs")
    scores = np.array(list(damage.scores(found)), np.float64).reshape(-1, len(damage.KINDS))

    def judged(both: NDArray[np.int64], keys: NDArray[np.int64] | None, told: Progress) -> Pairs:
        made = _judged(entries, both, keys, config, told)
        return with_leanings(judge.with_damage(made, np.arange(len(found)), scores, config), found, config)

    groups, pairs = cluster.clusters(
        judged(asked, met, progress), corpus.words, lambda both: judged(both, None, SILENT), config.drop_coverage_min
    )
    left = judge.unasked(pairs, config)
    return Findings(corpus, pairs, groups, tuple(problems), asked, wanted.capped, damage=scores, unasked=left)


def _in_bulk(files: Sequence[SourceFile | DedupError], config: Config, progress: Progress) -> Findings:
    """The findings of a corpus that is worth compiling for."""
    from dedup.bulk import flow
    from dedup.bulk import run as bulk

    readable = [file for file in files if isinstance(file, SourceFile)]
    problems = [file for file in files if isinstance(file, DedupError)]

    def one_by_one(corpus: Corpus, a: int, b: int) -> Compared:
        return measured(entry(document_at(corpus, a), config), entry(document_at(corpus, b), config), config)

    every: list[NDArray[np.float64]] = []
    times = count()

    def apart(name: str) -> processes.Mapped:
        return partial(engine.apart, f"{name}-{next(times)}")

    def weighed(pairs: Pairs, corpus: Corpus) -> Pairs:
        carded = by_cards(pairs, corpus)
        rows = judge.unsure(carded, config)
        odds = leaning.of_corpus(corpus, carded.documents[rows], config, progress, apart("doubts"))
        return judge.with_leanings(carded, rows, odds, config)

    def by_cards(pairs: Pairs, corpus: Corpus) -> Pairs:
        if not config.damage_weight:
            numbers = judge.carded(pairs, config)
            noise = mending.scores(corpus, numbers, config, SILENT, apart("cards"))
            return judge.with_damage(pairs, numbers, noise, config)
        numbers = np.arange(len(corpus))
        if not every:
            every.append(mending.scores(corpus, numbers, config, progress, apart("cards")))
        return judge.with_damage(pairs, numbers, every[0], config)

    with bulk.engine(readable, config) as (engine, work):
        found = flow.find_duplicates(readable, config, engine, flow.Steps(one_by_one, weighed), progress)
    return Findings(
        found.corpus,
        found.pairs,
        found.clusters,
        (*problems, *found.problems),
        found.compared,
        found.capped,
        memory_bytes=config.memory_bytes,
        damage=every[0] if every else None,
        work=work,
        unasked=judge.unasked(found.pairs, config),
    )


def document_at(corpus: Corpus, number: int) -> Document:
    """A document of the corpus, read again. Raises DedupError if its file was changed."""
    return inputs.document_at(corpus, number)


def collate(a: Document, b: Document, config: Config = DEFAULT) -> Collation:
    """Two documents compared word by word: the passages they share and the loci where they differ."""
    return collated(entry(a, config), entry(b, config), config)


def compare(a: Document, b: Document, config: Config = DEFAULT) -> Pair | None:
    """What two documents are to each other, or None if they share nothing worth telling."""
    return related(entry(a, config), entry(b, config), config)


def related(a: Entry, b: Entry, config: Config) -> Pair | None:
    found = with_cards(_judged([a, b], np.array([[0, 1]]), None, config), [a.document, b.document], config)
    return found[0] if len(found) else None


def with_cards(pairs: Pairs, found: Sequence[Document], config: Config) -> Pairs:
    """The findings on a few documents, with what their cards and their words by themselves say, as far as it counts."""
    numbers = judge.carded(pairs, config)
    scores = np.array(list(damage.scores(found[number] for number in numbers.tolist())), np.float64)
    made = judge.with_damage(pairs, numbers, scores.reshape(-1, len(damage.KINDS)), config)
    return with_leanings(made, found, config)


def with_leanings(pairs: Pairs, found: Sequence[Document], config: Config) -> Pairs:
    """The findings on documents with what their words say by themselves, where nothing else decides."""
    rows = judge.unsure(pairs, config)
    told = [leaning.between(found[a], found[b], config) for a, b in pairs.documents[rows].tolist()]
    return judge.with_leanings(pairs, rows, np.array(told, np.float64).reshape(-1, 3), config)


def comparison(a: Entry, b: Entry, config: Config) -> tuple[Comparison, Alignment]:
    aligned = align.alignment(a.tokens, b.tokens, config)
    resemblance = match.resemblance(a.sketch.shingles, b.sketch.shingles)
    passages = tuple(align.passages(aligned, config))
    return Comparison(a.document, b.document, a.tokens, b.tokens, resemblance, passages), aligned


def collated(a: Entry, b: Entry, config: Config) -> Collation:
    compared, aligned = comparison(a, b, config)
    cut = phrase.segments(a.tokens, b.tokens, aligned)
    segments = list(loci.with_moves(cut, aligned.moved, config.block_tokens))
    return Collation(compared, loci.loci(a.document, b.document, a.tokens, b.tokens, segments))


def _sameness(a: Entry, b: Entry) -> int:
    """In what two documents are the same (see `figures`), asked only where their words are."""
    if a.tokens.words != b.tokens.words:
        return NOT_SAME
    if clean.plain(a.document.text) == clean.plain(b.document.text):
        return WRITTEN
    mended = [edits.applied(one.document.text, one.document.repairs) for one in (a, b)]
    if (a.document.repairs or b.document.repairs) and clean.plain(mended[0]) == clean.plain(mended[1]):
        return MENDED
    return SIGNS if clean.symbols(mended[0]) != clean.symbols(mended[1]) else NOT_SAME


def measured(a: Entry, b: Entry, config: Config) -> Compared:
    """All that a finding on two documents rests on."""
    found, _ = comparison(a, b, config)
    one = figures.compared(found, _sameness(a, b), readings.sums(found), config)
    return figures.with_letters(one, found) if rules.unexplained(one, config).all() else one


def _judged(
    entries: Sequence[Entry],
    asked: NDArray[np.int64],
    met: NDArray[np.int64] | None,
    config: Config,
    progress: Progress = SILENT,
) -> Pairs:
    """The findings on pairs (m, 2) of entries, with the keys by which they met, if they did.

    Their words decide which of two is compared with the other, so that names change nothing.
    """
    turned = np.array([order(entries[b]) < order(entries[a]) for a, b in asked.tolist()], bool)
    both = np.where(turned[:, None], asked[:, ::-1], asked)
    each = followed(both.tolist(), repeat(1), progress)
    found = [figures.nothing(), *(measured(entries[a], entries[b], config) for a, b in each)]
    keys = np.zeros((len(asked), 3), np.int64) if met is None else met
    names = [one.document.id for one in entries]
    made = judge.findings(names, both, figures.joined(found), keys, config)
    return made.turned(made.documents[:, 0] > made.documents[:, 1])


def order(one: Entry) -> tuple[int, int]:
    """What decides which of two documents is compared with the other: the words, not the names."""
    return len(one.tokens), int(one.tokens.hashes.sum())


def dropped_collations(findings: Findings, config: Config = DEFAULT) -> Iterator[Collation]:
    """Kept documents (as a) compared with the copies that give way to them (as b), their texts read again.

    The first `ledger_pairs_max` of them, and none of exact copies, which differ in no word.
    """
    both = findings.clusters.given_way()
    differing = findings.pairs.figures["substitutions"][findings.pairs.rows(both)] > 0
    for numbers in both[differing][: config.ledger_pairs_max].tolist():
        kept, dropped = (entry(document_at(findings.corpus, number), config) for number in numbers)
        yield collated(kept, dropped, config)
