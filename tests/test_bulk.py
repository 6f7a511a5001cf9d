"""The bulk path finds what the small one finds, however the corpus is cut, named, ordered or shared out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich.console import Console
from strategies import PARAGRAPHS, article, noised, spun

from dedup import clean, match, pipeline, read, sketch
from dedup.bulk import again, columns, terms, verify
from dedup.bulk import read as bulk_read
from dedup.bulk import sketch as bulk_sketch
from dedup.cli import main
from dedup.config import Config
from dedup.kernels import join
from dedup.model import DedupError, Pair
from dedup.pipeline import Findings
from dedup.report import terminal

FIXTURES = Path(__file__).parent.parent / "fixtures"
CASES = sorted(path.parent.relative_to(FIXTURES).as_posix() for path in FIXTURES.glob("*/*/expected.json"))
SMALL = Config(bulk_bytes_min=1 << 50)
BULK = Config(bulk_bytes_min=0, workers=1)


def generated(seeds: Sequence[int] = range(8)) -> dict[str, str]:
    """Articles, and of many of them spun, noised, shortened and shouted copies, by id."""
    texts: dict[str, str] = {}
    for seed in seeds:
        text = article(seed, 9 + seed % 5)
        texts[f"{seed}-own"] = text
        texts |= {f"{seed}-spun": spun(text, seed)} if seed % 2 == 0 else {}
        texts |= {f"{seed}-scan": noised(text, seed, 0.2)} if seed % 3 == 0 else {}
        texts |= {f"{seed}-half": text[: len(text) // 2]} if seed % 4 == 1 else {}
        texts |= {f"{seed}-loud": text.upper()} if seed % 4 == 2 else {}
        texts |= {f"{seed}-edit": text.replace(" the ", " this ", 2)} if seed % 4 == 3 else {}
    return texts


def jsonl(path: Path, texts: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in texts.items()))
    return path


def folder(path: Path, texts: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in texts.items():
        (path / f"{name}.txt").write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions so short that most lines reach into the next one."""
    monkeypatch.setattr(bulk_read, "PARTITION_BYTES", 2000)
    monkeypatch.setattr(bulk_sketch, "SAMPLE_BYTES", 1 << 20)


def both(*sources: Path) -> tuple[Findings, Findings]:
    return pipeline.find_duplicates(sources, SMALL), pipeline.find_duplicates(sources, BULK)


def by_ids(pairs: Sequence[Pair]) -> dict[tuple[str, str], Pair]:
    return {(pair.a, pair.b): pair for pair in pairs}


NOT_ASCII = ("li.txt", "de", "form-letter-chinese/documents/li.txt")
"""The first of two texts that are not ASCII."""


def told_in_ascii(pair: Pair) -> bool:
    return not pair.a.endswith(NOT_ASCII)


def figures(pair: Pair) -> dict[str, object]:
    """All of a pair that both ways must agree on, of its passages the first ones."""
    told = asdict(pair)
    evidence = {name: value for name, value in pair.evidence.items() if name != "shared_keys"}
    passages = evidence["passages"]
    assert isinstance(passages, list)
    if not told_in_ascii(pair):
        del evidence["similarity"]  # in bulk that of the bytes
    evidence["passages"] = passages[: verify.PASSAGES_TOLD]
    assert all(one["equal_words"] > 0 for one in passages)
    told["evidence"] = evidence
    return told


def assert_agree(small: Findings, bulk: Findings) -> None:
    assert list(bulk.corpus.ids) == list(small.corpus.ids)
    assert bulk.corpus.words.tolist() == small.corpus.words.tolist()
    assert [bulk.corpus.locator(at) for at in range(len(bulk.corpus))] == [
        small.corpus.locator(at) for at in range(len(small.corpus))
    ]
    assert bulk.corpus.notable == small.corpus.notable
    assert bulk.clusters == small.clusters
    ones, others = by_ids(small.pairs), by_ids(bulk.pairs)
    assert set(others) <= set(ones), "a pair that the small path does not know"
    for ids, pair in others.items():
        assert figures(pair) == figures(ones[ids])
    left_out = [ones[ids] for ids in set(ones) - set(others)]
    assert all(pair.evidence["shared_keys"]["passages"] for pair in left_out)  # type: ignore[index]


def state(found: Findings) -> tuple[object, ...]:
    """The findings but for where the documents lie."""
    return list(found.corpus.ids), found.corpus.words.tolist(), found.pairs, found.clusters, found.candidates


# --- both ways -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_parts")
def test_generated_corpus_gives_the_same_either_way(tmp_path: Path) -> None:
    small, bulk = both(jsonl(tmp_path / "rows.jsonl", generated()))
    assert_agree(small, bulk)
    assert {pair.relation for pair in bulk.pairs} >= {"exact", "near", "spun", "damaged", "excerpt"}
    assert len(bulk.clusters) == 8


@pytest.mark.parametrize("case", CASES)
def test_fixture_gives_the_same_either_way(case: str) -> None:
    small, bulk = both(FIXTURES / case / "documents")
    assert_agree(small, bulk)
    assert bulk.problems == ()


def test_a_twin_does_not_hide_the_spun_copy(tmp_path: Path) -> None:
    own = FIXTURES / "real" / "spun-by-hand" / "documents"
    texts = {"a": (own / "glacier.txt").read_text("utf-8"), "spun": (own / "glacier-spun.txt").read_text("utf-8")}
    texts["twin"] = texts["a"]
    texts |= {f"other-{number}": text for number, text in enumerate(PARAGRAPHS)}
    small, bulk = both(jsonl(tmp_path / "rows.jsonl", texts))
    assert [len(one.members) for one in small.clusters] == [3]
    assert bulk.clusters == small.clusters


def test_all_fixtures_together_give_the_same_either_way() -> None:
    small, bulk = both(FIXTURES / "real", FIXTURES / "negative")
    problems = {problem.problem.partition("'")[0] for problem in bulk.problems}
    assert problems == {problem.problem.partition("'")[0] for problem in small.problems}
    assert_agree(small, bulk)
    assert bulk.clusters


@pytest.mark.usefixtures("small_parts")
def test_accents_and_other_scripts_give_the_same_either_way(tmp_path: Path) -> None:
    german = "Der alte Müller läuft täglich über die schöne Brücke und hört dem größten Fluss zu. " * 3
    chinese = "我们在河边的老磨坊里度过了整个夏天，每天早晨都能听见水声和鸟叫。" * 3
    texts = {"de": german, "de-again": german.replace("täglich", "manchmal", 1), "zh": chinese, "zh-again": chinese}
    texts |= {"accents": article(1).replace("e", "é"), "accents-again": article(1).replace("e", "é").upper()}
    texts |= {"mixed": f"{article(2)} 🙂 {german[:60]}", "mixed-half": article(2)}
    path = tmp_path / "rows.jsonl"
    lines = [json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in texts.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    small, bulk = both(path)
    assert_agree(small, bulk)
    assert len(bulk.clusters) == 4


_RUSSIAN = (
    "Каждое утро старый мельник выходил на берег реки и долго смотрел на воду, потому что вода говорила ему о погоде "
    "больше, чем любая газета. Потом он открывал тяжёлую дверь, зажигал лампу и ставил чайник на маленькую печь. "
    "Когда из деревни приезжали телеги с зерном, он помогал крестьянам носить мешки и никогда не спешил. "
    "Вечером мельник садился у окна, читал письма от дочери и слушал, как за стеной шумит большое колесо. "
)
_REPLACED = {
    "утро": "лето", "старый": "хмурый", "берег": "склон", "долго": "молча", "любая": "чужая", "тяжёлую": "низкую",
    "лампу": "свечу", "маленькую": "чугунную", "деревни": "города", "зерном": "солью",
    "мешки": "доски", "письма": "книги",
    "окна": "печи", "большое": "мокрое",
}  # fmt: skip


def test_other_words_in_russian_are_no_noise_either_way(tmp_path: Path) -> None:
    other = _RUSSIAN
    for word, instead in _REPLACED.items():
        other = other.replace(f" {word}", f" {instead}")
    small, bulk = both(jsonl(tmp_path / "rows.jsonl", {"a": _RUSSIAN, "b": other}))
    assert [pair.relation for pair in small.pairs] == ["reuse"]
    assert [pair.relation for pair in bulk.pairs] == ["reuse"]


@pytest.mark.usefixtures("small_parts")
def test_mojibake_is_mended_either_way(tmp_path: Path) -> None:
    good = article(3).replace(" the ", " the café’s ", 6)
    broken = good.encode("utf-8").decode("cp1252")
    texts = {"good": good, "broken": broken, "also": spun(broken), "other": article(4), "alone": "Zoë’s â€œcafé"}
    small, bulk = both(jsonl(tmp_path / "rows.jsonl", texts))
    assert_agree(small, bulk)
    assert {bulk.corpus.ids[number] for number in bulk.corpus.notable} >= {"broken", "also"}
    assert [cluster.canonical for cluster in bulk.clusters] == ["good"]


@pytest.mark.usefixtures("small_parts")
def test_a_mended_line_does_not_depend_on_the_lines_beside_it(tmp_path: Path) -> None:
    texts = {"han": "漢字 and nothing else", "broken": "We rowed to the cafÃ© once", "han-again": "more 漢字 here"}
    small, bulk = both(jsonl(tmp_path / "rows.jsonl", texts))
    assert [small.corpus.ids[number] for number in small.corpus.notable] == ["broken"]
    assert bulk.corpus.notable == small.corpus.notable


# --- order, sources, workers -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_parts")
def test_workers_change_nothing(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", generated())
    one, two = (pipeline.find_duplicates(path, replace(BULK, workers=workers)) for workers in (1, 2))
    assert state(one) == state(two)
    assert one.corpus.starts.tolist() == two.corpus.starts.tolist()
    assert one.pairs


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_lines_and_sources_changes_nothing(tmp_path: Path, seed: int) -> None:
    texts = generated()
    expected = pipeline.find_duplicates(jsonl(tmp_path / "rows.jsonl", texts), BULK)
    mixed = dict(Random(seed).sample(list(texts.items()), len(texts)))
    assert state(pipeline.find_duplicates(jsonl(tmp_path / "mixed.jsonl", mixed), BULK)) == state(expected)
    names = list(mixed)
    halves = [
        jsonl(tmp_path / f"{number}.jsonl", {name: texts[name] for name in part})
        for number, part in enumerate((names[:9], names[9:]))
    ]
    for sources in (halves, halves[::-1]):
        assert state(pipeline.find_duplicates(sources, BULK)) == state(expected)


@pytest.mark.usefixtures("small_parts")
def test_text_files_and_records_may_be_mixed(tmp_path: Path) -> None:
    texts = {f"{name}.txt": text for name, text in generated().items()}
    files = folder(tmp_path / "files", {name.removesuffix(".txt"): texts[name] for name in list(texts)[::2]})
    rows = jsonl(tmp_path / "rows.jsonl", {name: texts[name] for name in list(texts)[1::2]})
    small, bulk = both(files, rows)
    assert_agree(small, bulk)
    whole = pipeline.find_duplicates(jsonl(tmp_path / "all.jsonl", texts), BULK)
    assert state(bulk) == state(whole)
    assert len(bulk.clusters) == 8


# --- reading ---------------------------------------------------------------------------------------------------


def said(found: Findings) -> list[str]:
    return sorted(str(problem) for problem in found.problems)


_BAD_LINES = (
    "", "   ", "{never closed", '{"text": 4}', '{"id": "no text"}', "[1, 2]", '"a string"',
    '{"id": ["x"], "text": "abcde"}',
    '{"id": true, "text": "abcde"}', '{"id": "blank", "text": "  "}', '{"id": "void", "text": ""}', "null",
)  # fmt: skip


def untidy(path: Path) -> Path:
    """Records with and without ids, with other fields and line ends, and between them what is none."""
    chance, lines = Random(11), []
    for number, (name, text) in enumerate(generated(range(5)).items()):
        row: dict[str, object] = {"text": text, "n": number}
        row |= {} if number % 3 == 0 else {"id": number} if number % 3 == 1 else {"id": name}
        lines += [chance.choice(_BAD_LINES)] if number % 2 else []
        lines.append(json.dumps(row) + ("\r" if number % 4 == 0 else ""))
    path.write_text("\n".join([*lines, *_BAD_LINES, json.dumps({"text": "the last line has no end"})]))
    return path


@pytest.mark.parametrize("size", [700, 2000, 1 << 20])
def test_untidy_records_are_read_alike_however_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(bulk_read, "PARTITION_BYTES", size)
    small, bulk = both(untidy(tmp_path / "rows.jsonl"))
    assert_agree(small, bulk)
    assert len([name for name in bulk.corpus.ids if name.startswith("rows.jsonl#")]) > 3
    assert said(bulk) == said(small)
    assert len(bulk.problems) > 10


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("repeated", ["same", ""])
def test_ids_that_are_taken_are_told(tmp_path: Path, repeated: str) -> None:
    rows = [{"id": "same", "text": article(1)}, {"text": article(2)}, {"id": repeated or "other", "text": article(3)}]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    small, bulk = both(path)
    assert_agree(small, bulk)
    assert [problem.problem[:12] for problem in bulk.problems] == ["has the id '"] * bool(repeated)


def test_an_id_that_is_taken_is_told_by_the_line(tmp_path: Path) -> None:
    small, bulk = both(jsonl(tmp_path / "a.jsonl", {"x": article(1)}), jsonl(tmp_path / "b.jsonl", {"x": article(2)}))
    assert said(bulk) == said(small)
    assert len(small.problems) == 1


@pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
def test_the_remedies_for_ids_that_are_taken_work(tmp_path: Path, config: Config) -> None:
    (tmp_path / "rows").mkdir()
    for name in "ab":
        rows = [{"id": f"d{row}", "url": f"{name}/{row}", "text": f"{article(row)} {name}"} for row in range(3)]
        (tmp_path / "rows" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    taken = pipeline.find_duplicates(tmp_path / "rows", config)
    assert (len(taken.corpus), len(taken.problems)) == (3, 3)
    assert all("--id-column" in one.remedy and "leave out their ids" in one.remedy for one in taken.problems)
    found = pipeline.find_duplicates(tmp_path / "rows", replace(config, id_column="url"))
    assert list(found.corpus.ids) == ["a/0", "a/1", "a/2", "b/0", "b/1", "b/2"]
    assert found.problems == ()
    for path in (tmp_path / "rows").iterdir():
        path.write_text(path.read_text().replace('"id":', '"was":'))
    found = pipeline.find_duplicates(tmp_path / "rows", config)
    assert list(found.corpus.ids) == [f"{name}.jsonl#{row}" for name in "ab" for row in (1, 2, 3)]
    assert found.problems == ()


@pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
def test_text_files_of_one_name_are_told_apart_by_a_folder_that_holds_them(tmp_path: Path, config: Config) -> None:
    paths = [folder(tmp_path / name, {"same": article(seed)}) / "same.txt" for seed, name in enumerate("ab")]
    (problem,) = pipeline.find_duplicates(paths, config).problems
    assert "scan a folder that holds them" in problem.remedy
    found = pipeline.find_duplicates(tmp_path, config)
    assert list(found.corpus.ids) == ["a/same.txt", "b/same.txt"]
    assert found.problems == ()


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": article(seed, 4)}) + "\n" for seed in range(3)))
    small, bulk = both(path, path)
    assert len(small.corpus) == 3
    assert list(bulk.corpus.ids) == list(small.corpus.ids)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"  \n"])
def test_a_file_of_no_records_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "rows.jsonl").write_bytes(data)
    (tmp_path / "other.txt").write_text(article(1))
    small, bulk = both(tmp_path)
    assert said(bulk) == said(small)
    assert "rows.jsonl: is empty" in said(small)[0]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            b'{"text": "one record"}{"text": "another on its line"}\n\n',
        ),
        pytest.param(
            b'{"text": "one record"} {"text": "another on its line"}\n\n{"text": "a third one"}\n',
        ),
        pytest.param(
            b'{"id": "broken \xff", "text": "plain words here"}\n',
        ),
        pytest.param(
            b'{"other": "broken \xff", "text": "plain words here"}\n',
        ),
        b'{"text": "split over\n two lines"}{"text": "and two on one"}\n',
        b'\xef\xbb\xbf{"text": "with a byte-order mark"}\n',
        b'{"text": "lone surrogate \\ud800 in it"}\n',
        b'{"text": "twice", "text": "the last one counts"}\n',
        b'{"text": "not a number", "n": NaN}\n',
        b'{"text": "\\u0000 nul"}\n',
        b'{"id": 1.0, "text": "a number for an id"}\n{"id": "2020-01-01T00:00:00", "text": "a date for one"}\n',
        b'{"id": "", "text": "no id to speak of"}\n',
        b'{"text": "\xef\xbb\xbf"}\n{"text": "\\ufeff  \\n"}\n{"text": "\xc2\xa0\xc2\xa0\xc2\xa0"}\n',
        b'{"text": "\\ufeff\\u00a0 \\u2003"}\n',
    ],
)
def test_odd_records_are_read_alike(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "rows.jsonl").write_bytes(data)
    small, bulk = both(tmp_path / "rows.jsonl")
    assert list(bulk.corpus.ids) == list(small.corpus.ids)
    assert bulk.corpus.words.tolist() == small.corpus.words.tolist()
    assert [problem.problem[:11] for problem in bulk.problems] == [problem.problem[:11] for problem in small.problems]
    assert small.corpus.ids or small.problems


@given(st.lists(st.integers(0, 300), min_size=1, max_size=30), st.sampled_from([50, 97, 256]), st.booleans())
def test_every_line_is_in_just_one_partition(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], size: int, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("lines") / "rows.jsonl"
    lines = [json.dumps({"text": f"{number} " + "x" * length}) for number, length in enumerate(lengths)]
    path.write_text("\n".join(lines) + ("\n" if ended else ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_read, "PARTITION_BYTES", size)
        (file,) = read.files([path], BULK)
        assert isinstance(file, read.SourceFile)
        parts = [bulk_read.texts(part, BULK) for part in bulk_read.partitions([file])]
    found = [part.buffer[part.offsets[at] : part.offsets[at + 1]].tobytes() for part in parts
             for at in range(len(part.ids))]  # fmt: skip
    assert [json.loads(line)["text"].encode() for line in lines] == found
    data = path.read_bytes()
    cut = [data[start:stop] for part in parts for start, stop in zip(part.starts, part.stops, strict=True)]
    assert b"".join(cut) == data


def test_texts_are_those_of_reading_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"é{number}": f"{text} ü漢🙂" for number, text in enumerate(PARAGRAPHS)}
    (file,) = read.files([jsonl(tmp_path / "rows.jsonl", texts)], BULK)
    assert isinstance(file, read.SourceFile)
    (part,) = bulk_read.partitions([file])
    fast = bulk_read.texts(part, BULK)
    monkeypatch.setattr(columns, "_parsed", lambda *_: None)
    slow = bulk_read.texts(part, BULK)
    assert contents(fast) == contents(slow)
    assert fast.ids == list(texts)


def contents(texts: bulk_read.Texts) -> dict[str, object]:
    """All that was read, in what can be compared."""
    told = {field.name: getattr(texts, field.name) for field in fields(texts)}
    told["problems"] = [(row, str(problem)) for row, problem in texts.problems]
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in told.items()}


def read_both_ways(path: Path, lines: Sequence[bytes]) -> tuple[bulk_read.Texts, bulk_read.Texts, list[int]]:
    """What is in lines read in columns where that can be, what read row by row, and the rows that the first way read
    by themselves."""
    path.write_bytes(b"\n".join(lines))
    (file,) = read.files([path], BULK)
    assert isinstance(file, read.SourceFile)
    (part,) = bulk_read.partitions([file])
    alone: list[int] = []
    known = columns.blocks

    def noted(*arguments: Any) -> Any:
        found, odd = known(*arguments)
        alone.extend(odd.tolist())
        return found, odd

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "blocks", noted)
        fast = bulk_read.texts(part, BULK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_parsed", lambda *_: None)
        return fast, bulk_read.texts(part, BULK), alone


def numbered(count: int, **more: object) -> list[bytes]:
    return [json.dumps({"id": row, "text": f"row {row} of some words", **more}).encode() for row in range(count)]


def test_numbers_for_ids_are_read_in_columns(tmp_path: Path) -> None:
    rows = [0, -0, 7, -7, 2**63 - 1, -(2**63), None]
    lines = [json.dumps({"id": row, "text": "some words"}).encode() for row in rows] + [b'{"text": "no id"}']
    fast, slow, alone = read_both_ways(tmp_path / "rows.jsonl", lines)
    assert contents(fast) == contents(slow)
    assert fast.ids == ["0", "0", "7", "-7", str(2**63 - 1), str(-(2**63)), "", ""]
    assert alone == []


_ODD = {
    "null": b'{"id": 5, "text": null}',
    "no text": b'{"id": 5}',
    "a number": b'{"id": 5, "text": 4}',
    "empty": b'{"id": 5, "text": ""}',
    "blank": b'{"id": 5, "text": "   \\n\\t  "}',
    "blank, not ASCII": '{"id": 5, "text": "\u00a0\u2003\u3000\u00a0"}'.encode(),
    "separators": b'{"id": 5, "text": "\\u001c\\u001c\\u001c\\u001c\\u001c"}',
    "no UTF-8": b'{"id": 5, "text": "some \xff words"}',
    "mojibake": '{"id": 5, "text": "we sat in the cafÃ© once"}'.encode(),
    "no JSON": b'{"id": 5, "text": "never closed}',
    "in two": b'{"id": 5, "text":\n"of two lines"}',
    "two on one": b'{"id": 5, "text": "words"} {"id": 6, "text": "words"}',
    "no object": b"[1, 2]",
    "nothing": b"",
    "spaces": b"   ",
    "twice": b'{"id": 5, "text": "words", "text": "the last one counts"}',
    "long": b'{"id": 18446744073709551616, "text": "words"}',
    "broken number": b'{"id": 1.50, "text": "words"}',
    "a truth": b'{"id": true, "text": "words"}',
    "a list": b'{"id": ["a"], "text": "words"}',
    "a string": b'{"id": "5", "text": "words"}',
    "surrogate": b'{"id": 5, "text": "lone \\ud800 in it"}',
    "source": b'{"id": 5, "text": "words", "source": 4}',
}


@pytest.mark.parametrize("odd", _ODD)
@pytest.mark.parametrize("source", [{}, {"source": "here"}, {"source": 3}], ids=["none", "named", "number"])
def test_one_odd_row_is_read_by_itself(tmp_path: Path, odd: str, source: dict[str, object]) -> None:
    lines = numbered(3000, **source)
    lines[1234] = _ODD[odd]
    fast, slow, alone = read_both_ways(tmp_path / "rows.jsonl", lines)
    assert contents(fast) == contents(slow)
    assert len(alone) <= len(lines) // columns.PARTS_PER_CUT + 2
    assert len(fast.ids) >= 2999
    assert (fast.origins is not None) == (source.get("source") == "here")


def test_one_odd_row_among_texts_to_be_read_again_is_no_harm(tmp_path: Path) -> None:
    texts = {f"{number}": article(number % 3, 4) for number in range(6)} | {"7": "We rowed to the cafÃ© once more"}
    small, bulk = both(jsonl(tmp_path / "rows.jsonl", texts))
    assert_agree(small, bulk)
    assert len(bulk.clusters) == 3


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(0, 50), st.floats(), st.text(max_size=3), st.just("Ã©Ã¨"),
    st.text(alphabet=" \t\u00a0\u2003\u3000\ufeffx", max_size=4), st.lists(st.integers(), max_size=1),
)  # fmt: skip
_RECORDS = st.dictionaries(st.sampled_from(["id", "text", "source", "more"]), _VALUES, max_size=4)
_LINES = st.one_of(
    _RECORDS.map(lambda row: json.dumps(row).encode()),
    _RECORDS.map(lambda row: json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b" \r"),
    st.sampled_from([*_ODD.values(), b'{"text": "', b'"}', b"{", b"}", b'{"a":', b'{"b": {}', b"1}", b"\xff"]),
    st.just(b'{"id": 3, "text": "as most are"}'),
    st.just(b'{"id": "c", "text": "as most are"}'),
)


@example([b'{"source": "of no text"}', b'{"text": "of no source"}'], 2, 1)
@given(st.lists(_LINES, max_size=40), st.integers(2, 4), st.integers(1, 8))
def test_any_lines_are_read_as_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], parts: int, few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "PARTS_PER_CUT", parts)
        patch.setattr(columns, "ROWS_MIN", few)
        fast, slow, _ = read_both_ways(tmp_path_factory.mktemp("lines") / "rows.jsonl", lines)
    assert contents(fast) == contents(slow)


def test_a_file_that_changed_meanwhile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = jsonl(tmp_path / "rows.jsonl", {"a": article(1), "b": article(1)})
    reading = again.texts_at

    def later(*arguments: object) -> object:
        path.write_bytes(b"{}\n")
        return reading(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("dedup.bulk.verify.texts_at", later)
    with pytest.raises(DedupError, match=r"rows\.jsonl"):
        pipeline.find_duplicates(path, BULK)


# --- crowds ----------------------------------------------------------------------------------------------------


def test_identical_documents_are_one_cluster(tmp_path: Path) -> None:
    texts = {f"{number:04}": article(1, 6) for number in range(700)} | {"other": article(2, 6)}
    found = pipeline.find_duplicates(jsonl(tmp_path / "rows.jsonl", texts), BULK)
    assert [(one.canonical, len(one.members)) for one in found.clusters] == [("0000", 700)]
    assert {pair.relation for pair in found.pairs} == {"exact"}
    assert found.candidates <= 700  # each with the first one, and that with the other text


def test_one_template_many_times_is_capped_and_told(tmp_path: Path) -> None:
    stem = article(1, 12)
    texts = {f"{number:04}": f"{stem} Copy {number} of {number * 7}." for number in range(300)}
    found = pipeline.find_duplicates(jsonl(tmp_path / "rows.jsonl", texts), BULK)
    assert found.capped["bands"] > 0
    assert found.candidates <= 300 * (terms.JOIN_PARTNERS_MAX + 1)
    assert [(one.canonical, len(one.members)) for one in found.clusters] == [("0000", 300)]


# --- sketches --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [[], [""], [""] * 50, ["one"], ["", "word " * 70_000, ""], [f"w{one} a{one % 7} " * 40 for one in range(900)]],
    ids=["none", "empty", "many empty", "a word", "longer than a batch", "several batches"],
)  # fmt: skip
def test_texts_are_sketched_at_once_as_step_by_step(texts: list[str]) -> None:
    config = Config()
    sample = bulk_sketch.Sample(4, bulk_sketch.Sequences())
    sample.add(_texts(texts[::2]))
    ranking = sample.ranking(0.5)
    made = bulk_sketch.drawn(_texts(texts), ranking, config)
    hashes, counts, _ = bulk_sketch.token_hashes(*_buffer(texts))
    assert made.words.tolist() == counts.tolist()
    digests = np.empty(len(texts), np.uint64)
    join.digests(hashes, counts, digests)
    assert made.digests.tolist() == digests.tolist()
    parts = np.split(hashes, np.cumsum(counts)[:-1]) if texts else []
    shingles = [sketch.shingle_hashes(part, config.shingle_length_tokens) for part in parts]
    signatures = np.array([sketch.signature(one, config.permutations) for one in shingles], np.uint32)
    signatures = signatures.reshape(len(texts), config.permutations)
    bands = np.empty_like(made.bands)
    _, rows = match.banding(config.threshold, config.band_recall, config.permutations)
    join.band_keys(signatures, len(bands), rows, 0, bands)
    assert (made.bands == bands).all()
    terms, term_counts = np.empty_like(made.terms), np.empty_like(made.term_counts)
    ranks = ranking.slots, ranking.bits, ranking.limit, config.term_count, ranking.fresh
    join.choose_terms(hashes, counts, *ranks, terms, term_counts)
    assert made.term_counts.tolist() == term_counts.tolist()
    for own, other, count in zip(made.terms, terms, term_counts.tolist(), strict=True):
        assert (own[:count] == other[:count]).all()
    chosen = [one[one % np.uint64(config.passage_sampling) == 0].tolist() for one in shingles]
    assert made.shingle_counts.tolist() == [len(one) for one in chosen]
    assert made.shingles.tolist() == [key for one in chosen for key in one]


# --- matching --------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 30), max_size=20), max_size=8), st.integers(1, 6), st.integers(0, 3))
def test_terms_are_chosen_as_the_slow_way_chooses_them(texts: list[list[int]], wanted: int, fresh: int) -> None:
    spelled = [" ".join(f"w{one}" for one in text) for text in texts]
    sample = bulk_sketch.Sample(4, bulk_sketch.Sequences())
    sample.add(_texts(spelled[: len(spelled) // 2]))
    buffer, offsets = _buffer(spelled)
    hashes, counts, _ = bulk_sketch.token_hashes(buffer, offsets)
    keys, key_counts = np.zeros((len(texts), wanted + fresh), np.uint32), np.zeros(len(texts), np.int64)
    unmarked = np.zeros(join.FILTER_BITS // 64, np.uint64)
    join.choose_terms(hashes, counts, sample.slots, unmarked, 4, wanted, fresh, keys, key_counts)
    sampled = {tuple(text) for text in texts[: len(texts) // 2]}  # of the very same texts one counts
    frequency = {term: sum(term in text for text in sampled) for term in {one for text in texts for one in text}}
    for number, text in enumerate(texts):
        own = {clean.token_hash(f"w{term}"): frequency[term] for term in text}
        known = sorted((min(count, 5), term) for term, count in own.items() if 2 <= count <= 4)
        unseen = sorted(term for term, count in own.items() if count == 0)
        expected = {term >> 32 for _, term in known[:wanted]} | {term >> 32 for term in unseen[:fresh]}
        assert len(expected) == key_counts[number]
        assert set(keys[number, : key_counts[number]].tolist()) == expected


def _buffer(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    offsets = np.cumsum([0, *(len(text.encode()) for text in texts)], dtype=np.int64)
    return bulk_read.padded("".join(texts).encode()), offsets


def _texts(texts: Sequence[str]) -> bulk_read.Texts:
    buffer, offsets = _buffer(texts)
    none = np.zeros(0, np.int64)
    return bulk_read.Texts(bulk_read.Partition(()), buffer, offsets, [], none, none, none, {}, [], 0)


def test_candidates_of_bulk_are_among_those_that_share_terms_or_bands(tmp_path: Path) -> None:
    small, bulk = both(jsonl(tmp_path / "rows.jsonl", generated(range(6))))
    assert 0 < bulk.candidates <= small.candidates


# --- clean -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_parts")
def test_clean_keeps_just_the_lines_to_be_kept_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.cli.options.config", lambda _: BULK)
    texts = generated()
    names = Random(3).sample(list(texts), len(texts))
    path = tmp_path / "rows.jsonl"
    lines = {name: json.dumps({"z": 1, "text": texts[name], "id": name, "é": "ü"}) for name in names}
    path.write_text("\n".join(lines.values()))
    result = CliRunner().invoke(main, ["clean", str(path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.stderr
    manifest = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in manifest] == sorted(names)
    kept = {row["id"] for row in manifest if row["status"] == "kept"}
    assert {row["for"] for row in manifest if row["status"] == "dropped"} <= kept
    assert len(kept) == 8
    written = (tmp_path / "out" / "documents" / "rows.jsonl").read_text("utf-8")
    assert written == "".join(f"{lines[name]}\n" for name in names if name in kept)


@pytest.mark.usefixtures("small_parts")
def test_clean_gives_the_same_folder_either_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = untidy(tmp_path / "rows.jsonl")
    folders = []
    for name, chosen in (("small", SMALL), ("bulk", BULK)):
        monkeypatch.setattr("dedup.cli.options.config", lambda _, chosen=chosen: chosen)
        CliRunner().invoke(main, ["clean", str(path), "-o", str(tmp_path / name)])
        files = sorted(file for file in (tmp_path / name).rglob("*") if file.is_file())
        folders.append({file.relative_to(tmp_path / name).as_posix(): file.read_bytes() for file in files})
    assert folders[0] == folders[1]
    assert set(folders[0]) >= {"manifest.jsonl", "ledger.tsv", "documents/rows.jsonl", "unreadable.jsonl"}


def test_shared_passages_are_shown(tmp_path: Path) -> None:
    shared = article(7, 12)
    texts = {"a": f"{article(1, 12)} {shared}", "b": f"{shared} {article(2, 12)}"}
    path = jsonl(tmp_path / "rows.jsonl", texts)
    found = pipeline.find_duplicates(path, BULK)
    page = StringIO()
    Console(file=page, width=100).print(terminal.scan(found))
    for pair in found.pairs:
        assert pair.relation == "reuse"
        assert f"{pair.evidence['passages'][0]['equal_words']} words, characters" in page.getvalue()  # type: ignore[index]
    assert len(found.pairs) == 1
