"""Profiles for any batch system, by the commands that submit, ask for and cancel a job."""

from collections.abc import Iterable
from typing import NamedTuple

from nbsnake.cluster.profiles import Setting, common_settings, group_settings
from nbsnake.cluster.slurm.profile import MEMORY, MINUTES, RETRIES

STATUS_FILE = "status.sh"
CORES = 4  # of a group side by side, as the nodes are not known


class System(NamedTuple):
    """A batch system: ``status`` is a script that prints success, running or failed."""

    submit: str
    status: str
    cancel: str


_LOG = "logs/cluster/{rule}"
_SLURM_STATUS = """\
state=$(squeue -h --states=all -j "$1" -o %T 2>/dev/null | head -n 1)
case "$state" in
  COMPLETED) echo success ;;
  BOOT_FAIL | CANCELLED* | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | TIMEOUT) echo failed ;;
  ?*) echo running ;;
  # No state: the controller is away, or has forgotten the job. Then its accounts may know. What
  # nobody knows counts as failed, for then it is tried again, and a result that is there is kept.
  *) if ! scontrol ping >/dev/null 2>&1; then echo running
     else case "$(sacct -X -n -j "$1" -o State 2>/dev/null)" in
       *COMPLETED*) echo success ;; *RUNNING* | *PENDING*) echo running ;; *) echo failed ;; esac
     fi ;;
esac
"""
_SGE_STATUS = """\
if answer=$(qstat -j "$1" 2>&1); then
  echo running
elif ! printf '%s' "$answer" | grep -q 'do not exist'; then
  echo running  # no answer: not known
elif code=$(qacct -j "$1" 2>/dev/null | sed -n 's/^exit_status *//p' | tail -n 1); then
  case "$code" in '') echo running ;; 0*) echo success ;; *) echo failed ;; esac
fi
"""
_PBS_STATUS = """\
answer=$(qstat -x -f "$1" 2>/dev/null) || { echo running; exit; }  # no answer: not known
case "$answer" in
  *'job_state = F'* | *'job_state = C'*)
    case "$answer" in *[Ee]'xit_status = 0'*) echo success ;; *) echo failed ;; esac ;;
  *) echo running ;;
esac
"""
_LSF_STATUS = """\
state=$(bjobs -noheader -o stat "$1" 2>/dev/null) || { echo running; exit; }  # no answer
case "$state" in
  DONE*) echo success ;;
  EXIT* | ZOMBI*) echo failed ;;
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
        " -pe smp {threads} -l h_vmem={resources.mem_mb}M -l h_rt={resources.runtime}:0"
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
    head = "#!/bin/sh\n# Written by `nbsnake profile generic`, and yours from then on.\n"
    return head + system.status
