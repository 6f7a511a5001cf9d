"""What dedup depends on becomes a list: each distribution that it needs at run time, its version and its licence.

1. The requirements of `dedup-text` without extras are followed through the metadata of what is installed.
2. A licence is what the metadata says: the expression (PEP 639), else the classifiers, else the field, else the first
   line of the licence that comes with it.

Exits with 1 if a licence is not told, or is none of those that the project may be shipped beside.
Run: python benchmarks/licences.py
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

ALLOWED = re.compile(r"MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL|Mozilla|Unlicense|zlib|CC0", re.IGNORECASE)
"""All of them let a program depend on the library, whatever its own licence is."""


def needed(name: str) -> dict[str, Distribution]:
    """The distributions that one needs here, itself left out, by name."""
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        try:
            one = distribution(waiting.pop())
        except PackageNotFoundError:
            continue  # for another system, or another Python
        found[one.metadata["Name"]] = one
        for requirement in one.requires or ():
            wanted = re.match(r"[\w.-]+", requirement)
            if wanted and "extra ==" not in requirement and not _is_known(wanted[0], found):
                waiting.append(wanted[0])
    return {key: found[key] for key in sorted(found, key=str.lower) if key != name}


def _is_known(name: str, found: dict[str, Distribution]) -> bool:
    return _plain(name) in map(_plain, found)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(one: Distribution) -> str:
    data = one.metadata
    if expression := data.get("License-Expression"):
        return str(expression)
    lines = [line for line in data.get_all("Classifier") or () if line.startswith("License")]
    named = [line.rpartition(" :: ")[2] for line in lines if not line.endswith(("OSI Approved", "Proprietary License"))]
    texts = [file.read_text() for file in one.files or () if "LICEN" in file.name.upper() and file.suffix != ".py"]
    others = [text.strip().splitlines()[0][:80] for text in (data.get("License") or "", *texts) if text.strip()]
    return ", ".join(named) or next(iter(others), "")


def main() -> None:
    doubtful = []
    for name, one in needed("dedup-text").items():
        told = licence(one)
        print(f"{name:24} {one.version:16} {told or 'not told'}")
        if not ALLOWED.search(told):
            doubtful.append(name)
    if doubtful:
        sys.exit(f"licences to be looked at: {', '.join(doubtful)}")


if __name__ == "__main__":
    main()
