"""Whether a process runs. Standard library only: this runs inside every job."""

import os


def is_alive(pid: int) -> bool:
    """Whether the process runs, as far as this machine can know."""
    if pid <= 0:  # which means groups of processes
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
