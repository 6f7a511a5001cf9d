"""A report page becomes a review: served to one person on this machine, whose decisions are written beside it.

1. The page is read, and made anew with leave to speak to the server that it came from, and to no other.
2. The server listens on 127.0.0.1 alone. Every address that it answers begins with a random token; there are two: the
   page, and `decisions`, which is asked for them and takes one more.
3. A decision is checked, and appended to one file as a line, which is on the disk before it is acknowledged. Nothing
   else is ever written, and no other file is read.

It refuses, without looking further: another host's name (which a page elsewhere could have resolve to here), a request
that another page sends, an address with anything else in it, a body that is no JSON or longer than BODY_BYTES_MAX, and
any method but GET and POST.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import zip_longest
from pathlib import Path
from threading import Lock

from dedup import decisions, whole
from dedup.model import DedupError
from dedup.remembered import beside
from dedup.report import page

HOST = "127.0.0.1"
BODY_BYTES_MAX = 256_000
SECONDS_MAX = 20
"""How long a request may take to arrive."""


@dataclass(slots=True)
class Review:
    """A page under review: as it is served, the digests of its documents by name, and the file of the decisions."""

    html: bytes
    policy: str
    digests: Mapping[str, str]
    file: Path
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    lock: Lock = field(default_factory=Lock)


def review(results: Path) -> Review:
    """The review of a page. Raises DedupError if the file is none, or the decisions beside it cannot be read."""
    data = page.read(results)
    if data.index.get("mode") != "scan":
        raise DedupError(results, "is a page of two documents", "name one that dedup report wrote")
    file = beside(results)
    if file.is_symlink():
        raise DedupError(file, "is a link", "take it away: decisions are written to a file of their own")
    if file.exists():
        decisions.read(file)
    html = page.rendered(replace(data, index={**data.index, "review": file.name}), "'self'")
    listed = data.index["documents"]
    digests = dict(zip_longest(listed["ids"], listed.get("digests", ())))
    return Review(html.encode("utf-8"), "frame-ancestors 'none'", digests, file)


def made(one: Review) -> Sequence[decisions.Decision]:
    """The decisions so far."""
    return decisions.read(one.file) if one.file.exists() else []


def append(one: Review, found: decisions.Decision) -> int:
    """Appends a decision to the file; how many there are then. Raises ValueError if it is about other documents."""
    with one.lock:
        if not set(found.ids) <= one.digests.keys() or (found.witness and found.witness not in one.digests):
            raise ValueError("is about a document that the page does not have")
        before = len(made(one))
        if found.kind == "withdraw" and found.number > before:
            raise ValueError("withdraws what was not decided")
        texts = tuple(one.digests[name] for name in found.ids)
        whole.append_record(one.file, json.dumps(decisions.record(replace(found, digests=texts if all(texts) else ()))))
        return before + 1


def server(one: Review, port: int = 0) -> ThreadingHTTPServer:
    """A server of the review, at `address`; port 0 is any that is free. Raises DedupError if there is none."""

    class Handler(_Handler):
        review = one

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as error:
        raise DedupError(f"port {port}", f"cannot be had ({error.strerror})", "name another with --port") from error


def address(found: ThreadingHTTPServer, one: Review) -> str:
    return f"http://{HOST}:{found.server_address[1]}/{one.token}/"


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    review: Review
    timeout = SECONDS_MAX
    server_version, sys_version = "dedup", ""

    def do_GET(self) -> None:
        place = self._place()
        if place == "":
            self._answer(200, self.review.html, "text/html; charset=utf-8")
        elif place == "decisions":
            told = [decisions.record(found) for found in made(self.review)]
            self._answer(200, json.dumps(told).encode("ascii"), "application/json")

    def do_POST(self) -> None:
        if self._place(sent=True) != "decisions":
            return
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            self._refuse(415)
        elif not (length.isascii() and length.isdigit()) or self.headers.get("Transfer-Encoding"):
            self._refuse(411)
        elif len(length) > 12 or int(length) > BODY_BYTES_MAX:
            self._refuse(413)
        else:
            try:
                number = append(self.review, decisions.decision(json.loads(self.rfile.read(int(length)))))
            except (ValueError, RecursionError):
                self._refuse(400)
            except (OSError, DedupError):
                self._refuse(500)
            else:
                self._answer(200, json.dumps({"number": number}).encode("ascii"), "application/json")

    def _place(self, sent: bool = False) -> str | None:
        """What is asked for below the token, or None if the request was refused."""
        own = f"{HOST}:{self.connection.getsockname()[1]}"
        origin = self.headers.get("Origin")
        site = self.headers.get("Sec-Fetch-Site", "same-origin")
        if self.headers.get_all("Host") != [own]:
            self._refuse(421)
            return None
        is_own = origin == f"http://{own}" if sent else origin in (None, f"http://{own}")
        if not is_own or site not in ("same-origin", "none"):
            self._refuse(403)
            return None
        token, slash, place = self.path.removeprefix("/").partition("/")
        known = secrets.compare_digest(token.encode("utf-8", "replace"), self.review.token.encode("ascii"))
        if not known or not slash or place not in (("decisions",) if sent else ("", "decisions")):
            self._refuse(404)
            return None
        return place

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._answer(status, b"refused\n", "text/plain; charset=utf-8")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", self.review.policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: addresses hold the token."""
