"""Why a job of a cluster failed: from what executors, Slurm and status scripts say of it."""

import os
from pathlib import Path

import pytest

from nbsnake.cluster.slurm.ended import Ended, in_words, parse_ended
from nbsnake.snakemake.reasons import reason_of, submitted

# Recorded from Slurm 22.05.8.
SHOWN = """\
JobId=6 JobName=9f UserId=root(0) GroupId=root(0) MCS_label=N/A Priority=4294901758 Nice=0 \
Account=(null) QOS=(null) JobState=TIMEOUT Reason=TimeLimit Dependency=(null) Requeue=0 \
Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:15 RunTime=00:01:17 TimeLimit=00:01:00 TimeMin=N/A \
NodeList=node1 BatchHost=node1 NumNodes=1 NumCPUs=1 MinCPUsNode=1 MinMemoryNode=400M
"""
# Recorded from the same, of a node whose prolog failed.
DRAINED = """\
NodeName=node1 Arch=x86_64 CPUAlloc=0 CPUTot=4 NodeAddr=127.0.0.1 State=IDLE+DRAIN \
ThreadsPerCore=1 Partitions=main,short Reason=Prolog error [root@2026-11-27T05:58:13]
"""
UNSTARTED = "FAILED: {} did not start it, as it does not find the folder of the job's log"
FAILED = "SLURM-job '6' failed, SLURM status is: '{}'. Reason: Unknown."
LOST = (
    "SLURM-job '6' failed due to a node failure, SLURM status is: 'NODE_FAIL'. Failed nodes will "
    "be excluded from future job submissions."
)
REFUSED = (
    "SLURM sbatch failed. The error message was 'sbatch: error: AssocMaxSubmitJobLimit\nsbatch: "
    "error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, "
    "user's size and/or time limits)'.\n    sbatch call:\n        sbatch --parsable"
)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Programs that print what a real Slurm printed."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}/usr/bin{os.pathsep}/bin")

    def write(name, text):
        file = tmp_path / "bin" / name
        file.write_text(f"#!/bin/sh\ncat <<'END'\n{text}END\n")
        file.chmod(0o755)

    write("scontrol", SHOWN)
    write("sacct", "")
    return write


def test_facts_of_a_job_are_read_as_slurm_writes_them():
    assert parse_ended(SHOWN, "") == Ended("TIMEOUT", "TimeLimit", "node1", 77, "00:01:00", "400M")
    assert parse_ended("", "CANCELLED by 0\n") == Ended("CANCELLED", by="root")
    assert parse_ended("RunTime=1-02:03:04", "").seconds == 93784
    assert parse_ended("slurm_load_jobs error", "") == Ended()


@pytest.mark.parametrize(
    ("state", "ended", "words"),
    [
        ("TIMEOUT", Ended(limit="00:01:00"), "TIMEOUT: it reached its time limit of 00:01:00"),
        ("OUT_OF_MEMORY", Ended(memory="500M"), "OUT_OF_MEMORY: it used more than its 500MB"),
        ("CANCELLED", Ended(by="ada"), "CANCELLED: by ada"),
        ("CANCELLED", Ended(), "CANCELLED: Slurm does not say by whom"),
        ("NODE_FAIL", Ended(node="node1"), "NODE_FAIL: the node node1 was lost"),
        ("FAILED", Ended(reason="NonZeroExitCode"), "FAILED"),
        (
            "FAILED",
            Ended(reason="RaisedSignal:53(Real-time_signal_19)"),
            UNSTARTED.format("its node"),
        ),
        ("NODE_FAIL", Ended(reason="JobLaunchFailure", node="node1"), UNSTARTED.format("node1")),
        ("FAILED", Ended(reason="JobHoldMaxRequeue"), "FAILED: JobHoldMaxRequeue"),
        (
            "CANCELLED",
            Ended(node="node1", trouble="Prolog error"),
            "CANCELLED: node1 did not start it, of which Slurm says: Prolog error",
        ),
        ("BOOT_FAIL", Ended(), "BOOT_FAIL: its node did not start"),
        ("REVOKED", Ended(), "REVOKED"),
        ("TIMEOUT", Ended(), "TIMEOUT"),
    ],
)
def test_each_state_is_shown_with_what_it_means_for_the_job(state, ended, words):
    assert in_words(state, ended) == words


def test_a_failed_job_of_slurm_has_its_state_number_time_and_log(slurm):
    logs = ["logs/slow.log", os.path.abspath("logs/slurm/rule_slow/6.log")]
    reason = reason_of(FAILED.format("TIMEOUT"), logs)
    assert reason.text == "TIMEOUT: it reached its time limit of 00:01:00"
    assert (reason.job, reason.seconds, reason.log) == ("6", 77, "logs/slurm/rule_slow/6.log")
    assert "runtime=N*attempt" in reason.hint
    assert reason_of(LOST, logs).text == "NODE_FAIL: the node node1 was lost"


def test_a_node_that_did_not_start_a_job_is_asked_why(slurm):
    never_ran = SHOWN.replace("=TIMEOUT", "=CANCELLED").replace(
        "RunTime=00:01:17", "RunTime=00:00:00"
    )
    slurm("scontrol", f"{never_ran}{DRAINED}")
    assert reason_of(FAILED.format("CANCELLED"), []).text == (
        "CANCELLED: node1 did not start it, of which Slurm says: Prolog error"
    )


def test_who_cancelled_is_asked_of_the_accounts(slurm):
    slurm("sacct", "CANCELLED by 0\n")
    assert reason_of(FAILED.format("CANCELLED"), []).text == "CANCELLED: by root"


def test_a_step_of_a_group_has_the_reason_of_the_group(slurm):
    reason = reason_of("", ["logs/a.log", "/p/logs/slurm/group_tiny/6.log"])
    assert (reason.text, reason.job) == ("TIMEOUT: it reached its time limit of 00:01:00", "6")


def test_where_slurm_does_not_answer_the_state_is_still_said(slurm):
    slurm("scontrol", "")
    assert reason_of(FAILED.format("TIMEOUT"), []).text == "TIMEOUT"


def test_a_refusal_is_shown_in_the_words_of_sbatch():
    assert reason_of(REFUSED, []).text == (
        "sbatch refused it: AssocMaxSubmitJobLimit; Job violates accounting/QOS policy (job "
        "submit limit, user's size and/or time limits)"
    )


def test_what_the_executor_itself_refuses_is_shown_without_general_advice():
    said = (
        "Job submission failed with exception: The given account x appears to be invalid. "
        "Available accounts:\nlabFor further error details see the cluster/cloud log and the log "
        "files of the involved rule(s)."
    )
    assert reason_of(said, []).text == (
        "it was not submitted: The given account x appears to be invalid. Available accounts:; lab"
    )


def test_a_job_of_a_generic_system_has_what_its_status_script_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("logs/cluster").mkdir(parents=True)
    Path("logs/cluster/17.end").write_text("exit code 137\n")
    Path("logs/cluster/170.log").touch()
    Path("logs/cluster/a-17.log").touch()
    reason = reason_of("", ["logs/a.log"], "17")
    assert (reason.text, reason.job, reason.log) == (
        "exit code 137",
        "17",
        "logs/cluster/a-17.log",
    )
    assert reason_of("", [], "18").text == ""


def test_a_local_step_that_fails_has_no_reason_but_its_log():
    assert reason_of("", ["logs/a.log"]) == reason_of("", [])


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Submitted job 3 with external jobid '17'.", ("3", "17")),
        ("Submitted group job 0f-1a with external jobid '9[1].pbs'.", ("0f-1a", "9[1].pbs")),
        ("Select jobs to execute...", None),
    ],
)
def test_submissions_are_read_from_the_messages_of_the_generic_executor(message, found):
    assert submitted(message) == found
