"""Findings, or a collation, become a page: one file that opens from disk, and asks the network for nothing.

1. The figures (`overview`), lists (`listing`) and comparisons (`compared`) are data, which stand in script elements as
   JSON in which no character can end the element; none is put into the page as markup.
2. The template has places for these, for the style and for the script, which are files of their own in `static`.
3. A policy in the page allows this very script and style, by their digests, and nothing else: what a text says is
   never run, and nothing is loaded.

Limits: comparisons are held up to COMPARISONS_BYTES_MAX; what is left out is told in the page. The same findings give
the same bytes.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from dedup import judge
from dedup.config import Config
from dedup.damage import KINDS
from dedup.engines import local, processes
from dedup.model import RELATIONS, Collation, DedupError, Relation
from dedup.pipeline import Findings
from dedup.progress import SILENT, Progress
from dedup.report import compared, listing, overview
from dedup.report.wording import REASONS

COMPARISONS_BYTES_MAX = 18_000_000
"""Of a page of at most 30 MB, so much for comparisons, the rest for the lists."""
SUBSTITUTIONS_SHOWN = 50
STYLES = ("page.css", "views.css")
SCRIPTS = (
    "base.js",
    "data.js",
    "plots.js",
    "overview.js",
    "review.js",
    "clusters.js",
    "compose.js",
    "compare.js",
    "app.js",
)


@dataclass(frozen=True, slots=True)
class Data:
    """What a page is made of: its name, what the script reads at once, and what it unpacks when it is asked for."""

    title: str
    index: dict[str, Any]
    packs: tuple[str, ...]


def scan(findings: Findings, config: Config, progress: Progress = SILENT) -> str:
    """The page of what a scan found."""
    return rendered(scan_data(findings, config, progress))


def scan_data(findings: Findings, config: Config, progress: Progress = SILENT) -> Data:
    """What that page is made of."""
    of = overview.sources(findings)
    chosen = listing.listed(findings)
    progress.stage("lay side by side", len(findings.clusters) + len(chosen.reused), "pairs")
    packs = _comparisons(findings, chosen, config, progress)
    held = sorted(packs.places.items())
    index = {
        **_common(),
        "mode": "scan",
        **overview.figures(findings, config, of),
        "documents": listing.documents(findings, chosen, of),
        "clusters": listing.clusters(findings, chosen),
        "reuse": listing.reuse(findings, chosen),
        "packs": dict(held),
        "packs_whole": packs.whole,
        "substitutions": _most_frequent(packs.ledger),
        "decided": list(findings.decided),
    }
    return Data(f"{len(findings.clusters):,} clusters in {len(findings.corpus):,} documents", index, packs.texts)


def _comparisons(findings: Findings, chosen: listing.Listed, config: Config, progress: Progress) -> compared.Packs:
    """Clusters under `c` and a number, pairs with shared passages under `r` and one, as far as there is room."""
    workers = config.workers or local.workers_available()
    lengths = findings.corpus.stops - findings.corpus.starts
    size = int(lengths[chosen.documents].sum())

    def told(prefix: str, found: Iterable[compared.Held]) -> Iterator[tuple[str, compared.Held]]:
        for one in found:
            progress.advance(1)
            yield f"{prefix}{one.number}", one

    clusters = processes.as_needed(compared.of_cluster, listing.groups(findings, chosen, config), workers, 8 * size)
    passages = processes.as_needed(compared.of_passages, listing.shared(findings, chosen, config), workers, size)
    first = compared.packed(told("r", passages), COMPARISONS_BYTES_MAX // 4)
    room = COMPARISONS_BYTES_MAX - sum(map(len, first.texts))
    return compared.together(compared.packed(told("c", clusters), room), first)


def diff(found: Collation, kind: Relation | None, config: Config) -> str:
    """The page of two documents side by side. kind: what they are to each other, if anything."""
    verdicts = judge.verdicts(found, kind, config) if kind else ()
    packs = compared.packed([("c0", compared.of_two(found, verdicts))], COMPARISONS_BYTES_MAX)
    a, b = found.compared.a, found.compared.b
    index = {
        **_common(),
        "mode": "diff",
        "documents": {
            "ids": [a.id, b.id],
            "words": [len(found.compared.tokens_a), len(found.compared.tokens_b)],
            "source_names": [""],
            "source": [0, 0],
            "flags": [0, 0],
        },
        "relation": kind,
        "resemblance": round(found.compared.resemblance, 6),
        "packs": dict(packs.places),
        "packs_whole": packs.whole,
    }
    return rendered(Data(f"{a.id} and {b.id}", index, packs.texts))


def _common() -> dict[str, Any]:
    return {
        "version": version("dedup-text"),
        "relations": list(RELATIONS),
        "kinds": list(compared.KINDS),
        "damage_kinds": list(KINDS),
        "evidence": list(compared.EVIDENCE),
        "reasons": REASONS,
    }


def _most_frequent(ledger: compared.Ledger) -> dict[str, Any]:
    rows = sorted(ledger.items(), key=lambda item: (-item[1], item[0]))
    return {
        "rows": [[a, b, count] for (a, b), count in rows[:SUBSTITUTIONS_SHOWN]],
        "distinct": len(rows),
        "made": sum(ledger.values()),
    }


# --- the file ----------------------------------------------------------------------------------------------------


def rendered(data: Data, connect: str = "'none'") -> str:
    """The page as HTML. connect: what the policy allows the script to ask."""
    from jinja2 import Environment, select_autoescape
    from markupsafe import Markup

    style = "\n".join(map(_static, STYLES))
    script = "\n".join(('"use strict";', "(() => {", *map(_static, SCRIPTS), "})();", ""))
    environment = Environment(autoescape=select_autoescape(default=True, default_for_string=True))
    return environment.from_string(_static("page.html")).render(
        title=data.title,
        policy=policy(style, script, connect),
        style=Markup(style),
        script=Markup(script),
        data=Markup(as_json(data.index)),
        packs=data.packs,
    )


_PLACES = (
    r"<title>(.*?) - dedup</title>",
    r'<script type="application/json" id="data">(.*?)</script>',
)
_PACK = r'<script type="text/plain" id="pack-\d+">([A-Za-z0-9+/=]*)</script>'


def read(path: Path) -> Data:
    """What a page was made of. Raises DedupError if the file cannot be read or is no such page."""
    try:
        html = path.read_text(encoding="utf-8")
        title, data = (re.search(place, html, re.S) for place in _PLACES)
        index = json.loads(data[1]) if data else None
        if not title or not isinstance(index, dict) or not isinstance(index.get("documents"), dict):
            raise ValueError
        return Data(unescape(title[1]), index, tuple(re.findall(_PACK, html)))
    except OSError as error:
        raise DedupError(path, f"cannot be read ({error.strerror})", "name a page that dedup report wrote") from error
    except ValueError as error:
        raise DedupError(path, "is no report page", "name a page that dedup report wrote") from error


def policy(style: str, script: str, connect: str = "'none'") -> str:
    """The Content-Security-Policy under which only these may be applied and run."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; connect-src {connect}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}"


_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def as_json(value: object) -> str:
    """JSON in ASCII without a character that HTML looks at, so that no text can leave the element that it stands in."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).translate(_ESCAPED)


def _static(name: str) -> str:
    return (files("dedup.report") / "static" / name).read_text(encoding="utf-8")
