"""Names of sources that lie elsewhere: which are URLs, and how a URL is shown without what it keeps secret.

1. `is_url` tells URLs from paths; `local` gives the path that a `file:` URL names, which is read as any path is.
2. `shown` takes out of a URL who asks (`user:password@`), and the values of parameters that are signatures, tokens or
   keys by their name, or look like one: a long value without a file's ending.
3. `without_secrets` does so for every URL in a text, as in what libraries say of what went wrong.

Nothing else of a URL is taken out, so that two sources are told apart by what is shown of them.
Limits: a secret in the path of a URL is not known as one. Source: RFC 3986.
"""

from __future__ import annotations

import re

HIDDEN = "..."
"""What stands for a secret."""
SECRET_CHARS_MIN = 24
"""Characters of a value from which it is taken for a secret, whatever its name is, unless it ends as a file does."""

_ANY = "[A-Za-z][A-Za-z0-9+.-]{1,30}"
_KNOWN = "(?:https?|s3a?|gcs?|gs|az|abfss?|ftps?|sftp)"
"""What URLs begin with of which a slash was lost, as where they were taken for paths."""
_URL = re.compile(rf"(?:{_ANY}://|(?<![\w./]){_KNOWN}:/)[^\s\"<>]+")
_CHAINED = re.compile(r"::(?=[a-z0-9]{2,16}://)")
_START = re.compile(rf"{_ANY}://|{_KNOWN}:/")
_SCHEME = re.compile(rf"{_ANY}:(?://|:[a-z0-9]{{2,16}}://)")
_SECRET_NAME = re.compile(
    r"sig|token|key|secret|pass|pwd|auth|cred|session|code|jwt|hash|hmac|policy|bearer|cookie|nonce|x-(?:amz|goog|ms)-",
    re.IGNORECASE,
)
_FILE_END = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")


def is_url(source: object) -> bool:
    """Whether a source is named by a URL, and no path: `s3://bucket/folder`, `memory://a`."""
    return isinstance(source, str) and bool(_SCHEME.match(source))


def local(source: str) -> str | None:
    """The path that a URL of this machine names, None for any other."""
    for scheme in ("file://", "local://"):
        if source[: len(scheme)].lower() == scheme:
            return source[len(scheme) :].removeprefix("localhost/") or "."
    return None


def shown(url: str) -> str:
    """A URL without its secrets; several, chained by `::`, each."""
    return "::".join(_shown(one) for one in _CHAINED.split(url))


def _shown(url: str) -> str:
    start = _START.match(url)
    if not start:
        return url
    rest = url[start.end() :]
    stop = min((at for at in (rest.find(mark) for mark in "/?#") if at >= 0), default=len(rest))
    authority, behind = rest[:stop], rest[stop:]
    if "@" in authority:
        authority = authority.rpartition("@")[2]
    elif ":" in authority and not authority.rpartition(":")[2].isdigit() and "@" in behind:
        authority, behind = _after_password(behind)  # a password with a / in it, as keys of storage have
    before, sharp, fragment = behind.partition("#")
    path, mark, query = before.partition("?")
    return f"{start[0]}{authority}{path}{mark}{_parameters(query)}{sharp}{_parameters(fragment)}"


def _after_password(rest: str) -> tuple[str, str]:
    host = rest.rpartition("@")[2]
    name, slash, path = host.partition("/")
    return name, slash + path


def _parameters(query: str) -> str:
    """The parameters of a query, the values of those that may be secret hidden."""
    return "".join(part if at % 2 else _parameter(part) for at, part in enumerate(re.split("([&;])", query)))


def _parameter(one: str) -> str:
    name, equals, value = one.partition("=")
    if not equals:
        return HIDDEN if _is_long(name) else name
    return f"{name}={HIDDEN}" if value and (_SECRET_NAME.search(name) or _is_long(value)) else one


def _is_long(value: str) -> bool:
    return len(value) >= SECRET_CHARS_MIN and not _FILE_END.search(value)


def without_secrets(text: str) -> str:
    """A text in which every URL is shown without its secrets."""
    return _URL.sub(lambda found: shown(found[0]), text) if ":/" in text else text
