"""What DVC itself is asked to do: to lock what is beyond nbsnake, and to fetch."""

import contextlib
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from dvc.config import RemoteConfigError
from dvc.lock import LockNoop
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.stage.serialize import to_single_stage_lockfile
from dvc_data.hashfile.hash_info import HashInfo

from nbsnake.dvc.failures import dvc_failures
from nbsnake.dvc.open import open_repo
from nbsnake.dvc.stores import pull_runs, push_runs
from nbsnake.errors import ToolError
from nbsnake.job.inside import UnsafePathError, ends_inside, output, plain
from nbsnake.job.links import links_out
from nbsnake.job.say import say
from nbsnake.names import DVC_FILE

TRUST = "remove it, or trust it: dvc commit"


def init(*, below_git: bool) -> None:
    """Set up DVC in the working directory, or where git's folder is further up, ``below_git``.

    Raises :class:`ToolError` where DVC refuses.
    """
    logging.getLogger("dvc").setLevel(logging.WARNING)  # the command says what it has set up
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
                for link in links_out(plain(path), repo.cache.legacy.path):
                    why = f"is a link that leads out of the project; {TRUST} {stage.relpath}"
                    raise UnsafePathError(link, why)
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
        with contextlib.suppress(RemoteConfigError):  # it keeps versions of files, and no runs
            push_runs(repo, remote)
        return len(done.transferred) + more


def pull(find: Callable[[], Iterable[str]], remote: str | None, left_out: set[str]) -> int:
    """Download what `dvc pull --run-cache` does, and then what ``find`` names; how many objects.

    It is called until it names nothing new: a folder's own object lists others. What is missing
    on the remote stays missing; so does what has other content there than its name says, which is
    added to ``left_out``. Raises :class:`ToolError` where DVC cannot.
    """
    asked: set[str] = set()
    opened = open_repo(fetches=True, left_out=left_out)
    with dvc_failures("pull", hint="see: dvc pull -v"), opened as repo:
        with contextlib.suppress(RemoteConfigError):  # it keeps versions of files, and no runs
            pull_runs(repo, remote)
        files = _own_files(repo)
        count: int = repo.fetch(targets=files, remote=remote) if files else 0
        _check_outs(repo)
        repo.checkout(allow_missing=True)
        while new := {*find()} - asked:
            asked |= new
            found = repo.cloud.pull([HashInfo("md5", md5) for md5 in new], remote=remote)
            count += len(found.transferred)
        return count - len(left_out)


def pull_tracked(files: Collection[str]) -> None:
    """Download and check out what these ``.dvc`` files track, as far as the remote has it.

    Raises :class:`ToolError` where DVC cannot.
    """
    with dvc_failures("pull", hint="see: dvc pull -v"), open_repo(fetches=True) as repo:
        if own := [file for file in _own_files(repo) if file in files]:
            repo.fetch(targets=own)
        _check_outs(repo)
        repo.checkout(targets=[*files], allow_missing=True)


def _own_files(repo: Any) -> list[str]:
    """The files of stages without those that import from another repository, which are named.

    DVC reads the settings of that repository, which may run a program.
    """
    found = {}
    for stage in repo.index.stages:
        found[stage.relpath] = stage.is_repo_import
        if stage.is_repo_import:
            say(f"{stage.relpath} is imported from another repository; get it with: dvc pull")
    return [file for file, is_import in found.items() if not is_import]


def _check_outs(repo: Any) -> None:
    """Raise :class:`UnsafePathError` for what DVC must not check out, because it would lead out."""
    for out in repo.index.outs:
        if out.protocol == "local" and out.use_cache and out.hash_info:
            path = output(os.path.relpath(out.fs_path))
            if os.path.isdir(path) and not ends_inside(path):
                raise UnsafePathError(path, "is a link that leads out of the project; remove it")
            for names in _listed(out, path):
                if {"", ".", ".."} & {*names} or any("/" in name for name in names):
                    raise UnsafePathError(path, f"lists the path {'/'.join(names)!r}")
                output("/".join((path, *names)))


def _listed(out: Any, path: str) -> list[tuple[str, ...]]:
    """The files of a folder as DVC would check them out, each as its names.

    Raises :class:`UnsafePathError` where their list cannot be read.
    """
    try:
        tree = out.get_obj() if out.hash_info.isdir else None
        return [names for names, _, _ in tree] if tree else []
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnsafePathError(
            path, f"is a folder whose list of files cannot be read: {error}"
        ) from None


@contextlib.contextmanager
def fetching(remote: str | None = None) -> Iterator[Callable[[Iterable[str]], None]]:
    """Bring the run-cache from the remote, then give what brings objects, as far as it has them.

    Raises :class:`ToolError` where DVC cannot.
    """
    with dvc_failures("fetch", hint="see: dvc fetch -v"), open_repo(fetches=True) as repo:
        with contextlib.suppress(RemoteConfigError):  # it keeps versions of files, and no runs
            pull_runs(repo, remote)
        yield lambda md5s: repo.cloud.pull([HashInfo("md5", md5) for md5 in md5s], remote=remote)
