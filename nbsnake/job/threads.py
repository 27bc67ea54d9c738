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


def set_thread_variables(number: str) -> None:
    """Let the command use as many threads as the rule says or, where it does not, a batch job has.

    On a machine of one's own, a step that says nothing keeps what its libraries find.
    """
    if os.environ.get(OFF) == "0":
        return
    allotted = [os.environ[name] for name in ALLOTTED if name in os.environ]
    threads = number or next(iter(allotted), "")
    if threads.isdecimal() and int(threads) > 0:
        os.environ.update(dict.fromkeys(VARIABLES, threads))
