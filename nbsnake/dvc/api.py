"""What DVC itself is asked to do: to lock what is beyond nbsnake, and to fetch."""

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from dvc.lock import LockNoop
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.stage.cache import RunCacheNotSupported
from dvc.stage.serialize import to_single_stage_lockfile
from dvc_data.hashfile.hash_info import HashInfo

from nbsnake.dvc.failures import dvc_failures
from nbsnake.dvc.open import open_repo
from nbsnake.errors import ToolError
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest
from nbsnake.job.inside import UnsafePathError, output, plain
from nbsnake.names import DVC_FILE


def init(*, below_git: bool) -> None:
    """Set up DVC in the working directory, or where git's folder is further up, ``below_git``.

    Raises :class:`ToolError` where DVC refuses.
    """
    with dvc_failures("set up the project"):
        Repo.init(".", subdir=below_git).close()


def commit(names: Collection[str], files: Collection[str]) -> dict[str, dict[str, Any]]:
    """Let DVC store and remember what these stages wrote; their entries for dvc.lock.

    The ``.dvc`` files are brought up to date with what they track. The caller holds DVC's lock.
    Raises :class:`ToolError` where DVC refuses.
    """
    with (
        dvc_failures("lock", hint="see: dvc status -v"),
        open_repo() as repo,
        repo.scm_context(quiet=True),
    ):
        repo.lock = LockNoop()
        with repo.lock:
            return _commit(repo, names, files)


def _commit(repo: Any, names: Collection[str], files: Collection[str]) -> dict[str, dict[str, Any]]:
    entries = {}
    wanted = collect_stages(repo, [DVC_FILE])
    for stage in plan_repro(get_active_graph(repo.index.graph), wanted):
        if stage.relpath in files:
            for path in (stage.relpath, *(os.path.relpath(out.fs_path) for out in stage.outs)):
                plain(path)
            stage.save()
            stage.commit()
            stage.dump()
        elif stage.addressing in names:
            # As dvc.stage.Stage.run does after the command
            unlogged = any(not o.use_cache for o in stage.outs if not (o.is_metric or o.is_plot))
            stage.save(run_cache=not unlogged)
            stage.commit()
            entries[stage.name] = dict(to_single_stage_lockfile(stage))
    return entries


def memory_folder() -> str:
    """Where DVC keeps what it knows of this project's files.

    Raises :class:`ToolError` where DVC cannot read the project.
    """
    with dvc_failures("read the project"), open_repo() as repo:
        folder: str = repo.site_cache_dir
        return folder


def push(md5s: Iterable[str], remote: str | None) -> int:
    """Upload these objects, then what `dvc push --run-cache` uploads; how many objects.

    The records of runs come last, so that there is none without its objects. Raises
    :class:`ToolError` where DVC cannot.
    """
    with dvc_failures("push", hint="see: dvc push -v"), open_repo(fetches=True) as repo:
        done = repo.cloud.push([HashInfo("md5", md5) for md5 in md5s], remote=remote)
        if done.failed:
            raise ToolError(f"DVC could not push {len(done.failed)} objects", hint="try again")
        more: int = repo.push(remote=remote, run_cache=False)
        with contextlib.suppress(RunCacheNotSupported):  # such as HTTP, which lists no files
            repo.stage_cache.push(remote)
        return len(done.transferred) + more


def pull(find: Callable[[], Iterable[str]], remote: str | None) -> int:
    """Download what `dvc pull --run-cache` does, and then what ``find`` names; how many objects.

    It is called until it names nothing new: a folder's own object lists others. What is missing
    on the remote stays missing. Raises :class:`ToolError` where DVC cannot.
    """
    asked: set[str] = set()
    with dvc_failures("pull", hint="see: dvc pull -v"), open_repo(fetches=True) as repo:
        with contextlib.suppress(RunCacheNotSupported):  # such as HTTP, which lists no files
            repo.stage_cache.pull(remote)
        count: int = repo.fetch(remote=remote)
        _check_outs(repo)
        repo.checkout(allow_missing=True)
        while new := {*find()} - asked:
            asked |= new
            found = repo.cloud.pull([HashInfo("md5", md5) for md5 in new], remote=remote)
            count += len(found.transferred)
        return count


def pull_tracked(files: Collection[str]) -> None:
    """Download and check out what these ``.dvc`` files track, as far as the remote has it.

    Raises :class:`ToolError` where DVC cannot.
    """
    with dvc_failures("pull", hint="see: dvc pull -v"), open_repo(fetches=True) as repo:
        repo.fetch(targets=[*files])
        _check_outs(repo)
        repo.checkout(targets=[*files], allow_missing=True)


def _check_outs(repo: Any) -> None:
    """Raise :class:`UnsafePathError` for what DVC must not check out, because it would lead out."""
    cache = Cache(os.path.abspath(repo.cache.legacy.path))
    for out in repo.index.outs:
        if out.protocol == "local" and out.use_cache and out.hash_info:
            path = output(os.path.relpath(out.fs_path))
            if out.hash_info.isdir and cache.has_object(out.hash_info.value):
                try:
                    cache.listing(Digest(out.hash_info.value, 0, 0))
                except ValueError as error:
                    raise UnsafePathError(path, str(error)) from None


@contextlib.contextmanager
def fetching() -> Iterator[Callable[[Iterable[str]], None]]:
    """Bring the run-cache from the remote, then give what brings objects, as far as it has them.

    Raises :class:`ToolError` where DVC cannot.
    """
    with dvc_failures("fetch", hint="see: dvc fetch -v"), open_repo(fetches=True) as repo:
        with contextlib.suppress(RunCacheNotSupported):  # such as HTTP, which lists no files
            repo.stage_cache.pull(None)
        yield lambda md5s: repo.cloud.pull([HashInfo("md5", md5) for md5 in md5s])
