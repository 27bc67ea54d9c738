"""Random moments at which a run is interrupted, ended or killed, chosen by a seed.

There are 25 for each seed; ``MOMENTS=8`` takes eight seeds.
"""

import contextlib
import hashlib
import json
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from diskfaults import ForkServer, copy_exactly
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.fault]
SEEDS, ROUNDS = range(int(os.environ.get("MOMENTS", "4"))), 25
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
STEPS = {"make", "left", "right", "join"}
WORD = '-it\'s {all} of ${it} "$HOME" '
SECONDS = "0.15"  # that left and right take
HANGS = 120.0  # seconds after which a run that got a signal does not end by itself
RUN = ("snakemake", "--cores", "2")


class Moment(NamedTuple):
    number: signal.Signals
    to_group: bool
    after: float
    by_nbsnake: bool

    def __str__(self) -> str:
        whom = "all" if self.to_group else "the head"
        how = "nbsnake run" if self.by_nbsnake else "snakemake"
        return f"{self.number.name} to {whom} after {self.after:.2f} s, then {how}"

    @property
    def leaves_orphans(self) -> bool:
        return self.number == signal.SIGKILL and not self.to_group


def results(first: int) -> dict[str, str]:
    """What an undisturbed run gives for the raw text ``first 2 3``."""
    values = [value for value in (first, 2, 3) for _ in range(2)]
    parts = {f"data/parts/inner/{at}.txt": f"{WORD}{v}\n" for at, v in enumerate(values)}
    products = "".join(f"{value * 3}\n" for value in values)
    return {
        "data/numbers.txt": "".join(f"{value}\n" for value in values),
        "results of all/left.txt": products,
        "data/parts/count.txt": "6 numbers\n",
        **parts,
        "joined.txt": products + "".join(parts[path] for path in sorted(parts)),
        "metrics.json": json.dumps({"sum": sum(values) * 3}),
    }


def lock_of(undisturbed: str, files: dict[str, str]) -> str:
    """A dvc.lock with the digests of these files in place of those that it has."""
    texts = {path: text.encode() for path, text in files.items()}
    digests = {path: (md5(text), len(text)) for path, text in texts.items()}
    inside = {path: text for path, text in texts.items() if path.startswith("data/parts/")}
    listing = [
        {"md5": md5(text), "relpath": path.removeprefix("data/parts/")}
        for path, text in sorted(inside.items())
    ]
    tree = md5(json.dumps(listing, sort_keys=True).encode())
    digests["data/parts"] = (f"{tree}.dir", sum(map(len, inside.values())))

    def replaced(match: re.Match[str]) -> str:
        found = digests.get(match[2])
        return f"{match[1]}{found[0]}{match[3]}{found[1]}\n" if found else match[0]

    entry = r"(    - path: (.*)\n      hash: md5\n      md5: )\S+(\n      size: )\d+\n"
    return re.sub(entry, replaced, undisturbed)


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def stages(lock: str) -> dict[str, str]:
    """The text of each stage of a dvc.lock."""
    parts = re.split(r"^  (\w+):\n", lock, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def receipts(project: Project) -> dict[str, bytes]:
    folder = project.root / ".nbsnake/receipts"
    return {step: file.read_bytes() for step in STEPS if (file := folder / f"{step}.json").exists()}


def disturb(server: ForkServer, project: Project, moment: Moment) -> None:
    pid = server.start(project, *RUN, STEP_SECONDS=SECONDS)
    time.sleep(moment.after)
    send(pid, moment.number, to_group=moment.to_group)
    watch = threading.Timer(HANGS, send, (pid, signal.SIGKILL))
    watch.start()
    server.wait()
    assert watch.is_alive(), "it did not end"
    watch.cancel()


def send(pid: int, number: signal.Signals, *, to_group: bool = False) -> None:
    with contextlib.suppress(ProcessLookupError):  # it is over
        (os.killpg if to_group else os.kill)(pid, number)


def recover(server: ForkServer, project: Project, moment: Moment) -> str:
    """As a user does who knows what happened; what the tools printed."""
    if moment.by_nbsnake:
        done = server.run(project, "nbsnake", "run", "-j", "2", STEP_SECONDS=SECONDS)
    else:
        locks = project.root / ".snakemake/locks"
        if locks.exists() and any(locks.iterdir()):
            unlocked = server.run(project, "snakemake", "--unlock")
            assert unlocked.code == 0, unlocked.output
        done = server.run(project, *RUN, STEP_SECONDS=SECONDS)
    assert done.code == 0, done.output
    return done.output


def disturb_and_recover(
    server: ForkServer, project: Project, moment: Moment, undisturbed: str, first: int
) -> None:
    files = results(first)
    files["data/raw.txt"] = f"{first} 2 3\n"
    right = lock_of(undisturbed, files)
    project.write("data/raw.txt", files["data/raw.txt"])
    project.computed()
    before, lock_before = receipts(project), project.lock().decode()

    disturb(server, project, moment)
    begun = {*project.peek()}
    finished = {step for step, receipt in receipts(project).items() if before[step] != receipt}
    for step, stage in stages(project.lock().decode()).items():
        known = (stages(lock_before)[step], stages(right)[step])
        assert stage in known, f"{step}: a partial result is locked"

    output = recover(server, project, moment)
    again = set() if moment.leaves_orphans else begun - finished
    counts = Counter(project.computed())
    assert set(counts) == STEPS, output
    for step, count in counts.items():
        assert count <= 1 + (step in again), f"{step} was computed {count} times:\n{output}"
    assert project.lock().decode() == right
    assert {path: project.read(path) for path in files} == files
    assert project.wrong_objects() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_that_is_disturbed_at_any_moment_is_completed_and_computes_nothing_twice(
    server: ForkServer, finished: Project, tmp_path: Path, seed: int
) -> None:
    chosen = random.Random(seed)
    project = copy_exactly(finished, tmp_path / "project")
    undisturbed = finished.lock().decode()
    assert lock_of(undisturbed, {**results(1), "data/raw.txt": "1 2 3\n"}) == undisturbed
    started = time.monotonic()
    project.write("data/raw.txt", "0 2 3\n")
    assert server.run(project, *RUN, STEP_SECONDS=SECONDS).code == 0
    span = time.monotonic() - started

    wrong = []
    for turn in range(ROUNDS):
        moment = Moment(
            chosen.choice(SIGNALS),
            to_group=chosen.random() < 0.5,
            after=chosen.uniform(0, span),
            by_nbsnake=chosen.random() < 0.25,
        )
        try:
            first = 1000 * (seed + 1) + turn
            disturb_and_recover(server, project, moment, undisturbed, first)
        except AssertionError as error:
            wrong.append(f"{turn}: {moment}: {str(error)[:1500]}")
            project = copy_exactly(finished, tmp_path / "project")
    assert not wrong, f"{len(wrong)} of {ROUNDS} moments:\n" + "\n".join(wrong)
