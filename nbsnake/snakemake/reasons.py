"""What Snakemake's executors say of the jobs that they submit, and why one failed.

The sentences are those of snakemake-executor-plugin-slurm 2.8 and -cluster-generic 1.0; where they
change, a failed job is reported without its reason.
"""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from nbsnake.cluster.generic import ended_generic, job_log
from nbsnake.cluster.slurm.call import LOGS
from nbsnake.cluster.slurm.ended import ended_job, hint_for, in_words
from nbsnake.programs import in_one_line

_SUBMITTED = re.compile(r"Submitted (?:group )?job (\S+) with external jobid '(.*)'\.")
_SLURM_JOB = re.compile(r"SLURM-job '([^']+)' failed.*?SLURM status is: '(\w+)'", re.DOTALL)
_REFUSED = re.compile(r"sbatch failed\. The error message was '(.*?)'\.\n", re.DOTALL)
_NOT_SUBMITTED = re.compile(r"Job submission failed with exception: (.*)", re.DOTALL)
_ADVICE = (  # which Snakemake adds to each message, and which holds here for none
    "For further error details see the cluster/cloud log and the log files of the involved rule(s)."
)
_PREFIX = re.compile(r"^(sbatch: )?(error: )?(Batch job submission failed: )?")
_SLURM_LOG = re.compile(rf"(?:^|/){re.escape(LOGS)}/.*?([\d_]+)\.log$")
# What is reported with the job, or says nothing to the user.
REPEATED = (
    "Exception in run_job for rule",
    "No SLURM account given, trying to guess.",
    "Unable to guess SLURM account. Trying to proceed without.",
    "No account was given, not able to get a SLURM account via sacct",
    "Both 'sacctmgr' and 'sshare' returned empty results for account",
)


class Reason(NamedTuple):
    """Why a job failed, as far as it is known.

    ``text`` is for a person, ``job`` its number in the batch system, ``log`` the path of its log,
    ``seconds`` how long it ran.
    """

    text: str = ""
    job: str = ""
    log: str = ""
    seconds: float | None = None
    hint: str = ""


def submitted(message: str) -> tuple[str, str] | None:
    """The job of Snakemake that a message is about, and its number in the batch system."""
    match = _SUBMITTED.match(message)
    return (match[1], match[2]) if match else None


def reason_of(message: str, logs: Sequence[str], job: str = "") -> Reason:
    """The reason in an executor's message about a job, whose logs are the last of ``logs``.

    ``job`` is its number where another message gave it.
    """
    if match := _SLURM_JOB.search(message):
        return _of_slurm(match[1], match[2], logs)
    if match := _REFUSED.search(message):
        return Reason(f"sbatch refused it: {_refusal(match[1])}")
    if match := _NOT_SUBMITTED.search(message):
        return Reason(f"it was not submitted: {in_one_line(match[1].replace(_ADVICE, ''))}")
    if "Error submitting jobscript" in message:
        return Reason("it was not submitted; the message of the submit command is above")
    if job:
        return Reason(ended_generic(job), job, job_log(job))
    if found := next((each for each in map(_SLURM_LOG.search, logs) if each), None):
        return _of_slurm(found[1], "", logs)  # a job of a group: its message is not handed on
    return Reason()


def _of_slurm(job: str, state: str, logs: Sequence[str]) -> Reason:
    ended = ended_job(job)
    log = next((os.path.relpath(path) for path in logs if _SLURM_LOG.search(path)), "")
    state = state or ended.state
    return Reason(in_words(state, ended), job, log, ended.seconds, hint_for(state, ended))


def _refusal(printed: str) -> str:
    return in_one_line("\n".join(_PREFIX.sub("", line.strip()) for line in printed.splitlines()))
