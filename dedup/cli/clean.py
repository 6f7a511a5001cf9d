"""`dedup clean`: the corpus without its copies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedup.cli import decided, options
from dedup.console import conclude, emit, failures, follow, say, tell

if TYPE_CHECKING:
    from dedup.config import Config
    from dedup.pipeline import Findings
    from dedup.progress import Progress


@click.command("clean", epilog="Example:  dedup clean seeds -o clean-seeds")
@options.SOURCES
@click.option(
    "-o",
    "--output",
    "target",
    type=options.path,
    required=True,
    metavar="FOLDER",
    help="The folder to write; it must not exist yet, or be empty.",
)
@click.option(
    "--conjecture",
    is_flag=True,
    help="Put in what a ledger makes sure though no copy has it; without --ledger, one learnt from this corpus.",
)
@click.option(
    "--ledger",
    "ledger_path",
    type=options.path,
    metavar="FILE",
    help="The ledger to conjecture by, as `dedup ledger` writes it.",
)
@click.option(
    "--fix",
    is_flag=True,
    help="Also mend what is safe to mend besides encoding: invisible characters, words divided at line ends.",
)
@decided.choosing
@options.FORMAT
@options.MEMORY
@options.WORK
@options.ENGINE
@options.DAMAGE
@options.comparing
def command(
    sources: Sequence[str], target: Path, form: str, conjecture: bool, ledger_path: Path | None, **given: Any
) -> None:
    """Write the corpus without its copies.

    FOLDER gets documents/ (the kept ones, in the format they came in), manifest.jsonl (one line for every document
    read) and ledger.tsv (what was substituted in the dropped copies). Broken encoding is mended, and each repair
    recorded in edits.jsonl; with --fix all that is safe to mend, as `dedup check --fix` does; with --conjecture also
    what a ledger of substitutions makes sure, each marked as such.
    """
    fix = given.pop("fix")
    if ledger_path and not conjecture:
        raise click.UsageError("--ledger is what to conjecture by: add --conjecture")
    with failures():
        from dedup import decisions, ledger, ledgers, pipeline, restoring, whole
        from dedup.model import DedupError
        from dedup.report import conservation, folder, jsonl

        folder.refuse_within(target, sources)
        if given["work"]:
            folder.refuse_within(given["work"], [*sources, target])
            folder.refuse_within(target, [given["work"]])
        chosen = decided.asked(given, target)
        config = options.config(given)
        known = ledgers.read(ledger_path) if ledger_path else None
        with (
            whole.folder(target) as partial,
            follow() as progress,
            pipeline.find_duplicates(sources, config, progress) as found,
        ):
            remembered = decided.obeyed(found, chosen, config)
            findings = remembered.findings
            if not findings.corpus.ids and findings.problems:
                raise findings.problems[0]
            rows: Iterable[ledger.Substitution] = ledger.lazily(pipeline.dropped_collations(findings, config))
            put_right = _fixed(findings, config, progress) if fix else findings
            if conjecture:
                rows = list(rows)
                put_right = restoring.conjectured(put_right, known or rows, config)
            put_right = decisions.with_readings(put_right, remembered.decided)
            counts = folder.fill(partial, put_right, rows, progress)
        found.done()
        try:
            if form == "jsonl":
                emit([jsonl.line(jsonl.balance(findings, counts))], None)
            else:
                balance = conservation.told(counts)
                tell(f"{balance} = {len(findings.corpus):,} documents read; written to {target}")
                tell(f"checked: {conservation.TOLD}")
        except DedupError:
            say(f"{target}: is written, and whole")
            raise
        conclude(findings)


def _fixed(findings: Findings, config: Config, progress: Progress) -> Findings:
    """The findings with every kept document put right as far as that is safe."""
    from dataclasses import replace

    import numpy as np

    from dedup import mending

    corpus = findings.corpus
    kept = np.flatnonzero(findings.clusters.kept() == np.arange(len(corpus)))
    return replace(findings, corpus=mending.fixed(corpus, kept, config, progress))
