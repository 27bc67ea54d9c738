"""What a run does before its first step: results come back that need not be computed."""

import contextlib
import os
from collections.abc import Collection

from nbsnake.job.kept import how_to_get_back
from nbsnake.job.outputs import LEAVES, are_left
from nbsnake.job.say import few, say
from nbsnake.results.freshness import Judge, Verdict
from nbsnake.results.restore import restore, save_outputs
from nbsnake.results.sync import remember_same_code

MOST = 10  # names in a line


def prepare(judge: Judge, targets: Collection[str]) -> dict[str, Verdict]:
    """The verdict on each step when all is restored that the ``targets`` need, all steps' for none.

    ``NBSNAKE_RESTORE=0`` computes instead. Outputs that are nowhere else are put into a cache. What
    is done is said.
    """
    if not judge.plan.no_scm and (inside := judge.plan.inside_deps()):
        # DVC writes the .gitignore of a folder before a step reads the folder.
        from nbsnake.dvc.gitignore import ignore  # slow, and seldom needed

        ignore(inside)
    if os.environ.get("NBSNAKE_RESTORE") != "0":
        _restore(judge, targets)
    verdicts = judge.verdicts()
    remember_same_code(judge)
    _save(judge)
    return verdicts


def _restore(judge: Judge, targets: Collection[str]) -> None:
    with contextlib.ExitStack() as stack:
        fetch = None
        if not os.environ.get(LEAVES) and are_left(judge.plan.cache, judge.locked_contents()):
            from nbsnake.dvc.api import fetching  # slow, and seldom needed

            say("fetching the results that jobs left in the DVC remote")
            fetch = stack.enter_context(fetching())
        needed = judge.plan.needed_for(targets)
        done = restore(judge, force=True, only=needed, fetch=fetch)
    if done.steps:
        say(f"restored from the cache: {few(done.steps, MOST)}")
    for path in done.edited:
        say(f"{path} was changed by hand; what it was is kept: {how_to_get_back(path)}")
    for path in done.damaged:
        say(f"the cache object {path} is damaged; its step runs again")


def _save(judge: Judge) -> None:
    saved = save_outputs(judge)
    if saved.lost:
        say(f"stored again, as the cache lost or damaged it: {few(saved.lost, MOST)}")
    for path in saved.kept:
        say(f"no run on record wrote {path}; what it is now is kept: {how_to_get_back(path)}")
