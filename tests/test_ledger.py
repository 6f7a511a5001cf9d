"""The ledger counts every distinct substitution once for each time it was made, tells its direction, and is read again
as it was written."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SPINNER, article, spun

from dedup import clean, ledger, ledgers, pipeline
from dedup.ledger import Substitution, substitutions
from dedup.model import Collation, DedupError


def collated(a: str, b: str) -> Collation:
    return pipeline.collate(clean.from_text("a", a), clean.from_text("b", b))


def counted(*found: Collation) -> list[tuple[str, str, int, int]]:
    return [(row.a, row.b, row.count, row.pairs) for row in substitutions(found)]


_FRAME = "On {0} the {1} closes early. Nobody minds. In winter the {1} opens late, and the keeper sweeps {0} mornings."


def test_substitutions_are_counted_in_matching_form_and_sorted() -> None:
    found = collated(_FRAME.format("Monday", "Museum"), _FRAME.format("Tuesday", "gallery"))
    assert counted(found) == [("monday", "tuesday", 2, 1), ("museum", "gallery", 2, 1)]


def test_the_most_frequent_comes_first_whatever_its_letters() -> None:
    text = "The zebra slept. A zebra woke. One zebra ran, and an ape laughed at the sight of it all."
    found = collated(text, text.replace("zebra", "yak").replace("ape", "gnu"))
    assert counted(found) == [("zebra", "yak", 3, 1), ("ape", "gnu", 1, 1)]


def test_several_pairs_of_documents_add_up() -> None:
    frames = [collated(_FRAME.format("Monday", one), _FRAME.format("Monday", other)) for one, other in (
        ("museum", "gallery"), ("museum", "gallery"), ("library", "archive"))]  # fmt: skip
    assert counted(*frames) == [("museum", "gallery", 4, 2), ("library", "archive", 2, 1)]


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


def test_it_tells_how_often_either_phrase_stands_in_the_first_documents() -> None:
    first = (
        "The museum is old. A museum closes, the gallery opens, and on account of rain the gallery is full of people."
    )
    second = first.replace("The museum", "The library").replace("gallery is", "archive is")
    (one, other) = sorted(substitutions([collated(first, second)]), key=lambda row: row.a, reverse=True)
    assert (one.a, one.b, one.times_a, one.times_b) == ("museum", "library", 2, 0)
    assert (other.a, other.b, other.times_a, other.times_b) == ("gallery", "archive", 2, 0)
    assert substitutions([collated(second, first)])[0].times_b == 1


@pytest.mark.parametrize("turned", [False, True])
def test_the_original_of_a_spun_phrase_is_told_whichever_side_it_stands_on(turned: bool) -> None:
    texts = [article(seed, 30) for seed in (9, 10)]
    found = [collated(spun(text), text) if turned else collated(text, spun(text)) for text in texts]
    swaps = set(SPINNER.items())
    rows = [row for row in substitutions(found) if {(row.a, row.b), (row.b, row.a)} & swaps]
    decided = [row.original for row in rows if row.original]
    assert len(decided) >= 0.9 * len(rows) >= 10
    assert set(decided) == {"b" if turned else "a"}
    assert all(0.8 <= row.confidence <= 1.0 for row in rows if row.original)


def test_without_evidence_no_direction_is_told() -> None:
    (row,) = substitutions([collated(_FRAME.format("Monday", "bloopix"), _FRAME.format("Monday", "gloopix"))])
    assert row.original is None
    assert row.confidence < ledger.DIRECTION_MIN


def test_pieces_that_touch_are_joined_by_how_often_they_do_wherever_others_stand() -> None:
    """`sold` became `vended` before some of them: what comes first does not keep the others apart."""
    names = ("farmer", "teacher", "sister", "baker", "sailor", "council", "student", "librarian")
    verbs = {"sold": "vended", "bought": "procured", "found": "discovered"}
    plain = [f"It is well known here that the {name} {verb} more than ten of them on that day." for name, verb in zip(
        names, [*verbs, "wanted", "needed", "carried", "counted", "owned"], strict=True)]  # fmt: skip
    spun_ = [line.replace("more than", "to a higher degree") for line in plain]
    for verb, other in verbs.items():
        spun_ = [line.replace(f" {verb} ", f" {other} ") for line in spun_]
    rows = substitutions([collated(" ".join(plain), " ".join(spun_))])
    assert [row.count for row in rows if row.a == "more than"] == [8]
    assert not any(row.a in ("more", "than") for row in rows)


def test_no_phrase_reaches_over_the_end_of_a_sentence() -> None:
    frames = [f"They took the old {name}. Then ten men came." for name in ("bridge", "castle", "harbour")]
    found = collated(" ".join(frames), " ".join(frames).replace(". Then", " there. And then"))
    assert not any("then" in row.a.split() and len(row.a.split()) > 1 for row in substitutions([found]))


def test_what_a_pair_says_of_a_line_does_not_hang_on_the_order_of_its_places() -> None:
    entry = ("use", "utilise")
    told = []
    for odds in ([-5.0, 5.0, 5.0], [5.0, 5.0, -5.0]):
        counts = ledger._Counts(directions=[0.0])
        for one in odds:
            ledger._count(counts, 0, ledger._Place(entry, ((1,), (2,)), one))
        told += ledger._rows(counts)
    assert told[0] == told[1]
    assert (told[0].count, told[0].pairs, told[0].original) == (3, 1, "a")


# --- files -----------------------------------------------------------------------------------------------------

_WORDS = [word for word, _, _ in clean.words("at on used to utilise café 漢 3")]
_PHRASES = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4).map(" ".join)
_ROWS = st.builds(
    Substitution, _PHRASES, _PHRASES, st.integers(1, 99), st.integers(1, 9), st.integers(0, 99), st.integers(0, 99),
    st.sampled_from(["a", "b", None]), st.floats(0.5, 1.0).map(lambda value: round(value, 4)),
).filter(lambda row: row.a != row.b)  # fmt: skip


@given(st.lists(_ROWS, min_size=1, max_size=6))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, rows: list[Substitution]) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    (folder / "a.tsv").write_text("".join(ledgers.tsv_lines(rows)), encoding="utf-8")
    (folder / "a.jsonl").write_text("\n".join(json.dumps(ledgers.record(row)) for row in rows), encoding="utf-8")
    assert ledgers.read(folder / "a.tsv") == ledgers.read(folder / "a.jsonl") == rows


def written(folder: Path, text: str) -> Path:
    path = folder / "ledger"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_short_table_is_read_with_what_it_lacks_left_open(tmp_path: Path) -> None:
    path = written(tmp_path, "kept\tdropped\tcount\npeople\tfolks\t3\n\nneed\tnecessitate\t1\n")
    assert ledgers.read(path) == [
        Substitution("people", "folks", 3, 1), Substitution("need", "necessitate", 1, 1),
    ]  # fmt: skip


def test_a_table_made_by_hand_is_brought_to_matching_form(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffkept\tdropped\r\nPeople \tFolk\u2019s\r\nUnited  States\tUS\r\n")
    assert ledgers.read(path) == [Substitution("people", "folk's", 1, 1), Substitution("united states", "us", 1, 1)]


@pytest.mark.parametrize("phrase", ["ํา", "ภ า ษ า", "カ ゙", "don't", "e mail", "café"])
def test_what_a_ledger_writes_of_any_script_is_read_as_it_stands(tmp_path: Path, phrase: str) -> None:
    row = Substitution(unicodedata.normalize("NFKD", phrase) if phrase == "café" else phrase, "word", 2, 1)
    path = written(tmp_path, "".join(ledgers.tsv_lines([row])))
    (read,) = ledgers.read(path)
    assert (read.a, read.b) == (row.a, row.b)


def test_other_records_are_passed_over(tmp_path: Path) -> None:
    row = Substitution("people", "folks", 3, 2, 5, 1, "a", 0.9)
    lines = [{"record": "locus"}, ledgers.record(row), {"record": "summary"}]
    assert ledgers.read(written(tmp_path, "\n".join(map(json.dumps, lines)) + "\n")) == [row]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words\n",
        '{"record": "summary"}\n',
        '["people", "folks"]\n',
        '{"record": "substitution", "a": "people"}\n',
        '{"record": "substitution", "a": "people", "b": "people", "count": 2}\n',
        '{"record": "substitution", "a": "people", "b": 7, "count": 2}\n',
        '{"record": "substitution", "a": "people", "b": "folks", "count": 0}\n',
        '{"record": "substitution", "a": "people", "b": "folks", "count": 1, "original": "c"}\n',
        '{"record": "substitution", "a": "people", "b": "folks", "count": 1, "confidence": 7}\n',
        '{"record": "substitution", "a": "people", "b": "folks", "count": Infinity}\n',
        '{"record": "substitution", "a": "people", "b": "folks", "count": 1' + "0" * 400 + "}\n",
        '{"record": "substitution", "a": "?", "b": "folks", "count": 1}\n',
        '{"record": ' + "[" * 100_000 + "\n",
        "kept\tdropped\tcount\npeople\tfolks\tmany\n",
        "kept\tdropped\tcount\npeople\n",
        "kept\tdropped\tcount\n\tfolks\t2\n",
    ],
    ids=range(17),
)
def test_what_is_no_ledger_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DedupError, match="ledger") as told:
        ledgers.read(path)
    assert told.value.path == str(path)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DedupError, match="cannot be read"):
        ledgers.read(tmp_path / "nowhere")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DedupError, match="not UTF-8"):
        ledgers.read(tmp_path / "binary")
    with pytest.raises(DedupError, match="cannot be read"):
        ledgers.read(tmp_path)


def test_a_table_without_a_line_is_an_empty_ledger(tmp_path: Path) -> None:
    assert ledgers.read(written(tmp_path, "".join(ledgers.tsv_lines([])))) == []
