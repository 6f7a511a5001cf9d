"""Builds corpora with planted copies, the same bytes for the same arguments.

    python benchmarks/corpora.py 100000 FILE [--kind KIND]

- `mixed` (the usual one): documents of 200 to 1,000 words, drawn from a Zipf vocabulary of made-up words (or from the
  words of a text that the user names). Of every hundred, ten are near copies of an earlier one (one word in a hundred
  to one in ten replaced, dropped or added) and two are exact copies.
- `short`: the same with a line of 5 to 20 words a document, copies with one word replaced, dropped or added.
- `template`: one text of 300 words in which five fields differ from document to document, so that all resemble all.
- `identical`: one text again and again.

FILE gets a line `{"id", "text"}` a document; FILE.truth.jsonl a line `{"id", "of", "kind", "resemblance"}` a planted
copy, with the exact resemblance of word 5-grams. Hostile corpora, the last two, have no truth but their kind.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

VOCABULARY_WORDS = 200_000
WORDS_MIN, WORDS_MAX = 200, 1000
NEAR_SHARE, EXACT_SHARE = 0.10, 0.02
RECENT_DOCUMENTS = 50_000
"""A copy is of one of the last so many originals, so that memory does not grow with the corpus."""
SHINGLE_WORDS = 5
LINE_WORDS_MIN, LINE_WORDS_MAX = 5, 20
LINES_AT_A_TIME = 10_000
"""Lines drawn at a time; a copy is of one of these."""
TEMPLATE_WORDS, FIELD_EVERY = 300, 60


@dataclass(frozen=True, slots=True)
class Planted:
    """A document, and what it is a copy of, if of anything."""

    id: str
    words: Sequence[int]
    of: str | None = None
    kind: str | None = None
    resemblance: float | None = None


def vocabulary(size: int, seed: int) -> list[str]:
    """Distinct made-up words, the frequent ones short, as in languages (Zipf's law of abbreviation)."""
    rng = np.random.default_rng(seed)
    onsets = ["", *"bcdfghjklmnpqrstvwxyz", "ch", "sh", "th", "st", "tr", "pl", "br"]
    vowels = [*"aeiou", "ea", "ou", "ai"]
    codas = ["", "", "", *"nrstlmd", "nd", "st"]
    words: dict[str, None] = {}
    while len(words) < size:
        syllables = 1 + int(np.log2(1 + len(words)) / 9)
        picks = rng.integers(0, 1 << 30, (4096, syllables, 3))
        for row in picks.tolist():
            word = "".join(onsets[o % len(onsets)] + vowels[v % len(vowels)] + codas[c % len(codas)] for o, v, c in row)
            words.setdefault(word)
            if len(words) >= size or 1 + int(np.log2(1 + len(words)) / 9) != syllables:
                break
    return list(words)


def planted(documents: int, vocabulary_size: int, seed: int) -> Iterator[Planted]:
    """The documents of a corpus, as word numbers, with copies planted among them."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, vocabulary_size + 1) ** 1.05
    cumulative = np.cumsum(weights / weights.sum())
    recent: list[Planted] = []
    for number in range(documents):
        name = f"d{number:08d}"
        chance = rng.random()
        if recent and chance < NEAR_SHARE + EXACT_SHARE:
            original = recent[int(rng.integers(len(recent)))]
            if chance < EXACT_SHARE:
                yield Planted(name, original.words, original.id, "exact", 1.0)
                continue
            words = edited(np.asarray(original.words), rng, cumulative)
            yield Planted(name, words, original.id, "near", resemblance(original.words, words))
            continue
        drawn = np.searchsorted(cumulative, rng.random(int(rng.integers(WORDS_MIN, WORDS_MAX + 1))))
        document = Planted(name, drawn.tolist())
        if len(recent) < RECENT_DOCUMENTS:
            recent.append(document)
        else:
            recent[int(rng.integers(RECENT_DOCUMENTS))] = document
        yield document


def lines(documents: int, vocabulary_size: int, seed: int) -> Iterator[Planted]:
    """As `planted`, in lines, thousands drawn at a time."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, vocabulary_size + 1) ** 1.05
    cumulative = np.cumsum(weights / weights.sum())
    for first in range(0, documents, LINES_AT_A_TIME):
        count = min(LINES_AT_A_TIME, documents - first)
        lengths = rng.integers(LINE_WORDS_MIN, LINE_WORDS_MAX + 1, count)
        drawn = np.searchsorted(cumulative, rng.random(int(lengths.sum()))).tolist()
        stops = np.cumsum(lengths).tolist()
        texts = [drawn[stop - length : stop] for stop, length in zip(stops, lengths.tolist(), strict=True)]
        chances, places = rng.random(count).tolist(), rng.random((count, 2)).tolist()
        originals: list[int] = []
        for number, (words, chance, (one, other)) in enumerate(zip(texts, chances, places, strict=True)):
            name = f"d{first + number:08d}"
            if not originals or chance >= NEAR_SHARE + EXACT_SHARE:
                originals.append(number)
                yield Planted(name, words)
                continue
            source = originals[int(one * len(originals))]
            original, of = texts[source], f"d{first + source:08d}"
            if chance < EXACT_SHARE:
                yield Planted(name, original, of, "exact", 1.0)
                continue
            at = int(other * len(original))
            kept, word = original[at + (chance < EXACT_SHARE + NEAR_SHARE * 2 / 3) :], words[:1]
            changed = original[:at] + (word if chance > EXACT_SHARE + NEAR_SHARE / 3 else []) + kept
            yield Planted(name, changed, of, "near", resemblance(original, changed))


def edited(words: np.ndarray, rng: np.random.Generator, cumulative: np.ndarray) -> list[int]:
    """`words` with one in a hundred to one in ten of them replaced, dropped or followed by another."""
    rate = rng.uniform(0.01, 0.10)
    changes = rng.random(len(words))
    others = np.searchsorted(cumulative, rng.random(len(words))).tolist()
    result: list[int] = []
    for word, change, other in zip(words.tolist(), changes.tolist(), others, strict=True):
        if change >= rate:
            result.append(word)
        elif change < rate / 2:
            result.append(other)
        elif change < rate * 3 / 4:
            result += (word, other)
    return result


def resemblance(one: Sequence[int], other: Sequence[int]) -> float:
    """Exact resemblance of word 5-grams, by sets of tuples: the slow check that everything else is held to."""
    first, second = (
        {tuple(words[at : at + SHINGLE_WORDS]) for at in range(max(1, len(words) - SHINGLE_WORDS + 1))}
        for words in (one, other)
    )
    return len(first & second) / len(first | second)


def template(documents: int, seed: int = 1) -> Iterator[str]:
    """One text with a few fields that differ from document to document."""
    rng = np.random.default_rng(seed)
    words = [f"word{number}" for number in rng.integers(0, 5000, TEMPLATE_WORDS).tolist()]
    for number in range(documents):
        words[FIELD_EVERY::FIELD_EVERY] = [f"field{number}x{at}" for at in range(FIELD_EVERY, len(words), FIELD_EVERY)]
        yield " ".join(words)


def identical(documents: int, seed: int = 1) -> Iterator[str]:
    """One text again and again."""
    text = next(template(1, seed))
    return (text for _ in range(documents))


PLANTED: dict[str, Callable[[int, int, int], Iterator[Planted]]] = {"mixed": planted, "short": lines}
HOSTILE: dict[str, Callable[[int, int], Iterator[str]]] = {"template": template, "identical": identical}


def records(kind: str, documents: int, words: Sequence[str], seed: int) -> Iterator[tuple[Planted, str]]:
    """The documents of a corpus of a kind, with their texts."""
    if kind in HOSTILE:
        for number, text in enumerate(HOSTILE[kind](documents, seed)):
            yield Planted(f"h{number:08d}", ()), text
        return
    for document in PLANTED[kind](documents, len(words), seed):
        yield document, " ".join(map(words.__getitem__, document.words))


def write(path: Path, kind: str, documents: int, words: Sequence[str], seed: int = 1) -> None:
    """A corpus and its truth on disk, written under temporary names first."""
    truth = path.with_name(path.name + ".truth.jsonl")
    partial, partial_truth = (one.with_name(one.name + ".partial") for one in (path, truth))
    with partial.open("w", encoding="utf-8") as texts, partial_truth.open("w", encoding="utf-8") as labels:
        for document, text in records(kind, documents, words, seed):
            texts.write(f'{{"id": "{document.id}", "text": {json.dumps(text, ensure_ascii=False)}}}\n')
            if document.of:
                row = {"id": document.id, "of": document.of, "kind": document.kind, "resemblance": document.resemblance}
                labels.write(json.dumps(row) + "\n")
    if kind not in HOSTILE:
        partial_truth.replace(truth)
    partial_truth.unlink(missing_ok=True)
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--kind", choices=[*PLANTED, *HOSTILE], default="mixed")
    parser.add_argument("--text", type=Path, help="draw from the words of this text instead of made-up ones")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    words: list[str] = []
    if chosen.text:
        words = list(dict.fromkeys(chosen.text.read_text(encoding="utf-8").split()))
    elif chosen.kind in PLANTED:
        words = vocabulary(VOCABULARY_WORDS, chosen.seed)
    write(chosen.file, chosen.kind, chosen.documents, words, chosen.seed)


if __name__ == "__main__":
    main()
