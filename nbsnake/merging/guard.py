"""A merge is not a run: the entries of dvc.lock that git combined from several runs.

git merges lines. So without any conflict, a stage's entry can get a dependency from one branch and
an output from another, and nothing shows that no run gave them. An entry is suspect when

- a commit that merges others introduced it, or the merge that is going on,
- no version that was merged there has it,
- each of its lines is one of these versions', under the same keys, and
- no receipt and no entry of a run-cache here is of that run.

What the commits show is kept in a memo, by commit. It rests on the commits alone.
"""

import json
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from nbsnake.dvc.lockblocks import Blocks, blocks_of, lines_of, stage_name
from nbsnake.dvc.lockfile import Entry
from nbsnake.errors import ToolError
from nbsnake.job.combined import write_combined
from nbsnake.job.hashing import md5_of_bytes
from nbsnake.job.outputs import OWN_CACHE
from nbsnake.job.own import note_own, read_own
from nbsnake.job.plan import Plan
from nbsnake.job.receipt import read_receipt
from nbsnake.job.regular import read_regular
from nbsnake.job.runcache import run_path
from nbsnake.merging.git import Commit, Place, Versions, commits_of_lock, find_place, pending
from nbsnake.names import LOCK_FILE

MEMO_FILE = ".nbsnake/merges.json"
FORMAT = 1
PENDING = "the merge that is not committed yet"


class Suspects(NamedTuple):
    """``merges`` are the titles of the merges that combined the entries of stages, by stage.

    ``unseen`` says why there may be more, "" for no reason; ``at_head`` that it is HEAD itself
    that cannot be checked.
    """

    merges: Mapping[str, str] = MappingProxyType({})
    unseen: str = ""
    at_head: bool = False


def find_suspects() -> Suspects:
    """The entries of dvc.lock that merges combined, whether runs of them are on record or not."""
    try:
        place = find_place()
        return _suspects(place, _read_history(place)) if place else Suspects()
    except ToolError as error:
        return Suspects(unseen=str(error), at_head=True)


def find_combined(plan: Plan, lock: Mapping[str, Entry], suspects: Suspects) -> dict[str, str]:
    """Why entries of dvc.lock are no runs, by stage; jobs get to know it too."""
    merges = {
        name: title
        for name, title in suspects.merges.items()
        if name in lock and not _is_on_record(plan, name, lock[name])
    }
    write_combined({name: lock[name] for name in merges})
    return {name: f"{title} combined its entry from two runs" for name, title in merges.items()}


def combined_blocks(here: Blocks, merged: Iterable[Blocks]) -> Blocks:
    """The blocks that are made of the lines of the versions that were merged, and are none's."""
    versions = list(merged)
    known = {block for version in versions for block in version.values()}
    new = {name: block for name, block in here.items() if block not in known}
    lines = frozenset().union(*map(lines_of, known)) if new else frozenset()
    return {name: block for name, block in new.items() if lines_of(block) <= lines}


def _is_on_record(plan: Plan, name: str, entry: Entry) -> bool:
    """Whether a receipt or a run-cache here is of the run that an entry records.

    A receipt of results that were restored is no evidence: they may come from that very entry.
    """
    caches = (plan.cache.folder, OWN_CACHE.folder)
    if any(os.path.exists(run_path(folder, entry)) for folder in caches):
        return True
    step, receipt = plan.steps.get(name), read_receipt(name)
    if step is None or receipt is None or receipt.refused or receipt.restored:
        return False
    return receipt.run == step.locked_run(entry)


class _History(NamedTuple):
    """What the commits up to HEAD show; kept in the memo.

    ``at`` says which commits these are. ``found`` are the blocks that a commit combined: its
    title, and their digests by the line that names the stage. ``merges`` are the commits of
    ``found`` that are in this history, the newest first; ``cut`` those whose parents a shallow
    clone does not have.
    """

    at: list[str]
    found: dict[str, tuple[str, dict[str, str]]]
    merges: list[str]
    cut: list[str]


def _suspects(place: Place, history: _History) -> Suspects:
    merging, found = pending(place), [history.found[name] for name in history.merges]
    now = _blocks_now() if merging or any(digests for _, digests in found) else {}
    titles: dict[str, str] = {}
    for title, digests in reversed(found):
        same = [name for name in digests if _digest(now.get(name, "")) == digests[name]]
        titles.update(dict.fromkeys(same, title))
    if merging:
        with Versions() as versions:
            merged = [versions.at(commit) for commit in ("HEAD", *merging)]
        titles.update(dict.fromkeys(combined_blocks(now, merged), PENDING))
    return Suspects(
        merges={stage_name(line): title for line, title in titles.items()},
        unseen=_unseen(history.cut),
        at_head=place.head in history.cut,
    )


def _unseen(cut: list[str]) -> str:
    if not cut:
        return ""
    return (
        f"the merge {cut[0][:7]} cannot be checked, as this shallow clone does not have its "
        "parents; run: git fetch --deepen=1"
    )


def _blocks_now() -> Blocks:
    try:
        return blocks_of(read_regular(LOCK_FILE).decode(errors="replace").replace("\r\n", "\n"))
    except OSError:
        return {}


def _read_history(place: Place) -> _History:
    memo = _read_memo()
    at = [place.head, *sorted(place.shallow)]
    if memo and memo.at == at:
        return memo
    known = memo.found if memo and memo.at[1:] == at[1:] else {}
    history = _examine(place, at, known)
    data = json.dumps({"format": FORMAT, **history._asdict()}).encode()
    note_own(MEMO_FILE, data)
    return history


def _examine(place: Place, at: list[str], known: dict[str, tuple[str, dict[str, str]]]) -> _History:
    """Read the commits that are not known yet."""
    listed = commits_of_lock()
    merges = [commit for commit in listed if commit.merged]
    with Versions() as versions:
        new = {
            commit.name: (commit.title, _combined_in(commit, versions))
            for commit in merges
            if commit.name not in known
        }
        ends = [commit.name for commit in listed if commit.name in place.shallow]
        cut = [name for name in ends if versions.is_merge(name)]
    return _History(at, known | new, [commit.name for commit in merges], cut)


def _combined_in(commit: Commit, versions: Versions) -> dict[str, str]:
    here, merged = versions.at(commit.name), map(versions.at, commit.merged)
    return {name: _digest(block) for name, block in combined_blocks(here, merged).items()}


def _digest(block: str) -> str:
    return md5_of_bytes(block.encode())


def _read_memo() -> _History | None:
    fields = read_own(MEMO_FILE)
    try:
        if fields.pop("format") != FORMAT:
            return None
        found = {name: (str(title), dict(rest)) for name, (title, rest) in fields["found"].items()}
        merges = [name for name in fields["merges"] if name in found]
        return _History(list(fields["at"]), found, merges, list(fields["cut"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
