"""Slow, plain references: what the fast code must agree with, written from the definitions and not from that code."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from random import Random

_SOLO_NAMES = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if character in "'’":
        return "apostrophe"
    if category.startswith(("L", "N")):
        return "solo" if unicodedata.name(character, "").startswith(_SOLO_NAMES) else "letter"
    if category.startswith("M"):
        return "mark"
    return "invisible" if category == "Cf" else "separator"


def token_spans(text: str) -> list[tuple[int, int]]:
    """Where the tokens are, by a machine that looks at one character at a time."""
    found: list[tuple[int, int]] = []
    state, start = "outside", 0
    for at, character in enumerate(text):
        kind = _kind(character)
        following = _kind(text[at + 1]) if at + 1 < len(text) else "separator"
        if state == "word":
            if kind in ("letter", "mark", "invisible") or (kind == "apostrophe" and following == "letter"):
                continue
        elif state == "solo" and kind in ("mark", "invisible"):
            continue
        if state != "outside":
            found.append((start, at))
        state, start = {"letter": "word", "solo": "solo"}.get(kind, "outside"), at
    return [*found, (start, len(text))] if state != "outside" else found


def resemblance(a: Sequence[str], b: Sequence[str], width: int) -> float:
    """Jaccard's coefficient of the sets of shingles, each a tuple of words; 0 for two empty ones."""
    sets = []
    for words in (a, b):
        size = min(width, len(words))
        sets.append({tuple(words[at : at + size]) for at in range(len(words) - size + 1) if size})
    union = sets[0] | sets[1]
    return len(sets[0] & sets[1]) / len(union) if union else 0.0


def lcs_length(a: Sequence[object], b: Sequence[object]) -> int:
    """The length of the longest common subsequence, by the textbook table."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, one in enumerate(a, 1):
        for j, other in enumerate(b, 1):
            table[i][j] = table[i - 1][j - 1] + 1 if one == other else max(table[i - 1][j], table[i][j - 1])
    return table[-1][-1]


def banding_recall(similarity: float, bands: int, rows: int) -> float:
    """The chance that all values of some band agree, each value agreeing with the probability `similarity`."""
    return 1 - (1 - similarity**rows) ** bands


def banding_recall_simulated(similarity: float, bands: int, rows: int, trials: int, seed: int) -> float:
    """The same, by throwing dice."""
    chance = Random(seed)
    met = sum(any(all(chance.random() < similarity for _ in range(rows)) for _ in range(bands)) for _ in range(trials))
    return met / trials


def key_pairs(keys: Sequence[set[int]], all_most: int) -> Counter[tuple[int, int]]:
    """How many keys pairs of documents share; of more documents than `all_most` with a key, the first with each."""
    found: Counter[tuple[int, int]] = Counter()
    for key in set().union(*keys):
        holders = [document for document, own in enumerate(keys) if key in own]
        found.update(pair for pair in combinations(holders, 2) if len(holders) <= all_most or pair[0] == holders[0])
    return found


def enough_shared(found: Counter[tuple[int, int]], held: Sequence[int], least: int) -> dict[tuple[int, int], int]:
    """The pairs that share `least` keys, or half of those that the poorer of the two has."""
    return {(a, b): count for (a, b), count in found.items() if count >= least or 2 * count >= min(held[a], held[b])}


def without_furniture(keys: Sequence[set[int]], most: int) -> tuple[list[set[int]], set[int]]:
    """The keys of each document that no more than `most` documents hold, and the others."""
    counts = Counter(key for own in keys for key in own)
    common = {key for key, count in counts.items() if count > most}
    return [own - common for own in keys], common


def rarest_keys(keys: Sequence[set[int]], most: int, width: int) -> list[set[int]]:
    """For each document the `width` of its keys that the fewest others hold, of those that two to `most` hold."""
    counts = Counter(key for own in keys for key in own)
    useful = [[key for key in own if 2 <= counts[key] <= most] for own in keys]
    return [set(sorted(own, key=lambda key: (counts[key], key))[:width]) for own in useful]


def heaviest_chain(blocks: Sequence[tuple[int, int, int]]) -> int:
    """The most tokens in any subset of blocks that follow each other in both texts, by trying every subset."""
    best = 0
    for size in range(1, len(blocks) + 1):
        for subset in combinations(sorted(blocks), size):
            if all(p[0] + p[2] <= q[0] and p[1] + p[2] <= q[1] for p, q in pairwise(subset)):
                best = max(best, sum(block[2] for block in subset))
    return best


def maximal_stretches(scores: Sequence[float]) -> set[tuple[int, int]]:
    """All maximal scoring stretches (first, last) by their definition (Ruzzo and Tompa 1999, proposition 1).

    Of positive score, above that of every proper part, and in no longer stretch of which the same is true.
    """
    spans = [(first, last) for first in range(len(scores)) for last in range(first, len(scores))]
    total = {span: sum(scores[span[0] : span[1] + 1]) for span in spans}

    def parts(whole: tuple[int, int]) -> list[tuple[int, int]]:
        return [span for span in spans if whole[0] <= span[0] and span[1] <= whole[1] and span != whole]

    tall = [span for span in spans if total[span] > 0 and all(total[part] < total[span] for part in parts(span))]
    return {span for span in tall if not any(span in parts(other) for other in tall)}


def replaced(text: str, changes: Sequence[tuple[tuple[int, int], str]]) -> str:
    """`text` with spans replaced, from the last to the first so that none shifts another."""
    for (start, stop), new in reversed(changes):
        text = text[:start] + new + text[stop:]
    return text


def undone(changes: Sequence[tuple[tuple[int, int], str, str]]) -> list[tuple[tuple[int, int], str]]:
    """The changes (span, before, after) that take changes back, each position counted out anew."""
    back = []
    for number, ((start, _), before, after) in enumerate(changes):
        at = start + sum(len(new) - len(old) for _, old, new in changes[:number])
        back.append(((at, at + len(after)), before))
    return back


def selected_terms(
    terms: Sequence[Sequence[int]], documents: int, least: int, budget: int, width: int
) -> list[list[int]]:
    """For each document the places of the terms that it joins by; `terms` are their documents, the rarest first."""
    kept: list[list[int]] = [[] for _ in range(documents)]
    walked = [0] * documents
    for place, holders in enumerate(terms):
        for document in holders:
            affordable = len(kept[document]) < least or walked[document] + len(holders) <= budget
            if affordable and len(kept[document]) < width:
                kept[document].append(place)
                walked[document] += len(holders)
    return kept


def shared_term_pairs(terms: Sequence[set[int]], needed: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of documents that share as many terms as one of them needs."""
    return [
        (a, b)
        for a, b in combinations(range(len(needed)), 2)
        if sum({a, b} <= holders for holders in terms) >= min(needed[a], needed[b])
    ]
