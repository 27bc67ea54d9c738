"""Asking a Slurm cluster what it is."""

import shutil
import subprocess
from collections.abc import Sequence

from nbsnake.cluster.slurm.facts import SCONTROL, SINFO, Cluster, parse_cluster
from nbsnake.errors import ToolError
from nbsnake.programs import in_one_line

TIMEOUT = 60  # seconds


def ask_cluster() -> Cluster:
    """The cluster whose login node this is. Raises :class:`ToolError` where there is none."""
    if shutil.which("sbatch") is None:
        raise ToolError(
            "Slurm's programs are not here: no 'sbatch' on the PATH",
            hint="call this on a login node of the cluster; for other batch systems: "
            "nbsnake profile generic",
        )
    try:
        return parse_cluster(_printed(SCONTROL), _printed(SINFO))
    except ValueError as error:
        raise ToolError(
            f"the cluster cannot be understood: {error}",
            hint="write the profile by hand, or with: nbsnake profile generic --system slurm",
        ) from None


def _printed(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{command[0]} does not answer: {error}", hint=_AGAIN) from None
    if done.returncode:
        reason = in_one_line(done.stderr) or f"exit code {done.returncode}"
        raise ToolError(f"{' '.join(command[:3])} failed: {reason}", hint=_AGAIN)
    return done.stdout


_AGAIN = "try again when Slurm's controller answers: scontrol ping"
