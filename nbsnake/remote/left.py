"""Outputs that stay in the DVC remote: what stands for them while a run goes on.

A run of jobs with the remote begins with a stand-in for each that is known to be there, makes
others, and ends without any.
"""

import os
from collections.abc import Collection, Iterator

from nbsnake.dvc.lockfile import read_lock
from nbsnake.errors import NbsnakeError
from nbsnake.job.absent import FOLDER, Absent, absent_at
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest, absent_of
from nbsnake.job.inner import inner_outs
from nbsnake.job.links import remove
from nbsnake.job.outputs import LEAVES, are_left
from nbsnake.job.plan import Plan, PlannedStep
from nbsnake.job.receipt import read_receipt
from nbsnake.job.running import become_head, head_is_alive, running_steps
from nbsnake.job.say import few, say
from nbsnake.remote.template import VARIABLE, read_template

ONLY_THERE = "only in the DVC remote (nbsnake pull brings it)"


def begin(plan: Plan, *, reads_all: bool) -> None:
    """Before a run decides what to do; ``reads_all`` says that only steps read what steps write.

    A rule of the user's own runs here, and needs what it reads.
    """
    clear(plan)
    os.environ.pop(LEAVES, None)
    template = os.environ.get(VARIABLE)
    if template and reads_all and read_template(template).leave is not None:
        os.environ[LEAVES] = "1"
        _place(plan)


def end(plan: Plan, targets: Collection[str]) -> None:
    """After a run: bring what was asked for, and say what stays. Failures are said."""
    left: dict[str, Absent] = {}
    wanted: dict[str, Absent] = {}
    for step, path, absent in _stand_ins(plan):
        where = left if path in _staying(plan, step, targets) else wanted
        where[path] = absent
    clear(plan)
    if wanted:
        _bring(plan.cache, wanted)
    if left:
        say(f"{ONLY_THERE}: {few([*left])}")


def not_brought(plan: Plan, targets: Collection[str]) -> list[str]:
    """The outputs that :func:`end` should have brought: locked, left in the remote, not here."""
    if not os.path.isdir(FOLDER):
        return []
    lock, needed = read_lock(), plan.needed_for(targets)
    return [
        path
        for step in plan.steps.values()
        if step.name in needed
        for path, content in step.locked_outs(lock.get(step.name, {})).items()
        if not os.path.lexists(path) and absent_of(content).is_known()
        if path not in _staying(plan, step, targets)
    ]


def _staying(plan: Plan, step: PlannedStep, targets: Collection[str]) -> set[str]:
    """The outputs of a step that may stay in the remote: others than those that were asked for."""
    asked = {step.rule, *step.made_paths}.intersection(targets)
    return set() if asked else inner_outs(plan, step)


def clear(plan: Plan) -> None:
    """Remove all that stands for an output."""
    for _, path, _ in [*_stand_ins(plan)]:
        remove(path)


def left_over(plan: Plan) -> list[str]:
    """What stands for outputs though no run goes on: a run left it that was killed."""
    return [] if head_is_alive() or running_steps() else [path for _, path, _ in _stand_ins(plan)]


def end_killed(plan: Plan) -> None:
    """What :func:`end` does, for a run that was killed; nothing while one goes on."""
    if not left_over(plan) or (lock := become_head()) is None:
        return
    with lock:  # no run begins meanwhile
        if not running_steps():
            paths = [path for _, path, _ in _stand_ins(plan)]
            clear(plan)
            say(f"{ONLY_THERE}: {few(paths)}")


def _bring(cache: Cache, wanted: dict[str, Absent]) -> None:
    from nbsnake.dvc.api import fetching  # slow, and seldom needed

    template = os.environ.get(VARIABLE)
    remote = read_template(template).remote if template else ""
    try:
        with fetching(remote or None) as fetch:
            fetch({absent.md5 for absent in wanted.values()})
        for path, absent in wanted.items():
            cache.restore(Digest(absent.md5, absent.size, isexec=absent.isexec), path)
    except (NbsnakeError, OSError) as error:
        say(f"not all results came from the DVC remote: {error}; run: nbsnake pull")


def _place(plan: Plan) -> None:
    """Let what is absent and known to be in the remote have its stand-in."""
    if not os.path.isdir(FOLDER):
        return
    lock = read_lock()
    for step in plan.steps.values():
        missing = {out.path for out in step.outs if not os.path.lexists(out.path)}
        if not missing or step.frozen:
            continue
        receipt = read_receipt(step.name)
        seen = [(each.path, each.content) for each in receipt.outs] if receipt else []
        for path, content in (*step.locked_outs(lock.get(step.name, {})).items(), *seen):
            if path in missing and are_left(plan.cache, [content]):
                absent_of(content).place(path)


def _stand_ins(plan: Plan) -> Iterator[tuple[PlannedStep, str, Absent]]:
    if os.path.isdir(FOLDER):
        for step in plan.steps.values():
            for out in step.outs:
                if absent := absent_at(out.path):
                    yield step, out.path, absent
