"""How a job of Slurm ended, in words for a person: the state, its reason, and what to change."""

import re
import subprocess
from typing import NamedTuple

from nbsnake.cluster.slurm.call import LAUNCH

ANSWER = 20.0  # seconds that one answer may take
_JOB = re.compile(r"\d+(_\d+)?")
_FIELD = re.compile(r"(\w+)=(\S*)")
_ELAPSED = re.compile(r"(?:(\d+)-)?(\d+):(\d+):(\d+)")
_NODE = re.compile(r"[\w.-]+")
_TROUBLE = re.compile(r"\bReason=(.*?) \[")
_BY = re.compile(r"CANCELLED by (\S+)")
HINTS = {  # by state, and LAUNCH
    "TIMEOUT": "request more time: runtime=N*attempt in :resources: grows with each attempt",
    "OUT_OF_MEMORY": "request more memory: mem_mb=N*attempt in :resources: grows with each attempt",
    "LAUNCH": "a node must mount the project under the same path; among default-resources of the "
    "profile, slurm_extra: --exclude=NODE leaves it out",
    "DEADLINE": "request less time, or submit before the deadline of the partition",
}


class Ended(NamedTuple):
    """What Slurm keeps of a job.

    ``seconds`` is for how long it ran, None where that is not known; ``limit`` and ``memory`` are
    what it requested, as Slurm writes them; ``by`` is the user who cancelled it; ``trouble`` is
    what Slurm says of its node, where it did not run at all.
    """

    state: str = ""
    reason: str = ""
    node: str = ""
    seconds: float | None = None
    limit: str = ""
    memory: str = ""
    by: str = ""
    trouble: str = ""


def ended_job(job: str) -> Ended:
    """The facts of a job, without those that Slurm does not give or no longer knows."""
    if not _JOB.fullmatch(job):
        return Ended()
    shown = _printed("scontrol", "show", "job", "-o", job)
    ended = parse_ended(shown, _printed("sacct", "-X", "-n", "-P", "-o", "State", "-j", job))
    if ended.node and not ended.seconds and _NODE.fullmatch(ended.node):
        shown = _printed("scontrol", "show", "node", "-o", ended.node)
        return ended._replace(trouble=parse_trouble(shown))
    return ended


def parse_trouble(scontrol: str) -> str:
    """Why Slurm does not use a node, as ``scontrol show node -o`` prints it; "" where it does."""
    match = _TROUBLE.search(scontrol)
    return match[1] if match else ""


def parse_ended(scontrol: str, sacct: str) -> Ended:
    """The facts, from what ``scontrol show job -o`` and ``sacct -o State`` print of one job."""
    fields = dict(_FIELD.findall(scontrol))
    known = {name: value for name, value in fields.items() if value not in ("", "(null)", "None")}
    cancelled = _BY.search(sacct)
    return Ended(
        state=known.get("JobState", "") or sacct.strip().partition(" ")[0],
        reason=known.get("Reason", ""),
        node=known.get("NodeList", ""),
        seconds=_seconds(known.get("RunTime", "")),
        limit=known.get("TimeLimit", ""),
        memory=known.get("MinMemoryNode", "") or known.get("MinMemoryCPU", ""),
        by=_user(cancelled[1]) if cancelled else "",
    )


def in_words(state: str, ended: Ended) -> str:
    """Why a job failed: its state as Slurm calls it, and what that means for this job."""
    if LAUNCH.match(ended.reason):
        node = ended.node or "its node"
        return f"FAILED: {node} did not start it, as it does not find the folder of the job's log"
    meaning = {
        "TIMEOUT": f"it reached its time limit of {ended.limit}" if ended.limit else "",
        "OUT_OF_MEMORY": f"it used more than its {ended.memory}B" if ended.memory else "",
        "CANCELLED": _cancelled(ended),
        "NODE_FAIL": f"the node {ended.node} was lost" if ended.node else "its node was lost",
        "BOOT_FAIL": "its node did not start",
        "PREEMPTED": "a job of higher priority took its node",
        "DEADLINE": "it could not end before its deadline",
    }.get(state, "")
    reason = "" if meaning or ended.reason in ("", state, "NonZeroExitCode") else ended.reason
    return ": ".join(part for part in (state, meaning or reason) if part)


def hint_for(state: str, ended: Ended) -> str:
    """What to change, "" where that is not known."""
    return HINTS.get("LAUNCH" if LAUNCH.match(ended.reason) else state, "")


def _cancelled(ended: Ended) -> str:
    if ended.trouble:
        return f"{ended.node} did not start it, of which Slurm says: {ended.trouble}"
    return f"by {ended.by}" if ended.by else "Slurm does not say by whom"


def _seconds(elapsed: str) -> float | None:
    match = _ELAPSED.fullmatch(elapsed)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _user(word: str) -> str:
    """The name of a user whom sacct gives by number."""
    import pwd  # only on a cluster, and seldom needed

    try:
        return pwd.getpwuid(int(word)).pw_name
    except (ValueError, KeyError):
        return word


def _printed(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout
