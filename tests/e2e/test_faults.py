"""A disk that fails, or a program that is killed, at every call that changes the disk.

Whatever happens: dvc.lock is the old or the new valid one, every object of the cache is what its
name says, no receipt is lost, no output that counts as fresh is wrong, and the next run completes
what was begun without computing anything twice.
"""

import errno
import json
import os
from collections.abc import Callable
from typing import NamedTuple

import pytest
from diamond import NOTHING
from diskfaults import (
    Ended,
    ForkServer,
    cache_objects,
    copy_exactly,
    objects_in,
    remembered_runs,
)
from e2e_project import Project
from faults_project import STEPS, States, outputs, remove_outputs

pytestmark = [pytest.mark.e2e, pytest.mark.fault]
SAMPLE = 24  # every so many faults, plain Snakemake completes the work


class Fault(NamedTuple):
    """``number`` 0 kills; a ``lasting`` fault meets all later calls too."""

    number: int
    lasting: bool = False

    def env(self, project: Project, at: int) -> dict[str, str]:
        return {
            "FAULT_BELOW": str(project.root),
            "FAULT_AT": str(at),
            "FAULT_ERRNO": str(self.number),
            "FAULT_STICKY": str(int(self.lasting)),
        }


FAULTS = {
    "kill": Fault(0),
    "full": Fault(errno.ENOSPC, lasting=True),
    "forbidden once": Fault(errno.EACCES),
    "broken": Fault(errno.EIO, lasting=True),
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
every_link = pytest.mark.parametrize("states", ["reflink,copy", "hardlink"], indirect=True)


_STATES: dict[str, States] = {}


@pytest.fixture
def states(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    tool_env: dict[str, str],
) -> States:
    """The states for one way of linking to the cache, each built once."""
    link = request.param
    if link not in _STATES:
        _STATES[link] = States(tmp_path_factory.mktemp("states"), tool_env, link)
    return _STATES[link]


class Scene(NamedTuple):
    """One program, from ``start`` on; ``old`` and ``new`` are the locks that there may be."""

    server: ForkServer
    states: States
    start: Project
    end: Project
    program: tuple[str, ...]

    def copy(self) -> Project:
        return copy_exactly(self.start, self.start.root.parent / "work")

    def nbsnake(self, project: Project, *argv: str, code: int = 0) -> Ended:
        done = self.server.run(project, "nbsnake", *argv)
        assert done.code == code, f"then nbsnake {argv[0]} ended with {done.code}: {done.output}"
        return done

    def fresh(self, project: Project) -> list[str]:
        output = self.nbsnake(project, "status", "--json").output
        steps = json.loads(output[output.index("[") :])
        return [each["step"] for each in steps if each["state"] == "fresh"]


def lock_of(project: Project) -> bytes:
    return project.lock() if (project.root / "dvc.lock").exists() else b""


def receipts(project: Project) -> dict[str, bytes]:
    found = project.files(".nbsnake/receipts")
    return {
        path: data
        for path, data in found.items()
        if not path.endswith(".tmp") and ".failed" not in path
    }


def assert_lawful(scene: Scene, project: Project) -> list[str]:
    """What must hold at any moment; returns the steps that count as fresh."""
    lock = lock_of(project)
    assert lock in (lock_of(scene.start), lock_of(scene.end)), "dvc.lock is a third one"
    held = set(cache_objects(project))
    assert wrong_objects(project) == []
    assert objects_in(lock, project) <= held, "dvc.lock names objects that are not there"
    assert held <= set(cache_objects(scene.end)), "an object is there that nothing gives"
    assert set(cache_objects(scene.start)) <= held, "an object is lost"

    now = receipts(project)
    assert set(receipts(scene.start)) <= set(now), "a receipt is lost"
    for path, data in now.items():
        assert json.loads(data)["step"] in STEPS, f"{path} is half-written"
    fresh = scene.fresh(project)
    for step in fresh:
        assert outputs(project, step) == outputs(scene.end, step), f"{step} is wrong, but fresh"
    return fresh


def assert_complete(scene: Scene, project: Project) -> None:
    """The project is as an undisturbed run leaves it."""
    assert project.lock() == scene.end.lock()
    for step in STEPS:
        assert outputs(project, step) == outputs(scene.end, step)
    assert cache_objects(project) == cache_objects(scene.end)
    assert remembered_runs(project) == remembered_runs(scene.end)
    assert ignored(project) == ignored(scene.end)
    assert wrong_objects(project) == []
    metric = os.stat(project.root / "metrics.json")
    assert metric.st_mode == 0o100644, "what git tracks is read-only, as linked to the cache"
    assert metric.st_nlink == 1, "what git tracks is linked to the cache"


def wrong_objects(project: Project) -> list[str]:
    """What a crash left beside an object is none."""
    return [path for path in project.wrong_objects() if not path.endswith(".tmp")]


def ignored(project: Project) -> dict[str, list[bytes]]:
    return {path: sorted(data.splitlines()) for path, data in project.gitignores().items()}


def complete_by_snakemake(scene: Scene, project: Project, allowed: list[str]) -> None:
    """Plain Snakemake makes what is missing, computes no more than allowed, and is then done."""
    project.computed()
    done = scene.server.run(project, "snakemake", "--cores", "2")
    assert done.code == 0, f"then snakemake ended with {done.code}: {done.output}"
    assert set(project.computed()) <= set(allowed), "a finished step was computed again"
    assert_complete(scene, project)
    assert NOTHING in scene.server.run(project, "snakemake", "--cores", "2").output
    project.assert_dvc_clean()


def sweep(
    scene: Scene,
    fault: Fault,
    complete: Callable[[Project, Ended, list[str], int], None],
    **env: str,
) -> None:
    """Let the fault happen at each call in turn, until a run is over before it could happen."""
    wrong = []
    for at in range(1, 1000):
        project = scene.copy()
        ended = scene.server.run(project, *scene.program, **fault.env(project, at), **env)
        if len(ended.calls) < at:
            assert ended.code == 0, ended.output
            break
        try:
            fresh = assert_lawful(scene, project)
            complete(project, ended, fresh, at)
        except AssertionError as error:
            what = str(error).strip().splitlines()
            last = (ended.output.strip().splitlines() or ["nothing"])[-1]
            wrong.append(f"{ended.calls[at - 1]}: exit {ended.code}, {last!r}: {what[:6]}")
    assert at > 10, "the sweep has met no calls"
    assert not wrong, f"{len(wrong)} of {at - 1} calls:\n" + "\n".join(wrong)


@every_link
@every_fault
def test_a_fault_in_exec_loses_nothing(server: ForkServer, states: States, fault: Fault) -> None:
    program = ("nbsnake", "exec", "first", "--", *states.argv["first"])
    scene = Scene(server, states, states.to_exec, states.after, program)

    def complete(project: Project, ended: Ended, fresh: list[str], at: int) -> None:
        has_receipt = receipts(project) != receipts(scene.start)
        if ended.code == 0:
            assert fresh == ["first"], "exec ended well, but its step is not fresh"
        if at % 2 and ended.code:  # the head has outlived its job
            remove_outputs(project, "first")
            fresh = []
        if at % SAMPLE == 0:
            allowed = ["second"] if has_receipt else ["first", "second"]
            return complete_by_snakemake(scene, project, allowed)
        project.computed()
        for step in STEPS:
            if step not in fresh:
                remove_outputs(project, step)
                scene.nbsnake(project, "exec", step, "--", *states.argv[step])
        again = project.computed()
        assert not (has_receipt and "first" in again), "a finished step was computed again"
        scene.nbsnake(project, "sync")
        return assert_complete(scene, project)

    sweep(scene, fault, complete)


@pytest.mark.parametrize("states", ["hardlink"], indirect=True)
@every_fault
def test_a_fault_while_results_are_linked_to_objects_that_are_there_leaves_nothing_in_a_folder(
    server: ForkServer, states: States, fault: Fault
) -> None:
    program = ("nbsnake", "exec", "first", "--", *states.argv["first"])
    scene = Scene(server, states, states.to_exec_again, states.after, program)

    def complete(project: Project, ended: Ended, fresh: list[str], at: int) -> None:
        if ended.code == 0:
            assert fresh == [*STEPS], "exec ended well, but its step is not fresh"
        if "first" not in fresh:
            remove_outputs(project, "first")
            scene.nbsnake(project, "exec", "first", "--", *program[4:])
        scene.nbsnake(project, "sync")
        assert_complete(scene, project)

    sweep(scene, fault, complete, NBSNAKE_RESTORE="0")


@pytest.mark.parametrize("states", ["reflink,copy"], indirect=True)
@pytest.mark.parametrize("which", ["later", "first"])
@every_fault
def test_a_fault_in_sync_leaves_a_valid_lock_and_the_next_sync_completes_it(
    server: ForkServer, states: States, fault: Fault, which: str
) -> None:
    start = states.to_sync if which == "later" else states.to_sync_first
    end = states.after if which == "later" else states.before
    scene = Scene(server, states, start, end, ("nbsnake", "sync"))

    def complete(project: Project, ended: Ended, fresh: list[str], at: int) -> None:
        assert fresh == [*STEPS], "sync made a finished step stale"
        if ended.code == 0:
            assert lock_of(project) == end.lock(), "sync ended well, but locked nothing"
        assert_objects_first(project)
        if at % SAMPLE == 0:
            return complete_by_snakemake(scene, project, [])
        scene.nbsnake(project, "sync")
        return assert_complete(scene, project)

    def assert_objects_first(project: Project) -> None:
        if lock_of(project) == end.lock():
            assert ignored(project) == ignored(end)
            assert remembered_runs(project) == remembered_runs(end)

    sweep(scene, fault, complete)


@every_link
@every_fault
def test_a_fault_in_restore_leaves_nothing_half_restored_that_counts_as_fresh(
    server: ForkServer, states: States, fault: Fault
) -> None:
    scene = Scene(server, states, states.to_restore, states.back, ("nbsnake", "restore"))

    def complete(project: Project, ended: Ended, fresh: list[str], at: int) -> None:
        if ended.code == 0:
            assert fresh == [*STEPS], "restore ended well, but not all is restored"
            assert lock_of(project) == states.back.lock(), "restore ended well, and did not lock"
        if at % SAMPLE == 0:
            return complete_by_snakemake(scene, project, [])
        scene.nbsnake(project, "restore")
        assert project.computed() == []
        return assert_complete(scene, project)

    sweep(scene, fault, complete)
