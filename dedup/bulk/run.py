"""Options become the engine of a run in bulk, and the work folder that it keeps things in, if it has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from dedup.bulk import read, sketch
from dedup.config import Config
from dedup.engines import kept, local
from dedup.engines.local import Engine, Threads
from dedup.engines.work import Work, opened
from dedup.model import SourceFile

if TYPE_CHECKING:
    from dedup.engines.ray import Cluster

WITHOUT_EFFECT = frozenset(
    ("workers", "memory_bytes", "work", "engine", "ledger_pairs_max", "source_loss_max", "source_documents_min")
)
"""Options on which no result of a stage depends."""


@contextmanager
def engine(files: Sequence[SourceFile], config: Config) -> Iterator[tuple[Engine, Work | None]]:
    """What runs the stages, and the work folder, which stays this run's unless something fails.

    Raises DedupError if the folder cannot be used.
    """
    with ExitStack() as stack:
        chosen = _chosen(config, config.workers or local.workers_available())
        found: Engine = chosen
        stack.enter_context(chosen)
        if config.work is None:
            yield found, None
            return
        work = opened(config.work, files, _about(config))
        try:
            yield kept.Kept(found, work.folder), work
        except BaseException:
            work.close()
            raise


def _chosen(config: Config, workers: int) -> Threads | Cluster:
    if config.engine == "local":
        return Threads(workers, config.memory_bytes)
    from dedup.engines.ray import Cluster

    return Cluster(workers, config.memory_bytes)


def _about(config: Config) -> dict[str, object]:
    """What findings depend on, beside the input."""
    options = {name: value for name, value in asdict(config).items() if name not in WITHOUT_EFFECT}
    cut = {"partition_bytes": read.PARTITION_BYTES, "sample_bytes": sketch.SAMPLE_BYTES}
    return {"program": version("dedup-text"), **cut, **options}
