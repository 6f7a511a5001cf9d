"""What is wrong with a document by itself, without a copy to compare: one detector a file, and the card of them all."""

from dedup.damage.card import card, cards, safe_repairs, scores
from dedup.damage.findings import FLAG_LEVEL, KINDS, NOISE_KINDS, Card, Detection, Finding, Kind

__all__ = [
    "FLAG_LEVEL", "KINDS", "NOISE_KINDS", "Card", "Detection", "Finding", "Kind", "card", "cards",
    "safe_repairs", "scores",
]  # fmt: skip
