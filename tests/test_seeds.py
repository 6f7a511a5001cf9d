"""The five seeds are those that were supplied, byte for byte, and stay out of the wheel."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHA256 = {
    "000": "bd39db1e05a898066e107ea4aa3e1fc1ccc50598b1c40da65358511b96c68c72",
    "001": "16b6ee0b05af7293b8bd00cdc1089f331a3dfa91657cc2ab746765d04cbc84b1",
    "002": "6fb15b80e453e37069ece3efd3a858afe4b4e3fb4b7f9b3e96ccc6bd7ea7f298",
    "003": "aeffc1231accf608870b459ac7c73171c0a576d362830b459cb439a06fe829a1",
    "004": "a055b6b23d6390dd411b0a46d5d04e3855b05f1a392eb73dc6f934869c3f7966",
}


def seed(number: str) -> Path:
    (found,) = (ROOT / "seeds").glob(f"{number}_*.txt")
    return found


@pytest.mark.parametrize("number", sorted(SHA256))
def test_seed_has_the_bytes_it_was_supplied_with(number: str) -> None:
    assert hashlib.sha256(seed(number).read_bytes()).hexdigest() == SHA256[number]


def test_seeds_folder_holds_the_five_and_nothing_else() -> None:
    assert sorted(path.name[:3] for path in (ROOT / "seeds").rglob("*")) == sorted(SHA256)


@pytest.mark.parametrize("number", sorted(SHA256))
def test_provenance_lists_name_and_hash(number: str) -> None:
    provenance = (ROOT / "docs" / "seeds.md").read_text(encoding="utf-8")
    assert seed(number).name in provenance
    assert SHA256[number] in provenance


def test_seeds_are_in_no_distribution() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["packages"] == ["dedup"]
    assert "force-include" not in build["wheel"]
    assert "seeds" in build["sdist"]["exclude"]
