"""Profiles for any batch system, by the commands that submit, ask for and cancel a job."""

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from nbsnake.cluster.profiles import Setting, common_settings, group_settings
from nbsnake.cluster.slurm.profile import MEMORY, MINUTES, RETRIES
from nbsnake.job.regular import read_regular
from nbsnake.programs import in_one_line

STATUS_FILE = "status.sh"
CORES = 4  # of a group side by side, as the nodes are not known


class System(NamedTuple):
    """A batch system: ``status`` is a script that prints success, running or failed."""

    submit: str
    status: str
    cancel: str


FOLDER = "logs/cluster"
_LOG = f"{FOLDER}/{{rule}}"
# What nobody knows any more counts as failed: it is tried again, and a result that is there is
# kept. No answer at all means that the job is running.
_HEAD = f"""\
#!/bin/sh
# Written by `nbsnake profile generic`, and yours from then on.
# The reason of a failure goes to a file, from which `nbsnake run` takes it.
failed() {{ echo "$1" > "{FOLDER}/$job.end"; echo failed; }}
job=$1
"""
_SLURM_STATUS = """\
state=$(squeue -h --states=all -j "$job" -o '%T|%r|%N' 2>/dev/null | head -n 1)
case "$state" in
  COMPLETED*) echo success ;;
  BOOT_FAIL* | CANCELLED* | DEADLINE* | FAILED* | NODE_FAIL* | OUT_OF_MEMORY* | TIMEOUT*)
    failed "$state" ;;
  ?*) echo running ;;
  *) if ! scontrol ping >/dev/null 2>&1; then echo running
     else
       state=$(sacct -X -n -P -j "$job" -o State,Reason,NodeList 2>/dev/null)
       case "$state" in
         *COMPLETED*) echo success ;; *RUNNING* | *PENDING*) echo running ;;
         *) failed "${state:-Slurm no longer knows the job}" ;; esac
     fi ;;
esac
"""
# qacct(1), accounting(5) of Son of Grid Engine 8.1.9: "failed" is 0 or a number and its meaning.
_SGE_STATUS = """\
if answer=$(qstat -j "$job" 2>&1); then
  echo running
elif ! printf '%s' "$answer" | grep -q 'do not exist'; then
  echo running  # no answer
else
  end=$(qacct -j "$job" 2>/dev/null)
  code=$(printf '%s\\n' "$end" | sed -n 's/^exit_status *\\([0-9]*\\).*/\\1/p' | tail -n 1)
  why=$(printf '%s\\n' "$end" | sed -n 's/^failed *//p' | tail -n 1 | tr -s ' ')
  case "$code/$why" in
    /*) echo running ;;  # the record is written some seconds after the end
    0/0*) echo success ;;
    */0*) failed "exit code $code" ;;
    *) failed "$why, exit code $code" ;;
  esac
fi
"""
# qstat(1B) of PBS Pro and OpenPBS, where -x asks for ended jobs, and fails for all jobs where the
# server keeps no history (error 15140, PBSE_JOBHISTNOTSET); Torque prints XML for -x, keeps ended
# jobs for a while (keep_completed), and has no comment but a sched_hint.
_PBS_STATUS = """\
answer=$(qstat -x -f "$job" 2>&1)
gone='PBS no longer knows the job'
case "$answer" in
  '<'* | *'invalid option'*) answer=$(qstat -f "$job" 2>&1) ;;
  *'not configured to maintain job history'*)
    gone="$gone, for it keeps no history: qmgr -c 'set server job_history_enable = true'"
    answer=$(qstat -f "$job" 2>&1) ;;
esac
# A long line goes on in the next one, after a tab.
answer=$(printf '%s\\n' "$answer" | sed -e ':a' -e '$!N' -e 's/\\n\t//' -e 'ta' -e 'P' -e 'D')
field() { printf '%s\\n' "$answer" | sed -n "s/^ *$1 = *//p"; }
code=$(field '[Ee]xit_status')
why=$(field comment)
why=${why:-$(field sched_hint)}
case "$(field job_state)" in
  F | C)
    case "$code" in
      0) echo success ;; *) failed "exit code ${code:-unknown}${why:+: $why}" ;; esac ;;
  ?*) echo running ;;
  *) case "$answer" in *'Unknown Job'*) failed "$gone" ;; *) echo running ;; esac ;;
esac
"""
# bjobs(1) of LSF 10.1, with -o; what it has forgotten (CLEAN_PERIOD, an hour) bhist(1) still knows,
# which lists all attempts of a job that was requeued.
_LSF_STATUS = """\
answer=$(bjobs -noheader -o 'stat exit_code exit_reason delimiter="|"' "$job" 2>&1)
case "$answer" in
  DONE*) echo success ;;
  EXIT* | ZOMBI*) failed "$answer" ;;
  *'is not found'*)
    ends=$(bhist -n 0 -l -UF "$job" 2>/dev/null |
      grep -oE 'Done successfully|Exited [^;.]*|TERM_[A-Z]+: [^;.]*')
    case "$(printf '%s\\n' "$ends" | tail -n 1)" in
      Done*) echo success ;;
      ?*) failed "$(printf '%s\\n' "$ends" | tail -n 2 | tr '\\n' ' ')" ;;
      *) failed "LSF no longer knows the job" ;;
    esac ;;
  *) echo running ;;
esac
"""
SYSTEMS = {
    "slurm": System(
        "mkdir -p logs/cluster && sbatch --parsable --no-requeue --job-name=nbsnake-{rule}"
        " --cpus-per-task={threads} --mem={resources.mem_mb} --time={resources.runtime}"
        f" --output={_LOG}-%j.log",
        _SLURM_STATUS,
        "scancel",
    ),
    "sge": System(
        "mkdir -p logs/cluster && qsub -terse -cwd -V -b n -j y -N nbsnake-{rule}"
        " -pe smp {threads} -l h_vmem={resources.mem_mb}M -l h_rt=0:{resources.runtime}:0"
        " -o logs/cluster",
        _SGE_STATUS,
        "qdel",
    ),
    "pbs": System(
        "mkdir -p logs/cluster && qsub -V -j oe -N nb-{rule} -o logs/cluster/"
        " -l select=1:ncpus={threads}:mem={resources.mem_mb}mb"
        " -l walltime={resources.runtime}:00",
        _PBS_STATUS,
        "qdel",
    ),
    "lsf": System(
        "mkdir -p logs/cluster && bsub -J nbsnake-{rule} -n {threads} -R span[hosts=1]"
        " -M {resources.mem_mb}MB -W {resources.runtime}"
        f" -o {_LOG}-%J.log | sed 's/^Job <\\([0-9]*\\)>.*/\\1/'",
        _LSF_STATUS,
        "bkill",
    ),
}


def generic_settings(submit: str, status: str, cancel: str, groups: Iterable[str]) -> list[Setting]:
    """The profile; ``status`` is a command that gets the number of a job."""
    return [
        Setting("executor", "cluster-generic"),
        Setting("jobs", 100, "jobs in the queue at the same time; not cores"),
        *common_settings(),
        Setting("cluster-generic-submit-cmd", submit, "must print the number of the job, alone"),
        Setting(
            "cluster-generic-status-cmd",
            status,
            "must print success, failed or running for the job with that number",
        ),
        Setting("cluster-generic-cancel-cmd", cancel, "gets the numbers of jobs"),
        Setting("seconds-between-status-checks", 10, "one call of the status command for each job"),
        Setting(
            "retries",
            RETRIES,
            "a step that fails is tried again; with amounts that grow, it asks for more then",
        ),
        Setting(
            "default-resources",
            {"mem_mb": f"{MEMORY} * attempt", "runtime": f"{MINUTES} * attempt"},
            "of steps that do not say it themselves, in MB and minutes",
        ),
        *group_settings(groups, CORES),
    ]


def status_script(system: System) -> str:
    """The status command of a known system, as a file of the user's."""
    return _HEAD + system.status


def ended_generic(job: str) -> str:
    """Why a job failed, as the status script of its batch system left it; "" where it did not."""
    try:
        return in_one_line(read_regular(f"{FOLDER}/{job}.end").decode(errors="replace"))
    except (OSError, ValueError):  # no number of a job at all
        return ""


def job_log(job: str) -> str:
    """The path of a job's log, which has its number in its name; "" where there is none."""
    number = re.match(r"\d+", job)
    if number is None or not os.path.isdir(FOLDER):
        return ""
    named = re.compile(rf"(?<!\d){number[0]}(?!\d)(?!.*\.end$)")
    return next((f"{FOLDER}/{name}" for name in os.listdir(FOLDER) if named.search(name)), "")
