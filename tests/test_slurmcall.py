"""Slurm's programs as executors call them: a lack of an answer loses no job."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbsnake.cluster.slurm import call as slurmcall
from nbsnake.cluster.slurm import jobs as slurmtools
from nbsnake.cluster.slurm.call import JOBS_FILE, SAID_FILE, UNREACHABLE, main
from nbsnake.cluster.slurm.jobs import FOLDER, cancel_waiting_jobs, end_left_jobs, wrap_slurm_tools
from nbsnake.errors import ToolError

QUERY = ("--noheader", "--states=all", "--name", "run1")


@pytest.fixture(autouse=True)
def programs(tmp_path, monkeypatch):
    """A project, and a folder for programs that stand in for Slurm's."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "project/.nbsnake").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(slurmcall, "PAUSE", 0.01)
    monkeypatch.setattr(slurmtools, "PAUSE", 0.01)
    monkeypatch.setattr(slurmtools, "PATIENCE", 0.05)

    def write(name, body):
        file = tmp_path / "bin" / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)
        return str(file)

    return write


def test_a_query_that_fails_is_no_news(programs, capsys):
    squeue = programs("squeue", "echo '1|RUN'; exit 1")
    assert main(["squeue", squeue, *QUERY]) == 0
    assert capsys.readouterr().out == ""


def test_what_a_person_asks_is_answered_as_ever(programs, capfd):
    squeue = programs("squeue", "echo away >&2; exit 4")
    assert main(["squeue", squeue]) == 4
    assert "away" in capfd.readouterr().err


def test_words_are_those_that_executors_know(programs, capsys):
    sacct = programs("sacct", "printf '1|CANCELLED by 0\\n2|COMPLETED\\n3|FAILED\\n'")
    assert main(["sacct", sacct, *QUERY]) == 0
    assert capsys.readouterr().out == "1|CANCELLED\n2|COMPLETED\n3|FAILED\n"


def test_no_node_is_no_node_to_leave_out(programs, capsys):
    sacct = programs("sacct", "echo 'None assigned'")
    assert main(["sacct", sacct, "-j", "1", "-n", "-X", "-o", "nodelist%-256"]) == 0
    assert capsys.readouterr().out == ""


def test_without_accounts_squeue_answers_for_the_same_run(programs, capsys):
    sacct = programs("sacct", "exit 1")
    programs("squeue", 'case "$*" in *--name=run1*) echo "1|RUNNING" ;; esac')
    assert main(["sacct", sacct, *QUERY]) == 0
    assert capsys.readouterr().out == "1|RUNNING\n"


@pytest.mark.parametrize(
    "words", ["exceeded memory limit (9 > 8), being killed", "1 oom_kill event"]
)
def test_a_job_whose_log_tells_of_memory_ran_out_of_it(words, programs, capsys):
    log = Path("logs/slurm/rule_a/7.log")
    log.parent.mkdir(parents=True)
    log.write_text(f"{'x' * 20_000}\nslurmstepd: error: {words}\n")
    squeue = programs("squeue", "printf '7|FAILED\\n8|FAILED\\n'")
    assert main(["squeue", squeue, *QUERY]) == 0
    assert capsys.readouterr().out == "7|OUT_OF_MEMORY\n8|FAILED\n"


def test_a_submission_waits_for_the_controller_and_is_noted(programs, capsys):
    body = f"if [ -e away ]; then rm away; echo '{UNREACHABLE}' >&2; exit 1; fi; echo '12;lab'"
    sbatch = programs("sbatch", body)
    Path("away").touch()
    assert main(["sbatch", sbatch, "--parsable"]) == 0
    assert capsys.readouterr().out == "12;lab\n"
    assert Path(JOBS_FILE).read_text() == "12;lab\n"
    assert "controller does not answer" in Path(SAID_FILE).read_text()


@pytest.mark.parametrize(
    "message",
    [
        "AssocMaxSubmitJobLimit",
        "AssocGrpSubmitJobsLimit",
        "QOSMaxSubmitJobPerUserLimit",
        "Batch job submission failed: Resource temporarily unavailable",
    ],
)
def test_a_limit_on_jobs_is_waited_out_however_long(message, programs, monkeypatch, capsys):
    monkeypatch.setattr(slurmcall, "PATIENCE", 0)
    body = f"echo x >> calls; if [ $(wc -l < calls) -lt 4 ]; then echo '{message}' >&2; exit 1; fi"
    sbatch = programs("sbatch", f"{body}; echo 12")
    assert main(["sbatch", sbatch, "--parsable"]) == 0
    assert Path(JOBS_FILE).read_text() == "12\n"
    (said,) = Path(SAID_FILE).read_text().splitlines()
    assert "takes no more jobs for now" in said


def test_a_script_from_standard_input_is_submitted_again_as_a_whole(programs, monkeypatch, capsys):
    body = f"if [ -e away ]; then rm away; echo '{UNREACHABLE}' >&2; exit 1; fi; cat > got; echo 12"
    sbatch = programs("sbatch", body)
    Path("away").touch()
    monkeypatch.setattr("sys.stdin", io.StringIO("#!/bin/sh\necho a\n"))
    assert main(["sbatch", sbatch, "/dev/stdin"]) == 0
    assert Path("got").read_text() == "#!/bin/sh\necho a\n"


@pytest.mark.parametrize("reason", ["JobLaunchFailure", "RaisedSignal:53(Real-time_signal_19)"])
def test_a_job_that_its_node_could_not_start_gets_another_node(reason, programs, capsys):
    body = f"""case "$*" in
      *%r*--jobs=7*) echo '{reason}' ;; *%r*) echo NonZeroExitCode ;; *%N*--jobs=7*) echo node1 ;;
      *) printf '7|FAILED\\n8|FAILED\\n' ;;
    esac"""
    squeue = programs("squeue", body)
    sacct = programs("sacct", "exit 1")
    assert main(["squeue", squeue, *QUERY]) == 0
    assert main(["sacct", sacct, "-j", "7", "-n", "-X", "-o", "nodelist%-256"]) == 0
    assert capsys.readouterr().out == "7|NODE_FAIL\n8|FAILED\nnode1\n"


def test_jobs_inherit_nothing_of_the_job_in_which_the_run_is(programs, monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_CPU", "600")
    monkeypatch.setenv("SLURM_CPU_BIND", "quiet,mask_cpu:0x1")
    monkeypatch.setenv("SLURMD_NODENAME", "node1")
    monkeypatch.setenv("SLURM_CONF", "/etc/a.conf")
    monkeypatch.setenv("SBATCH_ACCOUNT", "lab")
    sbatch = programs("sbatch", "env | grep -E '^(SLURM|SBATCH)' | sort > got; echo 12")
    assert main(["sbatch", sbatch, "--parsable"]) == 0
    assert Path("got").read_text() == "SBATCH_ACCOUNT=lab\nSLURM_CONF=/etc/a.conf\n"


SUBMISSION = ("--parsable", "--job-name", "run1", "--comment", "rule_a_wildcards_1")


def test_a_submission_whose_answer_was_lost_is_found_in_the_queue(programs, capsys):
    note("7")
    sbatch = programs("sbatch", "echo x >> calls; echo 'Socket timed out on send/recv' >&2; exit 1")
    queue = "7|rule_a_wildcards_1\n8|rule_b\n9|rule_a_wildcards_1"
    programs("squeue", f"printf '{queue}\\n'")
    assert main(["sbatch", sbatch, *SUBMISSION]) == 0
    assert capsys.readouterr().out == "9\n"
    assert Path("calls").read_text() == "x\n"
    assert Path(JOBS_FILE).read_text() == "7\n9\n"


def test_a_submission_that_was_not_heard_is_made_again(programs, capsys):
    body = (
        "echo x >> calls; if [ $(wc -l < calls) -lt 2 ]; then echo 'Socket timed out' >&2; exit 1"
    )
    sbatch = programs("sbatch", f"{body}; fi; echo 12")
    programs("squeue", "true")
    assert main(["sbatch", sbatch, *SUBMISSION]) == 0
    assert Path(JOBS_FILE).read_text() == "12\n"


@pytest.mark.parametrize("name", ["sacct", "sacctmgr", "sshare"])
def test_programs_of_accounts_that_are_missing_or_fail_answer_nothing(name, programs, capfd):
    assert main([name, "/nowhere/sacct", "-nu", "me", "-o", "Account%256"]) == 0
    failing = programs(name, "echo 'accounting storage is disabled' >&2; exit 1")
    assert main([name, failing, "show", "assoc"]) == 0
    assert capfd.readouterr() == ("", "")


def test_where_sacct_is_not_installed_its_wrapper_answers_by_squeue(programs, monkeypatch):
    programs("sbatch", "echo 12")
    programs("squeue", "echo '1|RUNNING'")
    which = shutil.which
    hidden = ("sacct", "sacctmgr", "sshare", "srun")
    monkeypatch.setattr(
        "shutil.which", lambda name, **more: None if name in hidden else which(name, **more)
    )
    wrap_slurm_tools()
    for words, answer in ((QUERY, "1|RUNNING\n"), (["-nu", "me"], "")):
        done = subprocess.run([f"{FOLDER}/sacct", *words], capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, answer, "")


def test_what_slurm_says_is_printed_once_by_the_head(programs, monkeypatch, capsys):
    slurmcall.say_once("full")
    slurmcall.say_once("full")
    slurmcall.say_once("away")

    class EnoughError(Exception):
        pass

    def stop(seconds):
        raise EnoughError

    monkeypatch.setattr("time.sleep", stop)
    with pytest.raises(EnoughError):
        slurmtools._hand_on(0)
    assert capsys.readouterr().err == "nbsnake: full\nnbsnake: away\n"


@pytest.mark.parametrize(
    "message",
    [
        "Invalid partition name specified",
        "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    ],
)
def test_a_submission_that_slurm_refuses_is_not_repeated(message, programs, capsys):
    sbatch = programs("sbatch", f'echo x >> calls; echo "{message}" >&2; exit 1')
    assert main(["sbatch", sbatch, "--parsable"]) == 1
    assert message in capsys.readouterr().err
    assert Path("calls").read_text() == "x\n"
    assert not Path(JOBS_FILE).exists()


def test_tools_are_wrapped_once_and_call_the_real_ones(programs, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", "/etc/a b.conf")
    programs("sbatch", "echo 12")
    shown = ("srun", "scancel", "scontrol", "squeue", "sacct")
    for name in shown:
        programs(name, 'echo "$SLURM_CONF"')
    wrap_slurm_tools()
    wrap_slurm_tools()
    path = os.environ["PATH"].split(os.pathsep)
    assert path[0] == str(Path(FOLDER).resolve())
    assert path.count(path[0]) == 1
    assert {"sbatch", "srun"} <= {file.name for file in Path(FOLDER).iterdir()}
    monkeypatch.delenv("SLURM_CONF")
    said = [subprocess.run([name], capture_output=True, text=True).stdout for name in shown]
    assert said == ["/etc/a b.conf\n"] * len(shown), "the executor removes the variable"
    assert subprocess.run(["sbatch"], capture_output=True, text=True).stdout == "12\n"


def test_without_slurm_nothing_is_wrapped(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name, **more: None)
    before = os.environ["PATH"]
    wrap_slurm_tools()
    assert os.environ["PATH"] == before
    assert not Path(FOLDER).exists()


def note(*jobs):
    for job in jobs:
        slurmcall.note(job)


def test_of_a_killed_run_waiting_jobs_are_cancelled_and_running_ones_awaited(programs, capsys):
    note("1", "2", "3")
    answers = "echo x >> asked; case $(wc -l < asked) in"
    answers += " 1) printf '1|PENDING\\n2|RUNNING\\n3|COMPLETED\\n' ;;"
    answers += " 2) printf '1|CANCELLED\\n2|COMPLETING\\n' ;; *) echo '2|COMPLETED' ;; esac"
    programs("squeue", answers)
    programs("scancel", 'echo "$*" >> cancelled')
    end_left_jobs()
    assert Path("cancelled").read_text() == "1\n"
    assert not Path(JOBS_FILE).exists()
    output = capsys.readouterr().err
    assert "cancelled 1 waiting job of an earlier run" in output
    assert "waiting for jobs of an earlier run: 2" in output


def test_waiting_jobs_are_cancelled_before_a_running_step_is_waited_for(programs, capsys):
    note("1", "2")
    programs("squeue", "printf '1|PENDING\\n2|RUNNING\\n'")
    programs("scancel", 'echo "$*" >> cancelled')
    cancel_waiting_jobs()
    assert Path("cancelled").read_text() == "1\n"
    assert "waiting for" not in capsys.readouterr().err


@pytest.mark.parametrize("state", ["PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"])
def test_jobs_that_wait_or_are_held_are_cancelled(state, programs):
    note("1")
    programs("squeue", f"echo '1|{state}'")
    programs("scancel", 'echo "$*" >> cancelled')
    cancel_waiting_jobs()
    assert Path("cancelled").read_text() == "1\n"


def test_a_suspended_job_is_waited_for_and_named(programs, capsys):
    note("1")
    answers = "echo x >> asked; if [ $(wc -l < asked) -lt 4 ]; then echo '1|SUSPENDED'; fi"
    programs("squeue", answers)
    programs("scancel", 'echo "$*" >> cancelled')
    end_left_jobs()
    assert not Path("cancelled").exists()
    assert capsys.readouterr().err.count("suspended: 1 (scontrol resume, or scancel)") == 1


def test_jobs_of_another_cluster_are_asked_for_and_cancelled_there(programs, capsys):
    note("1", "2;far")
    programs(
        "squeue",
        'case "$*" in *--clusters=far*--jobs=2) printf "CLUSTER: far\\n2|PENDING\\n" ;; '
        '*--jobs=1) echo "1|COMPLETED" ;; esac',
    )
    programs("scancel", 'echo "$*" >> cancelled')
    cancel_waiting_jobs()
    assert Path("cancelled").read_text() == "--clusters=far 2\n"


def test_a_refused_scancel_is_said_once_and_the_job_waited_for(programs, capsys):
    note("1")
    answers = "echo x >> asked; if [ $(wc -l < asked) -lt 5 ]; then echo '1|PENDING'; fi"
    programs("squeue", answers)
    programs("scancel", "echo 'scancel: error: Kill job error: Access denied' >&2; exit 1")
    end_left_jobs()
    said = capsys.readouterr().err
    assert said.count("does not cancel 1 waiting job of an earlier run: scancel: error") == 1
    assert "cancelled 1" not in said


def test_a_controller_that_never_answers_is_a_fault_and_the_jobs_stay_on_record(programs):
    note("1")
    programs("squeue", "echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(ToolError, match="does not give the states"):
        end_left_jobs()
    assert Path(JOBS_FILE).exists()


def test_jobs_that_slurm_has_forgotten_have_ended(programs):
    note("1")
    programs("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    end_left_jobs()
    assert not Path(JOBS_FILE).exists()


def test_where_nothing_was_submitted_nothing_is_asked():
    end_left_jobs()


def test_a_project_cannot_stand_in_for_modules_of_the_wrapper(programs):
    Path("re.py").write_text("raise SystemExit('the wrong one')\n")
    programs("sbatch", "echo 12")
    wrap_slurm_tools()
    done = subprocess.run(["sbatch"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("12\n", ""), sys.executable


def test_a_copy_of_a_project_away_from_its_cluster_asks_nobody(monkeypatch):
    note("1")
    monkeypatch.setattr("shutil.which", lambda name, **more: None)
    end_left_jobs()
