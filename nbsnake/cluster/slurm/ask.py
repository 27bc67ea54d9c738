"""Asking a Slurm cluster what it is."""

import getpass
import shutil
import subprocess
from collections.abc import Sequence

from nbsnake.cluster.slurm.accounts import ASSOCIATIONS, QUALITIES, Accounts, parse_accounts
from nbsnake.cluster.slurm.facts import PARTITIONS, SCONTROL, SINFO, Cluster, parse_cluster
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
        return parse_cluster(_printed(SCONTROL), _printed(SINFO), _printed(PARTITIONS))
    except ValueError as error:
        raise ToolError(
            f"the cluster cannot be understood: {error}",
            hint="write the profile by hand, or with: nbsnake profile generic --system slurm",
        ) from None


def ask_accounts(cluster: Cluster) -> Accounts | None:
    """The user's accounts; None where the cluster keeps none, or does not show them."""
    if not cluster.has_accounting or shutil.which("sacctmgr") is None:
        return None
    user = getpass.getuser()
    show = ("sacctmgr", "--noheader", "--parsable2", "show")
    try:
        return parse_accounts(
            _printed((*show, "user", f"name={user}", "format=DefaultAccount")),
            _printed((*show, "assoc", f"user={user}", f"format={','.join(ASSOCIATIONS)}")),
            _printed((*show, "qos", f"format={','.join(QUALITIES)}")),
        )
    except ToolError:
        return None


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
