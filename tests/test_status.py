"""``nbsnake status``: the columns, which steps are shown, and what it exits with."""

import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import declare, nb_bytes
from results_builder import Folder, planned
from state_cases import state, thirty_states

from nbsnake.cli import main
from nbsnake.job.receipt import Failure, write_failure
from nbsnake.job.running import running_steps
from nbsnake.report.columns import status_lines
from nbsnake.report.states import totals

GOLDEN = Path(__file__).parent / "texts"


@pytest.fixture(autouse=True)
def one_clock(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    __import__("time").tzset()


@pytest.mark.parametrize("width", [80, 200, None])
def test_status_of_thirty_steps_fits_the_terminal(width, update_golden):
    states = thirty_states()
    lines = [*status_lines(states, {"load": "accepted by hand: it is right"}, width, color=False)]
    assert len(lines) == len(states) == 30
    assert all(len(line) <= (width or 1000) for line in lines)
    text = "\n".join([*lines, totals(states), ""])
    file = GOLDEN / f"status_{width or 'any'}.txt"
    if update_golden:
        file.write_text(text)
    assert text == file.read_text()


def test_colors_are_those_of_states_and_change_nothing_else():
    states = thirty_states()
    plain = [*status_lines(states, {}, 80, color=False)]
    colored = [*status_lines(states, {}, 80, color=True)]
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in colored] == plain
    assert all(line.count("\x1b[") == 2 for line in colored)


def test_totals_count_each_state():
    assert totals([]) == "0 steps: none"
    assert totals([state("a")]) == "1 step: 1 fresh"
    assert totals([state("a"), state("b", "failed"), state("c")]) == "3 steps: 2 fresh, 1 failed"


@pytest.fixture
def project(folder, monkeypatch):
    """Two steps that have run, one that has not, and one that failed."""
    built = Folder()
    built.run_all()
    more = [planned("plot", "out.txt", "plot.txt"), planned("last", "in.txt", "last.txt")]
    built.plan_steps(*built.plan.steps.values(), *more)
    write_failure(Failure("last", 1, 1.0, cell=3, error="KeyError: 'a'"))
    monkeypatch.setattr("nbsnake.commands.status.current_plan", lambda: built.plan)
    return built


def shown(capsys, *words):
    code = main(["status", *words])
    return code, capsys.readouterr().out.splitlines()


def test_filters_and_exit_code(project, capsys):
    code, lines = shown(capsys)
    assert (code, lines[-1]) == (0, "4 steps: 2 fresh, 1 never run, 1 failed")
    assert [line.split()[0] for line in lines[:-1]] == ["make", "join", "plot", "last"]
    assert lines[3] == "last  failed     cell 3: KeyError: 'a', see logs/last.log"
    assert [line.split()[0] for line in shown(capsys, "--stale")[1]] == ["plot", "last", "2"]
    assert [line.split()[0] for line in shown(capsys, "--failed")[1]] == ["last", "1"]
    assert shown(capsys, "--exit-code")[0] == 1
    assert shown(capsys, "--exit-code", "make", "join")[0] == 0


def offers_to_accept(capsys, *steps):
    capsys.readouterr()
    assert main(["status", *steps]) == 0
    return "nbsnake accept" in capsys.readouterr().err


def changed(built, **changes):
    steps = built.plan.steps
    built.plan_steps(*{**steps, "make": steps["make"]._replace(**changes)}.values())


def test_accept_is_offered_where_code_or_the_result_alone_differ(project, capsys):
    assert not offers_to_accept(capsys)
    Path("mid.txt").write_text("by hand\n")
    assert offers_to_accept(capsys, "make")
    Path("mid.txt").write_text("1\n")
    assert not offers_to_accept(capsys)
    changed(project, cmd="python other.py")
    assert offers_to_accept(capsys)


def test_accept_is_not_offered_where_a_value_or_data_differ_or_the_result_is_missing(
    project, capsys
):
    changed(project, params={"params.yaml": {"make.times": 2}}, cmd="python make.py --times=2")
    assert not offers_to_accept(capsys, "make")
    changed(project, params={"params.yaml": {"make.times": 1}}, cmd="python make.py")
    Path("in.txt").write_text("2\n")
    assert not offers_to_accept(capsys, "make")
    Path("in.txt").write_text("1\n")
    Path("mid.txt").unlink()
    assert not offers_to_accept(capsys, "make")


def test_running_steps_are_shown_since_when_and_not_as_missing(project, capsys):
    os.unlink("mid.txt")
    Path(".nbsnake/running/make").write_text("at work\n")
    assert running_steps() == {}  # it was killed
    assert "mid.txt is missing" in shown(capsys)[1][0]
    with open(".nbsnake/running/make", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.utime(".nbsnake/running/make", (3600, 3600))
        lines = shown(capsys)[1]
    assert lines[0] == "make  running    since 01:00:00"
    assert lines[1] == "join  waiting    waits for make"


def test_no_color_and_no_escape_where_the_output_is_no_terminal(project, capsys):
    Path("in.txt").write_text("2\n")
    assert "\x1b" not in "".join(shown(capsys)[1])


def test_file_of_a_run_that_did_not_end_was_not_there_before(project, capsys):
    Path("last.txt").write_text("half")
    os.utime("last.txt", (0, 0))
    assert "last.txt is of a run that did not end" in shown(capsys)[1][3]
    Path("plot.txt").write_text("mine")
    assert "plot.txt was there before" in shown(capsys)[1][2]


def called(*words):
    return subprocess.run([sys.executable, "-m", "nbsnake", *words], capture_output=True, text=True)


def test_closed_pipe_is_no_error(folder):
    called("init")
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "nbsnake", "status", "--json"]
    with os.fdopen(write, "w") as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 141
    assert "roken" not in done.stderr
    assert "Traceback" not in done.stderr


def test_project_without_steps_says_what_makes_one(folder):
    called("init")
    for words in (["generate"], ["generate"], ["status"], ["run"]):
        said = called(*words).stderr
        assert "no notebook here is a step yet" in said
        assert "all steps are fresh" not in said


def test_snakefile_of_ones_own_is_named_with_what_it_lacks(folder):
    Path("Snakefile").write_text("rule all:\n    input: 'a.txt'\n")
    for words in (["init"], ["generate"], ["generate"]):
        said = called(*words).stderr
        assert "Snakefile is yours and does not include the generated rules" in said
        assert 'include: "workflow/rules/common.smk"' in said
    Path("Snakefile").write_text("include: 'workflow/rules/common.smk'\n")
    assert "is yours" not in called("generate").stderr


def test_dvc_without_git_stays_so(folder):
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], check=True)
    assert "initialized git" not in called("init").stderr
    assert not Path(".git").exists()


def test_script_that_was_edited_by_hand_is_named_and_a_copy_is_made(folder):
    called("init")
    Path("notebooks").mkdir()
    cells = [declare(":dvc-out: a.txt"), "x = 1\n"]
    Path("notebooks/a.ipynb").write_bytes(nb_bytes(*cells))
    called("generate")
    script = Path("workflow/scripts/a.py")
    text = script.read_text()
    script.write_text(text.replace("x = 1", "x = 2"))
    assert "workflow/scripts/a.py was edited by hand (cell 2 of" in called("status").stdout
    said = called("generate").stderr
    assert "workflow/scripts/a.py was edited by hand; what it was is now" in said
    assert "x = 2" in Path(".nbsnake/edited/a.py").read_text()
    assert script.read_text() == text
    Path("notebooks/a.ipynb").write_bytes(nb_bytes(cells[0], "x = 3\n"))
    assert "notebooks/a.ipynb is newer than workflow/scripts/a.py" in called("status").stdout
