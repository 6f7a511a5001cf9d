"""Pairs in columns, made of pairs as people see them: the other way round than `columns.Pairs` gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dedup import readings
from dedup.columns import CHANNELS, SHOWN, Pairs
from dedup.model import RELATIONS, Pair

PLACED = ("resemblance", "containment_a", "containment_b", "confidence", "substitutions")
"""The figures that have a place of their own in a pair."""
PARTS = (*readings.WEIGHTS, "encoding", "damage", "suspicion", "slips")
"""What a direction is made of."""


def evidence(**known: Any) -> dict[str, Any]:
    """The evidence of a pair, nothing or 0 but for what is given."""
    plain: dict[str, Any] = dict.fromkeys(SHOWN, 0.0)
    return {**plain, "direction": dict.fromkeys(PARTS, 0.0), "passages": [], **known}


def in_columns(ids: Sequence[str], pairs: Sequence[Pair]) -> Pairs:
    """The pairs as columns; `ids` names the documents of the corpus, and each pair's evidence is whole."""
    number = {name: at for at, name in enumerate(ids)}
    told: list[Any] = [pair.evidence for pair in pairs]
    figures = {name: [getattr(pair, name) for pair in pairs] for name in PLACED}
    figures |= {name: [one[name] for one in told] for name in SHOWN}
    passages = [[*one["a"], *one["b"], one["equal_words"]] for row in told for one in row["passages"]]
    keys = [one.get("shared_keys", dict.fromkeys(CHANNELS, 0)) for one in told]
    return Pairs(
        ids=ids,
        documents=np.array([(number[pair.a], number[pair.b]) for pair in pairs], np.int64).reshape(-1, 2),
        relation=np.array([RELATIONS.index(pair.relation) for pair in pairs], np.uint8),
        cleaner=np.array([{pair.a: 0, pair.b: 1, None: -1}[pair.cleaner] for pair in pairs], np.int8),
        figures={name: np.array(column, np.float64) for name, column in figures.items()},
        direction={name: np.array([one["direction"][name] for one in told], np.float64) for name in PARTS},
        passages=np.array(passages, np.int64).reshape(-1, 5),
        starts=np.cumsum([0, *(len(one["passages"]) for one in told)], dtype=np.int64),
        met=np.array([[one[name] for name in CHANNELS] for one in keys], np.int64).reshape(-1, 3),
    )
