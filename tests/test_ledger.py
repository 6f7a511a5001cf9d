"""The ledger counts every distinct substitution once for each time it was made, and nothing else."""

from __future__ import annotations

from strategies import SPINNER, article, spun

from dedup import clean, pipeline
from dedup.ledger import Substitution, substitutions
from dedup.model import Collation


def collated(a: str, b: str) -> Collation:
    return pipeline.collate(clean.from_text("a", a), clean.from_text("b", b))


_FRAME = "On {0} the {1} closes early. Nobody minds. In winter the {1} opens late, and the keeper sweeps {0} mornings."


def test_substitutions_are_counted_in_matching_form_and_sorted() -> None:
    found = collated(_FRAME.format("Monday", "Museum"), _FRAME.format("Tuesday", "gallery"))
    assert substitutions([found]) == [
        Substitution("monday", "tuesday", 2, 1),
        Substitution("museum", "gallery", 2, 1),
    ]


def test_the_most_frequent_comes_first_whatever_its_letters() -> None:
    text = "The zebra slept. A zebra woke. One zebra ran, and an ape laughed at the sight of it all."
    found = collated(text, text.replace("zebra", "yak").replace("ape", "gnu"))
    assert [(row.a, row.b, row.count) for row in substitutions([found])] == [("zebra", "yak", 3), ("ape", "gnu", 1)]


def test_several_pairs_of_documents_add_up() -> None:
    frames = [collated(_FRAME.format("Monday", one), _FRAME.format("Monday", other)) for one, other in (
        ("museum", "gallery"), ("museum", "gallery"), ("library", "archive"))]  # fmt: skip
    assert substitutions(frames) == [
        Substitution("museum", "gallery", 4, 2),
        Substitution("library", "archive", 2, 1),
    ]


def test_form_additions_drops_and_moves_are_no_substitutions() -> None:
    a = "The lamp was lit at dusk. Nobody came to the quay that night, and the boats lay still."
    assert substitutions([collated(a, a.upper().replace(" STILL", ""))]) == []
    assert substitutions([]) == []


def test_broken_encoding_is_no_substitution() -> None:
    a = "He said “yes”, but they don’t know what to do about the boats that lie on the sand."
    b = a.replace("“", "â€œ").replace("”", "â€\x9d").replace("’", "â€™")
    assert substitutions([collated(a, b)]) == []


def test_every_entry_counts_and_names_both_readings() -> None:
    text = article(9, 30)
    found = collated(text, spun(text))
    rows = substitutions([found])
    assert sum(row.count for row in rows) == sum(locus.kind == "substitution" for locus in found.loci)
    assert all(row.a and row.b and row.a != row.b and row.pairs == 1 for row in rows)
    assert len({(row.a, row.b) for row in rows} & set(SPINNER.items())) >= 12
