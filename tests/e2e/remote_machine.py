"""A batch system of one machine, whose jobs see nothing of the project but the DVC remote.

A job starts with no variables but the few that its Python needs, in a mount namespace in which the
project's folder is empty (where the tests run as root; elsewhere the project is there, unused).
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from e2e_project import Project

JOBS = "jobs"  # beside the project: by the name of each job, what it printed
STATUS = """\
case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$0/status" 2>/dev/null) in
  '' | Z*) echo failed ;; *) echo running ;;
esac
"""
PAUSED = "paused"  # while there is such a file, nobody gets the answer to a submission of left
SUBMIT = """\
log=$1; shift; cd /; "$@" </dev/null >"$log" 2>&1 & echo $! >"$log.id"
case $log in */nbsnake-left-*) while [ -e "${log%/*}/paused" ]; do sleep 0.1; done ;; esac
cat "$log.id"
"""
HIDDEN = 'mount --make-rprivate / && mount -t tmpfs none "$PROJECT" && cd / && exec "$@"'


def can_hide() -> bool:
    """Whether a job can have a mount namespace of its own."""
    tried = ["unshare", "--mount", "true"]
    return os.geteuid() == 0 and subprocess.run(tried, capture_output=True).returncode == 0


def use(project: Project, path: Sequence[Path] = (), **settings: object) -> None:
    """Write ``workflow/remote/here.yaml``; jobs find programs in the folders of ``path``, too."""
    hold = project.root.with_name(f"{project.root.name}.hold")  # as Project.holding has it
    kept = {"COUNT_FILE": project.counts, "HOLD_FILE": hold}
    kept["PATH"] = os.pathsep.join([*map(str, path), os.defpath])
    words = [f"{name}={value}" for name, value in kept.items()]
    job = ["env", "-i", *words, sys.executable, "-I", "-c", "{start}"]
    if can_hide():
        hide = ["env", f"PROJECT={project.root}", "sh", "-c", HIDDEN, "sh"]
        job = ["unshare", "--mount", *hide, *job]
    logs = project.root.with_name(JOBS)
    logs.mkdir(exist_ok=True)
    fields = {
        "submit": ["sh", "-c", SUBMIT, "sh", f"{logs}/{{name}}", *job],
        "status": ["sh", "-c", STATUS, "{job}"],
        "cancel": ["kill", "{job}"],
        "poll": 0.2,
    }
    project.write("workflow/remote/here.yaml", yaml.safe_dump(fields | settings))


def use_folder(project: Project, folder: Path) -> None:
    """Make a folder the DVC remote, and run jobs with it."""
    project.dvc("remote", "add", "--default", "--quiet", "store", str(folder))
    use(project)


def job_ids(project: Project) -> list[str]:
    """The ids of jobs that heads wait for."""
    folder = project.root / ".nbsnake/remote"
    found = [yaml.safe_load(file.read_text())["job"] for file in folder.glob("*.json")]
    return [job for job in found if job]
