"""How long two copies of a book take to collate, and in how much memory: `python benchmarks/book.py`.

Books (--book, one or several; all by default) of --words words, a fifth of which (--share) are changed in the copy,
each with that chance, so that changes stand at no equal distances; MOVED_PARAGRAPHS of its paragraphs stand elsewhere:

- `replaced`: made-up words by Zipf's law; each changed word is another one, for half of them always the same.
- `rephrased`: the same, but of the changed places one in seven has a word more or less, or a phrase for a word.
- `spun`: real prose (`prose`), changed by the article spinner (`spinner`): phrases for words as thesauri have them.

For every book a fresh process reads both files and takes the steps of `dedup diff` one after the other: tokens,
alignment, phrases, loci. Printed are the CPU and clock seconds of each, and the peak memory of the process after it;
the loci put into the first text must give the second, and a digest of them says whether they are the same as before.
English word lists and compiled loops are loaded first, as in any run that compared a pair before; `loading` says what
that took. --results FOLDER writes book.json. Linux only, for the peak.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import corpora
import numpy as np
import prose
import spinner
from tables import table
from thesaurus import MissingError

WORDS, SHARE = 1_000_000, 0.2
BOOKS = ("replaced", "rephrased", "spun")
VOCABULARY_WORDS = 60_000
SENTENCE_WORDS, PARAGRAPH_SENTENCES = (5, 30), (3, 9)
MOVED_PARAGRAPHS = 20
CONSTANT_SHARE = 0.5
"""The share of replacements that are the same one for a word throughout."""
OTHERWISE_SHARE = 1 / 7
"""Of the changed places of a rephrased book, those with other than one word for one."""
SECONDS_MAX, MEMORY_MB_MAX = 10.0, 1000.0
"""What alignment, phrases and loci together may take in CPU seconds, and the process at its peak."""

NAMES = ("book.txt", "copy.txt")

Paragraph = list[str]
"""The words of a paragraph with their punctuation."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step took, and the peak memory of the process when it was done."""

    name: str
    cpu_seconds: float
    seconds: float
    peak_mb: float


# --- books ------------------------------------------------------------------------------------------------------------


def book(kind: str, words: int, share: float, seed: int) -> tuple[str, str]:
    """A book and its changed copy."""
    draw = random.Random(f"{kind}|{seed}")
    if kind == "spun":
        own = list(_prose(words, seed))
        copy = [spinner.spun(paragraph, share, seed)[0] for paragraph in own]
    else:
        drawn = _made_up(words, seed)
        own = [" ".join(paragraph) for paragraph in drawn]
        copy = list(_changed(drawn, share, OTHERWISE_SHARE if kind == "rephrased" else 0.0, draw))
    for _ in range(MOVED_PARAGRAPHS):
        copy.insert(draw.randrange(len(copy)), copy.pop(draw.randrange(len(copy))))
    return "\n\n".join(own) + "\n", "\n\n".join(copy) + "\n"


def _made_up(words: int, seed: int) -> list[Paragraph]:
    """Paragraphs of sentences of words drawn by Zipf's law."""
    rng, draw = np.random.default_rng(seed), random.Random(seed)
    vocabulary = corpora.vocabulary(VOCABULARY_WORDS, seed)
    weights = np.cumsum(1.0 / np.arange(1, VOCABULARY_WORDS + 1) ** 1.05)
    drawn = iter([vocabulary[at] for at in np.searchsorted(weights / weights[-1], rng.random(words)).tolist()])
    made: list[Paragraph] = []
    left = words
    while left:
        paragraph: Paragraph = []
        for _ in range(draw.randint(*PARAGRAPH_SENTENCES)):
            size = min(left, draw.randint(*SENTENCE_WORDS))
            sentence = [next(drawn) for _ in range(size)]
            left -= size
            if sentence:
                paragraph += [sentence[0].capitalize(), *sentence[1:-1], f"{sentence[-1]}."][:size]
        made.append(paragraph)
    return made


def _changed(paragraphs: Sequence[Paragraph], share: float, otherwise: float, draw: random.Random) -> Iterator[str]:
    """The paragraphs with that share of their words changed, and of these a share otherwise than one for one."""
    every = [word for paragraph in paragraphs for word in paragraph]
    constant = dict(zip(every, draw.sample(every, len(every)), strict=True))
    for paragraph in paragraphs:
        words: Paragraph = []
        for word in paragraph:
            if draw.random() >= share:
                words.append(word)
                continue
            other = constant[word] if draw.random() < CONSTANT_SHARE else draw.choice(every)
            if draw.random() < otherwise:
                words += draw.choice(([], [word, other], [other, draw.choice(every)]))
            else:
                words.append(other)
        yield " ".join(words)


def _prose(words: int, seed: int) -> Iterator[str]:
    """Paragraphs of real prose, the pages in an order drawn from the seed. Raises MissingError where there is none."""
    order = list(prose.pages("English"))
    random.Random(seed).shuffle(order)
    for paragraph in (paragraph for page in order for paragraph in page):
        found = list(prose.WORD.finditer(paragraph))[:words]
        yield paragraph[: found[-1].end()]
        words -= len(found)
        if not words:
            return
    raise MissingError(f"prose of {words:,} more words is wanted: {prose.INSTALL}")


# --- measuring --------------------------------------------------------------------------------------------------------


def steps(folder: Path) -> Iterator[Step]:
    """The steps of collating the book and the copy in a folder, taken one after the other in this process."""
    from dedup import align, clean, language, loci, phrase
    from dedup.config import Config

    config = Config()
    texts = [(folder / name).read_text(encoding="utf-8") for name in NAMES]
    a, b = (clean.from_text(name, text) for name, text in zip(NAMES, texts, strict=True))
    clock = _Clock()
    language.bigram_count("of", "the"), language.frequency("the")
    small = [clean.tokens(clean.from_text(name, text[:2000])) for name, text in zip(NAMES, texts, strict=True)]
    phrase.segments(small[0], small[1], align.alignment(small[0], small[1], config))
    yield clock.step("loading")
    tokens_a, tokens_b = clean.tokens(a), clean.tokens(b)
    yield clock.step("tokens of both")
    aligned = align.alignment(tokens_a, tokens_b, config)
    yield clock.step("alignment")
    cut = phrase.segments(tokens_a, tokens_b, aligned)
    yield clock.step("phrases")
    found = loci.loci(a, b, tokens_a, tokens_b, list(loci.with_moves(cut, aligned.moved, config.block_tokens)))
    yield clock.step("loci")
    assert loci.applied(texts[0], found) == texts[1], "the loci do not give the copy"
    digest = hashlib.sha256(repr([(one.kind, one.span_a, one.span_b) for one in found]).encode()).hexdigest()[:12]
    moves = sum(one.kind == "move" for one in found) // 2
    about = f"{len(tokens_a):,} and {len(tokens_b):,} words, {len(found):,} loci, {moves} moves, digest {digest}"
    print(about, file=sys.stderr, flush=True)


class _Clock:
    """Seconds since the last step ended."""

    def __init__(self) -> None:
        self.cpu, self.clock = time.process_time(), time.perf_counter()

    def step(self, name: str) -> Step:
        cpu, clock = time.process_time(), time.perf_counter()
        step = Step(name, round(cpu - self.cpu, 3), round(clock - self.clock, 3), _peak_mb())
        self.cpu, self.clock = time.process_time(), time.perf_counter()
        return step


def _peak_mb() -> float:
    """The most memory that this process had; ru_maxrss would count what its parent had before it began."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024, 1)


def measured(kind: str, words: int, share: float, seed: int) -> list[Step]:
    """The steps of a book in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in zip(NAMES, book(kind, words, share, seed), strict=True):
            (Path(folder) / name).write_text(text, encoding="utf-8")
        print(kind, end=": ", file=sys.stderr, flush=True)
        done = subprocess.run([sys.executable, __file__, "--inside", folder], check=True, stdout=subprocess.PIPE)
    return [Step(**one) for one in json.loads(done.stdout)]


def rows(kind: str, taken: Sequence[Step]) -> Iterator[list[str]]:
    for step in taken:
        yield [kind, step.name, f"{step.cpu_seconds:.2f}", f"{step.seconds:.2f}", f"{step.peak_mb:.0f}"]
    collated = [step for step in taken if step.name in {"alignment", "phrases", "loci"}]
    cpu, clock = sum(step.cpu_seconds for step in collated), sum(step.seconds for step in collated)
    holds = "yes" if cpu < SECONDS_MAX and taken[-1].peak_mb < MEMORY_MB_MAX else "no"
    yield [kind, f"alignment to loci (under {SECONDS_MAX:g} s and {MEMORY_MB_MAX:g} MB: {holds})", f"{cpu:.2f}",
           f"{clock:.2f}", f"{taken[-1].peak_mb:.0f}"]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--book", dest="books", action="append", choices=BOOKS, help="all by default")
    parser.add_argument("--words", type=int, default=WORDS)
    parser.add_argument("--share", type=float, default=SHARE, help="of the words that are changed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, help="write the results to this folder")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside:
        print(json.dumps([asdict(step) for step in steps(chosen.inside)]))
        return
    taken = {}
    for kind in chosen.books or BOOKS:
        try:
            taken[kind] = measured(kind, chosen.words, chosen.share, chosen.seed)
        except MissingError as error:
            print(f"{kind}: left out: {error}", file=sys.stderr)
    head = ["book", "step", "CPU s", "clock s", "peak MB"]
    print(table([head, *(row for kind, one in taken.items() for row in rows(kind, one))]))
    if chosen.results:
        found = {kind: [asdict(step) for step in one] for kind, one in taken.items()}
        written = {"date": date.today().isoformat(), "words": chosen.words, "share": chosen.share, "books": found}
        (chosen.results / "book.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
