"""Finds copies in text, however damaged, shows what was changed, and gives the clean text back.

    import dedup

    findings = dedup.find_duplicates("corpus")          # documents, pairs, clusters
    found = dedup.collate(dedup.document("a", text_a), dedup.document("b", text_b))
    found.loci                                          # every place where they differ
    dedup.restoration(damaged, witnesses).text          # the original readings put back

Names are loaded when they are used, so that importing the package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedup.clean import from_text as document
    from dedup.config import Config
    from dedup.edits import applied, inverse
    from dedup.explain import Explanation, explanation
    from dedup.index.handle import Index
    from dedup.ledger import Substitution, substitutions
    from dedup.model import (
        Cluster,
        Collation,
        DedupError,
        Document,
        Edit,
        Locus,
        Loss,
        Pair,
        Passage,
        Restoration,
    )
    from dedup.pipeline import Findings, collate, compare, documents, find_duplicates
    from dedup.restoring import Means, restoration
    from dedup.tables import Deduplicated, deduplicate

_HOMES = {
    "document": ("dedup.clean", "from_text"),
    **{name: ("dedup.config", name) for name in ("Config",)},
    **{name: ("dedup.edits", name) for name in ("applied", "inverse")},
    **{name: ("dedup.ledger", name) for name in ("Substitution", "substitutions")},
    **{
        name: ("dedup.model", name)
        for name in (
            "Cluster", "Collation", "DedupError", "Document", "Edit", "Locus", "Loss", "Pair", "Passage",
            "Restoration",
        )
    },
    **{name: ("dedup.explain", name) for name in ("Explanation", "explanation")},
    "Index": ("dedup.index.handle", "Index"),
    **{
        name: ("dedup.pipeline", name)
        for name in ("Findings", "collate", "compare", "documents", "find_duplicates")
    },
    **{name: ("dedup.restoring", name) for name in ("Means", "restoration")},
    **{name: ("dedup.tables", name) for name in ("Deduplicated", "deduplicate")},
}  # fmt: skip

__all__ = [  # noqa: RUF022 verbs first, then records
    "collate", "compare", "deduplicate", "document", "documents", "explanation", "find_duplicates", "restoration",
    "substitutions",
    "applied", "inverse",
    "Cluster", "Collation", "Config", "DedupError", "Deduplicated", "Document", "Edit", "Explanation", "Findings",
    "Index", "Locus", "Loss", "Means", "Pair", "Passage", "Restoration", "Substitution",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dedup' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
