"""Opening a project with DVC, so that nothing runs that the project brings.

DVC keeps its memory of files in databases whose values are pickled objects, and takes credentials
from programs that its configuration names. What git tracks may have been written by anybody, so
neither the place of the databases nor the names of programs are taken from there.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from dvc.config import Config
from dvc.logger import colorama
from dvc.repo import Repo

from nbsnake.dvc.failures import dvc_failures
from nbsnake.dvc.fetched import checked_fetches
from nbsnake.dvc.gitignore import tracked_by_git
from nbsnake.dvc.reading import limited_matrices, plain_yaml, read_config, regular_files
from nbsnake.dvc.scan import check_files
from nbsnake.dvc.stores import checked_objects
from nbsnake.errors import ToolError, Where
from nbsnake.job.inside import OWNED, inside, plain
from nbsnake.names import is_owned

# Settings of remotes that are, or lead to, a command: of WebDAV, of S3 and of Google's storage.
COMMANDS = ("bearer_token_command", "configpath", "credentialpath")
MEMORY = "site_cache_dir"  # the folder of the databases

# DVC's progress bars put a stream of their own around that which escapes texts of others, and which
# takes them for commands of a Windows console.
colorama.deinit()


@contextlib.contextmanager
def open_repo(*, fetches: bool = False, left_out: set[str] | None = None) -> Iterator[Any]:
    """The project in the working directory as DVC has it.

    Raises :class:`ToolError` for a setting that would let the project run code. That of a remote
    is a fault where the caller ``fetches``; else it is left out. An object that is fetched
    and is not what its name says is dropped, and its name added to ``left_out``.
    """
    _check_links()
    check_files()
    config = read_config()
    tracked = _tracked(config)
    for file, given in tracked.items():
        if given.get("core", {}).get(MEMORY):
            raise _refusal(file, f"core.{MEMORY}", "set the variable DVC_SITE_CACHE_DIR instead")
        for name, setting in _commands(given):
            if fetches:
                advice = f"trust it by setting it yourself: dvc remote modify --local {name} "
                raise _refusal(file, f"{setting} of the remote {name!r}", f"{advice}{setting} ...")
    with contextlib.ExitStack() as stack:
        stack.enter_context(regular_files())
        stack.enter_context(plain_yaml())
        stack.enter_context(limited_matrices())
        stack.enter_context(checked_objects())
        if fetches:
            stack.enter_context(checked_fetches(set() if left_out is None else left_out))
        repo: Any = stack.enter_context(Repo(".") if _is_writable() else _read_only(stack))
        _check_stores(repo)
        for given in tracked.values():
            for name, setting in _commands(given):
                repo.config["remote"].get(name, {}).pop(setting, None)
        yield repo


def is_without_git() -> bool:
    """Whether DVC is set up in the working directory to leave git alone (``core.no_scm``).

    Raises :class:`ToolError` for settings that cannot be read.
    """
    _check_links()
    with dvc_failures("read its settings"):
        return bool(read_config().get("core", {}).get("no_scm"))


class _ReadOnlyRepo(Repo):  # type: ignore[misc]
    """A project in which DVC cannot write: its files for the time being are in another folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        super().__init__(".")

    def _ignore(self) -> None:
        """git need not ignore the folder."""

    @property
    def tmp_dir(self) -> str:
        return os.path.join(self._folder, "tmp")

    @property
    def site_cache_dir(self) -> str:
        return os.path.join(self._folder, "site")


def _read_only(stack: contextlib.ExitStack) -> _ReadOnlyRepo:
    return _ReadOnlyRepo(stack.enter_context(tempfile.TemporaryDirectory()))


def _is_writable() -> bool:
    return os.access(".dvc/tmp" if os.path.isdir(".dvc/tmp") else ".dvc", os.W_OK | os.X_OK)


def _check_links() -> None:
    """What DVC writes in its folder is not led elsewhere."""
    for path in (".dvc", ".dvc/.gitignore", ".dvc/tmp"):
        plain(path)
    for folder in (".dvc/cache", ".dvc/cache/files", ".dvc/cache/files/md5", ".dvc/cache/runs"):
        inside(f"{folder}/")
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(".dvc/tmp"):
            plain(f".dvc/tmp/{name}")


def _check_stores(repo: Any) -> None:
    """Raise :class:`ToolError` for a cache or remote in a folder of git or of another tool."""
    remotes = repo.config["remote"].items()
    stores = {f"the remote {name!r}": str(each.get("url", "")) for name, each in remotes}
    for what, folder in {"the cache": repo.cache.legacy.path, **stores}.items():
        path = os.path.relpath(os.path.realpath(folder))
        if "://" not in folder and is_owned(path) and not f"{path}/".startswith(".dvc/cache/"):
            message = f"{what} is in {path}, which {OWNED}"
            raise ToolError(message, where=Where(".dvc/config"), hint="name another folder there")


def _tracked(config: Config) -> dict[str, dict[str, Any]]:
    """What the files say that come with the project."""
    files = {level: os.path.relpath(config.files[level]) for level in ("repo", "local")}
    local = bool(os.path.lexists(files["local"]) and tracked_by_git([files["local"]]))
    levels = ["repo", *["local"] * local]
    return {files[level]: config.load_one(level) for level in levels}


def _commands(given: dict[str, Any]) -> list[tuple[str, str]]:
    remotes = given.get("remote", {})
    return [(name, each) for name in remotes for each in COMMANDS if remotes[name].get(each)]


def _refusal(file: str, setting: str, hint: str) -> ToolError:
    message = f"{setting} may run a program, and this file comes with the project"
    return ToolError(message, where=Where(file), hint=hint)
