"""Documents become an index on a Redis server, which several machines add to and ask at once: near copies, verified.

1. `index` opens the index of a name. What made it (signatures, bands, version) stands there beside it, and who comes
   with other options is refused.
2. `add` writes the text, then the bands of its signature (datasketch's MinHashLSH, whose signatures dedup's are bit for
   bit), and then asks. So of two machines that add two copies at the same time at least one is told of the other, and
   who was stopped between adds the same document again.
3. `query` takes the documents that share a band, and compares each as a scan does: a pair is told by its relation.

Nothing is unpickled of what the server gives: keys are ids, texts are compressed UTF-8. Whoever may write to the server
may add and remove documents; keep it behind a password, and in a network of your own.

Limits: near and exact copies alone, since the bands are of the text channel: spun copies and shared passages want a
scan or an index on disk. `document_bytes_max` for a text; `bucket_documents_max` documents are compared with one, and
how many more share a band with it is told.
Source: http://ekzhu.com/datasketch/lsh.html
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dedup import clean, match, pipeline
from dedup.config import Config
from dedup.model import DedupError, Document, Pair
from dedup.pipeline import DEFAULT, Entry

FORMAT = 1
TEXT_LEVEL = 6
REMEDY = "check the URL, and that the server runs and lets you in"


@dataclass(frozen=True, slots=True)
class Found:
    """The copies of a document, and how many documents that share a band with it were too many to be compared."""

    pairs: tuple[Pair, ...]
    uncompared: int = 0


@dataclass(frozen=True, slots=True)
class Shared:
    """An index that is open: the server, the bands on it, the name, and the URL as it is shown."""

    server: Any
    bands: Any
    name: str
    url: str
    config: Config

    def add(self, document: Document) -> Found:
        """Adds a document, and tells of the copies among those added before, or meanwhile.

        Raises DedupError if another text has its id already, or the server does not answer.
        """
        data = zlib.compress(document.text.encode("utf-8", "surrogatepass"), TEXT_LEVEL)
        key = _key(document.id)
        entry = pipeline.entry(document, self.config)
        with _answering(self.url):
            if not self.server.hsetnx(self._place("texts"), key, data) and self._text(key) != document.text:
                problem = f"has the id {document.id!r}, which another text has already"
                raise DedupError(document.locator.path or document.id, problem, "give it another id")
            if len(entry.tokens) and key not in self.bands.keys:
                self.bands.insert(key, _minhash(entry, self.config), check_duplication=False)
        return self._copies(entry)

    def query(self, document: Document) -> Found:
        """The copies of a document in the index, which does not take it up; its id does not matter."""
        return self._copies(pipeline.entry(document, self.config))

    def remove(self, name: str) -> None:
        """Takes a document out. Raises DedupError if it is not there."""
        key = _key(name)
        with _answering(self.url):
            if key in self.bands.keys:
                self.bands.remove(key)
            if not self.server.hdel(self._place("texts"), key):
                raise DedupError(self.url, f"has no document {name!r}", "check the id")

    def __len__(self) -> int:
        with _answering(self.url):
            return int(self.server.hlen(self._place("texts")))

    def _copies(self, entry: Entry) -> Found:
        if not len(entry.tokens):
            return Found(())
        own = _key(entry.document.id)
        with _answering(self.url):
            met = sorted(key for key in self.bands.query(_minhash(entry, self.config)) if key != own)
            asked = met[: self.config.bucket_documents_max]
            texts = [(key, self._text(key)) for key in asked]
        others = [clean.from_text(_name(key), text) for key, text in texts if text is not None]
        found = (pipeline.related(entry, pipeline.entry(one, self.config), self.config) for one in others)
        return Found(tuple(pair for pair in found if pair is not None), len(met) - len(asked))

    def _text(self, key: bytes) -> str | None:
        data = self.server.hget(self._place("texts"), key)
        if data is None:
            return None
        limit = self.config.document_bytes_max
        try:
            text = zlib.decompressobj().decompress(data, limit + 1)
            if len(text) > limit:
                raise ValueError(f"over the limit of {limit:,} bytes")
            return text.decode("utf-8", "surrogatepass")
        except (zlib.error, ValueError) as error:
            place = f"{self.url}, document {_name(key)!r}"
            raise DedupError(place, f"is no text ({error})", "remove it, and add it again") from error

    def _place(self, what: str) -> str:
        return f"dedup:{self.name}:{what}"


@contextmanager
def index(url: str, name: str, config: Config = DEFAULT) -> Iterator[Shared]:
    """The index of that name on a server, made if there is none: `redis://:password@host:6379/0`.

    Raises DedupError if the server does not answer, or the index was made with other options.
    """
    from dedup import urls

    shown = urls.shown(url)
    try:
        import redis
        from datasketch import MinHashLSH
    except ModuleNotFoundError as error:
        problem = f"takes the package {error.name}, which is not installed"
        raise DedupError(shown, problem, "install it with: pip install 'dedup-text[redis]'") from error
    try:
        connection: Any = redis.connection  # whose functions have no types
        options = connection.parse_url(url)
    except ValueError as error:
        raise DedupError(shown, "is no URL of a Redis server", "write it as redis://host:6379/0") from error
    if options.pop("connection_class", None) is not None and url.startswith("rediss:"):
        options["ssl"] = True
    with _answering(shown), redis.Redis(**options) as server:
        _check(server, shown, name, config)
        bands, rows = match.banding(config.threshold, config.band_recall, config.permutations)
        storage = {"type": "redis", "basename": f"dedup:{name}:".encode(), "redis": options}
        lsh = MinHashLSH(num_perm=config.permutations, params=(bands, rows), storage_config=storage, prepickle=False)
        yield Shared(server, lsh, name, shown, config)


def _check(server: Any, url: str, name: str, config: Config) -> None:
    """Raises DedupError if an index was made in another way than this program makes it."""
    own = {
        "format": FORMAT, "threshold": config.threshold, "band_recall": config.band_recall,
        "permutations": config.permutations, "shingle_length_tokens": config.shingle_length_tokens,
    }  # fmt: skip
    place = f"dedup:{name}:made"
    server.setnx(place, json.dumps(own, sort_keys=True))
    made = json.loads(server.get(place))
    if made != own:
        others = ", ".join(f"{key} {made.get(key)}, not {own[key]}" for key in own if made.get(key) != own[key])
        raise DedupError(f"{url}, index {name}", f"was made otherwise ({others})", "use those options, or another name")


@contextmanager
def _answering(url: str) -> Iterator[None]:
    """What a server does not do as one error, by the URL as it is shown."""
    from redis.exceptions import RedisError

    try:
        yield
    except RedisError as error:
        raise DedupError(url, f"does not answer ({error})", REMEDY) from None


def _minhash(entry: Entry, config: Config) -> Any:
    """The signature as datasketch's."""
    from datasketch import MinHash

    return MinHash(num_perm=config.permutations, seed=1, hashvalues=entry.sketch.signature, scheme="affine32")


def _key(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _name(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")
