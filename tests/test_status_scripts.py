"""Status scripts of batch systems, on what the tools of these systems print.

The forms are those of the manuals: qstat(1B) of PBS Professional 2022.1 and of Torque 6.1, bjobs
of LSF 10.1, qstat(1) and qacct(1) of Son of Grid Engine 8.1.9, squeue(1) and sacct(1) of Slurm. How
PBS breaks lines and shows the variables of a job is taken from what users of AiiDA recorded
(aiida-core, tests/schedulers/test_pbspro.py). Other sources stand at their texts.
"""

import os
import subprocess
from pathlib import Path

import pytest

from nbsnake.cluster.generic import SYSTEMS, ended_generic, status_script

PBS = """\
Job Id: 12.pbs
    Job_Name = nb-a
    job_state = {state}
    queue = workq
    Exit_status = {code}
    comment = Job run at Thu Nov 26 at 10:00 on (node1:ncpus=1:mem=1048576kb) and {end}
"""
PBS_LONG = """\
Job Id: 12.pbs
    Job_Name = nb-a
    Job_Owner = ada@login1.example.org
    resources_used.cpupercent = 98
    resources_used.walltime = 00:10:03
    job_state = {}
    queue = workq
    Variable_List = PBS_O_HOME=/home/ada,PBS_O_LANG=en_US.UTF-8,
\tPBS_O_PATH=/usr/local/bin:/usr/bin:/bin:/opt/pbs/bin,NOTE=said that
\t    job_state = F
\tand Exit_status = 1,PBS_O_QUEUE=workq
    comment = Job run at Thu Nov 26 at 10:00 on (node1:ncpus=4:mem=1048576kb) an
\td failed
    etime = Thu Nov 26 10:00:00 2026
    Exit_status = {}
    project = _pbs_project_default

"""
NO_HISTORY = ("qstat: PBS is not configured to maintain job history 12.pbs\n", 153)
PBS_RUNS = "Job Id: 12.pbs\n    Job_Name = nb-a\n    job_state = {}\n    queue = workq\n"
TORQUE = "Job Id: 12.torque\n    Job_Name = nb-a\n    job_state = C\n    exit_status = {}\n"
XML = "<Data><Job><Job_Id>12.torque</Job_Id><job_state>C</job_state></Job></Data>\n"
# Torque 3.0 to 6.1, administrator's guide, "Job exit status": a job that no node could start. The
# code is one of the table there: negative ones are Torque's own.
TORQUE_UNSTARTED = """\
Job Id: 179.host
    Job_Name = STDIN
    Job_Owner = user@host
    job_state = C
    queue = batchq
    exec_host = node1/0
    Resource_List.nodes = node1
    Variable_List = PBS_O_HOME=/home/user,PBS_O_LOGNAME=user,
\tPBS_O_PATH=/usr/local/sbin:/usr/local/bin,PBS_O_SHELL=/bin/bash
    sched_hint = Post job file processing error; job 179.host on host node1/0Ba
\td UID for job execution REJHOST=node1 MSG=cannot find user
    etime = Fri Aug 29 14:55:55 2008
    exit_status = -1
"""
# Torque 6.1, qstat(1B): a job that runs, without -x.
TORQUE_RUNS = """\
Job Id: 548.moab
    Job_Name = STDIN
    job_state = R
    queue = batch
    exec_host = n003/0-1
    Resource_List.walltime = 01:00:00
    session_id = 320
    Walltime.Remaining = 3593
"""
# LSF 10.1, "Understand successful application exit values" (lsf_admin): what bhist -l shows of a
# job that was requeued once.
BHIST_REQUEUED = """\
Job <12>, User <name>, Project <default>, Application <test>, Command <./a.sh>
Fri Feb  1 10:52:20: Submitted from host <HostA>, to Queue <normal>, CWD <$HOME>;
Fri Feb  1 10:52:22: Dispatched to <intel4>, Effective RES_REQ <select[type == local] >;
Fri Feb  1 10:52:22: Starting (Pid 31390);
Fri Feb  1 10:52:23: Pending: Requeued job is waiting for rescheduling;(exit code 17)
Fri Feb  1 10:53:27: Starting (Pid 31463);
Fri Feb  1 10:53:28: {}
"""
DONE = "Done successfully. The CPU time used is 0.0 seconds;"
EXITED = "Exited with exit code 17. The CPU time used is 0.0 seconds;"
# LSF 10.1, "Termination reasons displayed by bacct, bhist, and bjobs" (lsf_admin), in the form of
# bhist -l.
TERMINATED = """\
Exited with exit code 140. The CPU time used is 61.2 seconds;
Fri Feb  1 10:53:28: Completed <exit>; TERM_RUNLIMIT: job killed after reaching LSF run time limit;
"""
# LSF 10.1, lsf.conf, LSB_BJOBS_CONSISTENT_EXIT_CODE: the exit code of this answer is 255 or 0.
NOT_FOUND = "Job <12> is not found\n"
QACCT = """\
==============================================================
qname        all.q
jobnumber    12
failed       {}
exit_status  {}
ru_maxrss    24576
"""
GONE = "Following jobs do not exist: \n12\n"
# system: (name of a case, what each program prints, its exit code, state, reason)
CASES = {
    "pbs": [
        ("done", {"qstat": (PBS.format(state="F", code=0, end="finished"), 0)}, "success", ""),
        (
            "failed",
            {"qstat": (PBS.format(state="F", code=271, end="failed"), 0)},
            "failed",
            "exit code 271: Job run at",
        ),
        ("running", {"qstat": (PBS_RUNS.format("R"), 0)}, "running", ""),
        ("held", {"qstat": (PBS_RUNS.format("H"), 0)}, "running", ""),
        ("suspended", {"qstat": (PBS_RUNS.format("S"), 0)}, "running", ""),
        ("forgotten", {"qstat": ("qstat: Unknown Job Id 12.pbs\n", 153)}, "failed", "no longer"),
        ("silent", {"qstat": ("Connection refused\nqstat: cannot connect\n", 255)}, "running", ""),
        (
            "broken_lines",
            {"qstat": (PBS_LONG.format("F", -29), 0)},
            "failed",
            "exit code -29: Job run at Thu Nov 26 at 10:00 on (node1:ncpus=4:mem=1048576kb) and f",
        ),
        ("variables_running", {"qstat": (PBS_LONG.format("R", 0), 0)}, "running", ""),
        (
            "no_history_running",
            {"qstat": NO_HISTORY, "qstat_f": (PBS_RUNS.format("R"), 0)},
            "running",
            "",
        ),
        (
            "no_history_ended",
            {"qstat": NO_HISTORY, "qstat_f": ("qstat: Unknown Job Id 12.pbs\n", 153)},
            "failed",
            "it keeps no history: qmgr -c 'set server job_history_enable = true'",
        ),
        ("torque_done", {"qstat": (XML, 0), "qstat_f": (TORQUE.format(0), 0)}, "success", ""),
        ("torque_runs", {"qstat": (XML, 0), "qstat_f": (TORQUE_RUNS, 0)}, "running", ""),
        (
            "torque_forgotten",
            {"qstat": ("qstat: Unknown Job Id Error 12.torque\n", 153)},
            "failed",
            "no longer",
        ),
        (
            "torque_unstarted",
            {"qstat": (XML, 0), "qstat_f": (TORQUE_UNSTARTED, 0)},
            "failed",
            "exit code -1: Post job file processing error; job 179.host on host node1/0Bad UID for",
        ),
        (
            "torque_failed",
            {"qstat": (XML, 0), "qstat_f": (TORQUE.format(-11), 0)},
            "failed",
            "exit code -11",
        ),
    ],
    "lsf": [
        ("done", {"bjobs": ("DONE|-|-\n", 0)}, "success", ""),
        ("waits", {"bjobs": ("PEND|-|-\n", 0)}, "running", ""),
        ("suspended", {"bjobs": ("USUSP|-|-\n", 0)}, "running", ""),
        ("unknown", {"bjobs": ("UNKWN|-|-\n", 0)}, "running", ""),
        (
            "time",
            {
                "bjobs": (
                    "EXIT|140|TERM_RUNLIMIT: job killed after reaching LSF run time limit\n",
                    0,
                )
            },
            "failed",
            "TERM_RUNLIMIT",
        ),
        ("memory", {"bjobs": ("EXIT|137|TERM_MEMLIMIT: ...\n", 0)}, "failed", "TERM_MEMLIMIT"),
        (
            "forgotten",
            {"bjobs": (NOT_FOUND, 255), "bhist": ("No matching job found\n", 255)},
            "failed",
            "no longer",
        ),
        ("forgotten_without_history", {"bjobs": (NOT_FOUND, 0)}, "failed", "no longer"),
        (
            "forgotten_but_done",
            {"bjobs": (NOT_FOUND, 0), "bhist": (BHIST_REQUEUED.format(DONE), 0)},
            "success",
            "",
        ),
        (
            "forgotten_and_failed",
            {"bjobs": (NOT_FOUND, 0), "bhist": (BHIST_REQUEUED.format(EXITED), 0)},
            "failed",
            "Exited with exit code 17",
        ),
        (
            "forgotten_and_too_long",
            {"bjobs": (NOT_FOUND, 255), "bhist": (BHIST_REQUEUED.format(TERMINATED), 0)},
            "failed",
            "Exited with exit code 140 TERM_RUNLIMIT: job killed after reaching LSF run time",
        ),
        # AiiDA's record of such a line has the same text (tests/schedulers/test_lsf.py).
        ("owner", {"bjobs": ("EXIT|130|TERM_OWNER: job killed by owner\n", 0)}, "failed", "OWNER"),
        ("silent", {"bjobs": ("LSF is down. Please wait ...\n", 255)}, "running", ""),
    ],
    "sge": [
        ("running", {"qstat": ("job_number:  12\n", 0)}, "running", ""),
        ("silent", {"qstat": ("error: commlib error: got select error\n", 1)}, "running", ""),
        ("done", {"qstat": (GONE, 1), "qacct": (QACCT.format(0, 0), 0)}, "success", ""),
        ("failed", {"qstat": (GONE, 1), "qacct": (QACCT.format(0, 3), 0)}, "failed", "exit code 3"),
        (
            "killed",
            {"qstat": (GONE, 1), "qacct": (QACCT.format("100 : assumedly after job", 137), 0)},
            "failed",
            "100 : assumedly after job, exit code 137",
        ),
        (
            "not_recorded_yet",
            {"qstat": (GONE, 1), "qacct": ("error: job id 12 not found\n", 1)},
            "running",
            "",
        ),
    ],
    "slurm": [
        ("done", {"squeue": ("COMPLETED|None|node1\n", 0)}, "success", ""),
        ("time", {"squeue": ("TIMEOUT|TimeLimit|node1\n", 0)}, "failed", "TIMEOUT|TimeLimit|node1"),
        ("waits", {"squeue": ("PENDING|Priority|\n", 0)}, "running", ""),
        ("away", {"squeue": ("", 1), "scontrol": ("", 1)}, "running", ""),
        (
            "forgotten_by_squeue",
            {"squeue": ("", 1), "scontrol": ("", 0), "sacct": ("COMPLETED|None|node1\n", 0)},
            "success",
            "",
        ),
        (
            "forgotten",
            {"squeue": ("", 1), "scontrol": ("", 0), "sacct": ("", 0)},
            "failed",
            "no longer knows",
        ),
    ],
}


def write_program(folder, name, printed, code):
    """A program that prints a text; ``qstat`` prints that of ``qstat_f`` without ``-x``."""
    (folder / f"{name}.text").write_text(printed)
    other = f'case "$*" in -x*|-j*) ;; *) cat "{folder}/qstat_f.text"; exit 0 ;; esac\n'
    alike = other if name == "qstat" and (folder / "qstat_f.text").exists() else ""
    file = folder / name
    file.write_text(f'#!/bin/sh\n{alike}cat "{folder}/{name}.text"\nexit {code}\n')
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("system", "programs", "state", "reason"),
    [(system, *case[1:]) for system, cases in CASES.items() for case in cases],
    ids=[f"{system}-{case[0]}" for system, cases in CASES.items() for case in cases],
)
def test_a_job_is_what_its_batch_system_says(
    system, programs, state, reason, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    Path("logs/cluster").mkdir(parents=True)
    for name in sorted(programs, reverse=True):  # qstat_f first
        write_program(tmp_path / "bin", name, *programs[name])
    Path("status.sh").write_text(status_script(SYSTEMS[system]))
    env = {"PATH": f"{tmp_path}/bin{os.pathsep}/usr/bin{os.pathsep}/bin"}
    done = subprocess.run(["sh", "status.sh", "12"], capture_output=True, text=True, env=env)
    assert (done.stdout, done.returncode) == (f"{state}\n", 0)
    assert reason in ended_generic("12")
    assert bool(ended_generic("12")) is (state == "failed")
