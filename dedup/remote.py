"""What lies at a URL is fetched into the spool, once, and read from there as a file of this machine is.

1. `found` tells what a URL names: a file; all files of a folder, at any depth; or, where it holds `*`, `?` or `[`, the
   files below what stands before that fit the rest, as they would fit --include. Of a web site a folder is a URL that
   ends with /, its files are those below it that the page there links to, and ? is no sign of a pattern.
2. `fetched` copies one of them, in pieces, from its beginning to its end.
3. A file's id is its name, or its path below the folder, or below what stands before the first sign of a pattern. A
   path that leads out of the folder, and one that is both file and folder, is a problem in its place; names that begin
   with a dot are passed over.

fsspec speaks to storage and servers; who asks for what goes by its own settings (FSSPEC_S3_KEY and the like) and those
of its packages. Nothing that is told of a URL has its secrets (`urls`).

Limits: `document_bytes_max` for a text, `unpacked_bytes_max` for any other file, `archive_members_max` files a URL,
DEPTH_MAX folders one within another, SILENCE_SECONDS for a web server to answer.
Source: https://filesystem-spec.readthedocs.io/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from dedup import globs, urls
from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed import forms
from dedup.packed.archives import Names
from dedup.spool import Spool

PIECE_BYTES = 4 << 20
WEB = ("http", "https")
DEPTH_MAX = 32
"""Folders, one within another, that are looked into, where they are listed one by one."""
NOT_FOUND = 404
SILENCE_SECONDS = 60
SIGNS = "*?["
REASON_CHARS_MAX = 300
PACKAGES = {
    "http": "aiohttp", "https": "aiohttp", "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs",
    "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs", "adl": "adlfs", "oci": "ocifs", "oss": "ossfs",
    "hf": "huggingface_hub", "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol", "github": "requests",
    "webhdfs": "requests", "webdav": "webdav4", "hdfs": "pyarrow", "dropbox": "dropboxdrivefs",
}  # fmt: skip
"""What fsspec wants beside itself, by the beginning of a URL."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that is still to be fetched: from which file system, by which name there, and what it will be."""

    system: Any
    name: str
    file: SourceFile


def found(url: str, config: Config) -> list[Remote | DedupError]:
    """What a URL names, in the order of the paths, and the problems with what is none."""
    try:
        return _found(url, config)
    except DedupError as error:
        return [error]
    except ImportError as error:
        return [_missing(url, error)]
    except Exception as error:  # each of the libraries that speak to storage has errors of its own
        return [_failed(urls.shown(url), url, error)]


def _found(url: str, config: Config) -> list[Remote | DedupError]:
    system, root = _opened(url)
    is_web = _scheme(url) in WEB
    sign = first_sign(url, "*" if is_web else SIGNS)
    if sign < 0:
        info = {"type": "directory"} if is_web and url.endswith("/") else system.info(root)
        if (is_web and not url.endswith("/")) or info.get("type") != "directory":
            return [_file(system, root, url, info, config)]
        return _below(system, _Folder(root.rstrip("/"), url.rstrip("/"), is_web), config)
    top = root[: root.rfind("/", 0, first_sign(root, "*" if is_web else SIGNS))]
    cut = url.rfind("/", 0, sign)
    return _below(system, _Folder(top, url[:cut], is_web, url[cut:]), config)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder elsewhere: its name in the file system, its URL, and the pattern of what is wanted, if not all is."""

    name: str
    url: str
    is_web: bool
    pattern: str = ""


def _scheme(url: str) -> str:
    return url.partition("::")[0].partition("://")[0].lower()


def first_sign(text: str, signs: str = SIGNS) -> int:
    """Where the first sign of a pattern stands, -1 if none does."""
    return min((at for at in map(text.find, signs) if at >= 0), default=-1)


def _opened(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the name there."""
    from fsspec.core import url_to_fs

    options: dict[str, Any] = {}
    if _scheme(url) in WEB:
        from aiohttp import ClientTimeout

        options["client_kwargs"] = {
            "timeout": ClientTimeout(total=None, sock_connect=SILENCE_SECONDS, sock_read=SILENCE_SECONDS)
        }
        options["simple_links"] = False
    system, root = url_to_fs(url, **options)
    system.invalidate_cache()
    return system, root


def _file(system: Any, name: str, url: str, info: Mapping[str, Any], config: Config) -> Remote:
    """The one file that a URL names."""
    shown = urls.shown(url)
    last = shown.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    own = last if last not in ("", ".", "..") and ":" not in last[-1:] and "\\" not in last else "page"
    made = _source(shown, own, info, config)
    if made.form == "text" and "." not in own and str(info.get("mimetype", "")).startswith("text/html"):
        made = replace(made, form=forms.named("page.html", config)[0])
    return Remote(system, name, made)


def _source(shown: str, name: str, info: Mapping[str, Any], config: Config) -> SourceFile:
    form, codec = forms.named(name, config)
    return SourceFile(shown, name, int(info.get("size") or 0), form, codec=codec, text_column=config.text_column)


def _below(system: Any, folder: _Folder, config: Config) -> list[Remote | DedupError]:
    """The files below a folder, and the folders that could not be listed."""
    listed, unlisted = _listed(system, folder, config)
    top, shown = folder.name + "/" * bool(folder.name), urls.shown(folder.url)
    wanted = replace(config, include=(folder.pattern,), exclude=()) if folder.pattern else None
    names = Names()
    made: list[Remote | DedupError] = []
    for name in sorted(listed, key=lambda one: one.encode("utf-8", "surrogatepass").split(b"/")):
        own = name.removeprefix(top)
        if not name.startswith(top) or _is_passed_over(own, folder) or (wanted and not globs.selected(own, wanted)):
            continue
        one = Remote(system, name, _source(f"{shown}/{urls.shown(own)}", own, listed[name], config))
        if not (globs.passes if one.file.is_archive else globs.selected)(own, config):
            continue
        problem = names.wrong(own)
        made.append(DedupError(one.file.path, problem, "fetch it yourself, if it is wanted") if problem else one)
    if not made and not unlisted:
        problem, remedy = "holds no files to be read", "check the URL, --include and --exclude"
        raise DedupError(urls.shown(folder.url + folder.pattern), problem, remedy)
    return [*made, *unlisted]


def _listed(system: Any, folder: _Folder, config: Config) -> tuple[Mapping[str, Any], list[DedupError]]:
    """What fsspec tells of each file below a folder, by name, and the problems with folders in it.

    Storage that has no folders lists all at once; anything else is walked here, since fsspec passes over what fails.
    """
    from fsspec.asyn import AsyncFileSystem
    from fsspec.spec import AbstractFileSystem

    if getattr(type(system), "_find", type(system).find) not in (AsyncFileSystem._find, AbstractFileSystem.find):
        listed = system.find(folder.name, detail=True)
        _check_count(len(listed), folder, config)
        return listed, []
    listed, unlisted = {}, []
    seen, waiting = {folder.name}, [(folder.name + "/" * folder.is_web, 0)]
    while waiting:
        at, depth = waiting.pop()
        try:
            entries = system.ls(at, detail=True) if depth <= DEPTH_MAX else _too_deep(at)
        except Exception as error:  # each of the libraries that speak to storage has errors of its own
            if not depth:
                raise
            place = folder.url + at.removeprefix(folder.name)
            unlisted.append(error if isinstance(error, DedupError) else _failed(urls.shown(place), at, error))
            continue
        for one in entries:
            name = one["name"]
            if one.get("type") != "directory":
                listed[name] = one
            elif (bare := name.rstrip("/")) not in seen and not _is_elsewhere(bare, folder):
                seen.add(bare)
                waiting.append((name, depth + 1))
        _check_count(len(listed) + len(seen) - 1, folder, config)
    return listed, unlisted


def _check_count(files: int, folder: _Folder, config: Config) -> None:
    """Raises DedupError if a folder holds too much."""
    if files > config.archive_members_max:
        problem = f"holds over {config.archive_members_max:,} files, which is the limit"
        raise DedupError(urls.shown(folder.url), problem, "name a part of it, or raise --archive-members-max")


def _too_deep(folder: str) -> list[Mapping[str, Any]]:
    raise DedupError(folder, f"is a folder more than {DEPTH_MAX} deep", "name it as a source")


def _is_elsewhere(name: str, folder: _Folder) -> bool:
    """Whether what a folder names lies outside of it, or is the page of a form: links lead anywhere."""
    own = name.removeprefix(folder.name)
    return own == name or (folder.is_web and (".." in own.split("/") or "?" in own or "#" in own))


def _is_passed_over(path: str, folder: _Folder) -> bool:
    """Whether a file below a folder is hidden, or none of that folder."""
    is_hidden = any(one.startswith(".") and one != ".." for one in path.split("/"))
    return not path or path.endswith("/") or is_hidden or _is_elsewhere(f"{folder.name}/{path}", folder)


# --- fetching --------------------------------------------------------------------------------------------------


def fetched(one: Remote, spool: Spool, config: Config, advance: Callable[[int], None]) -> SourceFile | DedupError:
    """The file, with its bytes in the spool, or why it could not be had; `advance` is told how many bytes came."""
    file = one.file
    target = spool.path(".remote")
    try:
        with target.open("wb") as out:
            size = _copied(one, out, spool, config, advance)
        made = replace(file, held=target, size_bytes=size)
        if "." not in file.id.rpartition("/")[2]:
            from dedup.packed import files

            made = files.told(made, config)
        _check(made, size, config)
        return made
    except DedupError as error:
        target.unlink(missing_ok=True)
        return error
    except ImportError as error:
        return _missing(str(file.path), error)
    except Exception as error:  # each of the libraries that speak to storage has errors of its own
        target.unlink(missing_ok=True)
        return _failed(str(file.path), one.name, error)


def _copied(one: Remote, out: BinaryIO, spool: Spool, config: Config, advance: Callable[[int], None]) -> int:
    size = 0
    _check(one.file, one.file.size_bytes, config)
    for piece in _pieces(one):
        if spool.stopped:
            raise DedupError(one.file.path, "was not fetched to its end", "run the command again")
        size += len(piece)
        _check(one.file, size, config)
        out.write(piece)
        advance(len(piece))
    if one.file.size_bytes and size < one.file.size_bytes:
        problem = f"breaks off after {size:,} of {one.file.size_bytes:,} bytes"
        raise DedupError(one.file.path, problem, "run the command again")
    return size


def _pieces(one: Remote) -> Iterator[bytes]:
    """The bytes of a file, in order; of a web server in one answer, so that they are all of one version."""
    block = {"block_size": 0} if str(one.name).partition("://")[0] in WEB else {}
    with one.system.open(one.name, "rb", **block) as source:
        while piece := source.read(PIECE_BYTES):
            yield piece


def _check(file: SourceFile, size_bytes: int, config: Config) -> None:
    """Raises DedupError if a file is too long."""
    is_text = not file.holds_records and not file.codec and ("." in file.id or file.held)
    limit = config.document_bytes_max if is_text else config.unpacked_bytes_max
    if size_bytes > limit:
        option = "--document-bytes-max" if is_text else "--unpacked-bytes-max"
        raise DedupError(file.path, f"holds over {limit:,} bytes, which is the limit", f"split it, or raise {option}")


def _missing(url: str, error: ImportError) -> DedupError:
    """The problem with a URL for which a package is missing."""
    missing = (error.name or "").partition(".")[0]
    package = "fsspec" if missing == "fsspec" else PACKAGES.get(_scheme(url), missing)
    what = "'dedup-text[remote]'" if package == "fsspec" else package or f"what it asks for: {error}"
    return DedupError(urls.shown(url), "is a URL that takes a package not installed", f"install it: pip install {what}")


def _failed(shown: str, secret: str, error: Exception) -> DedupError:
    """The problem with what could not be had; libraries name the URL as it was given."""
    error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if isinstance(error, FileNotFoundError) or getattr(error, "status", None) == NOT_FOUND:
        return DedupError(shown, "does not exist", "check the spelling of the URL, and that you may list what is there")
    if isinstance(error, ValueError) and "protocol" in str(error).lower():
        return DedupError(shown, "begins with no scheme that fsspec knows", "check the spelling of the URL")
    lines = str(error).replace(secret, urls.shown(secret)).strip().splitlines() or [type(error).__name__]
    reason = " ".join(lines[0].split())[:REASON_CHARS_MAX]
    return DedupError(shown, f"cannot be fetched ({reason})", "check the URL, the network and your permissions")
