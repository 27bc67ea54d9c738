"""The variables by which numerical libraries learn how many threads to use.

Standard library only: this runs inside every job. What a rule says comes before what a login shell
left in the environment; what the notebook's own code sets comes last, and so before both.
"""

import os

OPTION = "--threads="
OFF = "NBSNAKE_THREAD_VARIABLES"
VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS"),
    *("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "JULIA_NUM_THREADS"),
)
# What batch systems allot to a job: Slurm, Grid Engine, LSF.
ALLOTTED = ("SLURM_CPUS_PER_TASK", "NSLOTS", "LSB_DJOB_NUMPROC")
# The cores of all tasks of a job on its machine, as these systems set them.
ON_THE_MACHINE = ("SLURM_CPUS_ON_NODE", "NSLOTS", "LSB_DJOB_NUMPROC")


def allotted_cores() -> str:
    """How many cores of this machine a batch system allotted to the job that this is, or ""."""
    return next(
        (cores for name in ON_THE_MACHINE if _counts(cores := os.environ.get(name, ""))), ""
    )


def set_thread_variables(number: str) -> None:
    """Let the command use as many threads as the rule says or, where it does not, a batch job has.

    On a machine of one's own, a step that says nothing keeps what its libraries find.
    """
    if os.environ.get(OFF) == "0":
        return
    allotted = [os.environ[name] for name in ALLOTTED if name in os.environ]
    threads = number or next(iter(allotted), "")
    if _counts(threads):
        os.environ.update(dict.fromkeys(VARIABLES, threads))


def _counts(text: str) -> bool:
    return text.isdecimal() and int(text) > 0
