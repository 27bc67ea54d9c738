"""Jobs of heads that were killed before they noted what Slurm had answered."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator

from nbsnake.cluster.slurm.call import SUBMITTING, jobs_named, note
from nbsnake.job.inside import plain
from nbsnake.job.locks import try_lock, wait_for_lock
from nbsnake.job.own import read_own, remove_own
from nbsnake.job.say import say
from nbsnake.job.shape import parse

_FILE = re.compile(r"[0-9]+-[0-9a-f]+")


def note_unanswered() -> bool:
    """Note the jobs of submissions that were cut off; False where Slurm does not answer.

    A submission that outlived its head is waited for. Only a head calls this.
    """
    return all(map(_is_settled, _submissions()))


def _submissions() -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(os.listdir(plain(SUBMITTING))):
            if _FILE.fullmatch(name) and shutil.which("squeue"):
                yield f"{SUBMITTING}/{name}"


def _is_settled(path: str) -> bool:
    lock = try_lock(path)
    if lock is None:
        say("waiting for a submission of an earlier run")
        lock = wait_for_lock(path)
    with lock:
        try:
            name, comment = parse(tuple[str, ...], read_own(path), "submission")
        except ValueError:  # cut off before it began, or not ours
            remove_own(path)
            return True
        jobs = jobs_named(name, comment)
        if jobs is None:
            return False
        for job in jobs:
            say(f"job {job} is one of an earlier run, which was killed before it knew of it")
            note(job)
        remove_own(path)
    return True
