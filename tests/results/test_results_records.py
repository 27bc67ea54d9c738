"""What a job records, and what it refuses."""

import os
import sys
from pathlib import Path

from results_builder import planned

from nbsnake.dvc.lockfile import read_lock
from nbsnake.job.outputs import find_outputs
from nbsnake.job.receipt import read_failure, write_receipt


def test_another_command_than_the_plans_is_recorded_as_refused(folder):
    folder.exec("make", *folder.plan.steps["make"].argv[:-1], "7")
    assert (
        "it ran with '7', where dvc.yaml and params.yaml give '1'" in folder.receipt("make").refused
    )
    assert folder.states()["make"] != "fresh"
    assert list(folder.sync().refused) == ["make"]
    assert read_lock() == {}


def test_order_of_options_is_no_other_command(folder):
    argv = ("true", "--a=1", "--b=2")
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=argv, outs=()))
    assert folder.exec("make", "true", "--b=2", "--a=1") == 0
    assert folder.receipt("make").refused == ""


def test_refused_receipt_gives_no_result(done):
    Path("in.txt").write_text("2\n")
    write_receipt(done.receipt("make")._replace(refused="it was touched", params={}))
    assert done.exec("make") == 0
    receipt = done.receipt("make")
    write_receipt(receipt._replace(refused="in.txt changed while the step ran"))
    os.unlink("dvc.lock")
    make = done.plan.steps["make"]
    assert done.states()["make"] == "never run"
    assert done.sync().locked == ()
    deps = {seen.path: seen.content for seen in receipt.deps}
    for run in Path(".dvc/cache/runs").rglob("*"):
        if run.is_file():
            run.unlink()
    assert find_outputs(done.plan.cache, make, deps) is None


def test_dependency_that_changes_during_the_job_is_recorded(folder):
    change = f"{planned('make', 'in.txt', 'mid.txt').argv[2]}; open('in.txt', 'w').write('9')"
    argv = (sys.executable, "-c", change, "in.txt", "mid.txt", "1")
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=argv))
    assert folder.exec("make") == 0
    assert folder.receipt("make").refused == "in.txt changed while the step ran"
    assert folder.states()["make"] != "fresh"
    assert list(folder.sync().refused) == ["make"]
    assert not Path(".dvc/cache/runs").exists()


def test_dependency_that_changes_and_changes_back_is_recorded(folder):
    change = "; ".join(
        [
            "import os",
            "text = open('in.txt').read()",
            "open('in.txt', 'w').write('9')",
            "open('mid.txt', 'w').write(open('in.txt').read())",
            "open('in.txt', 'w').write(text)",
        ]
    )
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=(sys.executable, "-c", change)))
    assert folder.exec("make") == 0
    assert folder.receipt("make").refused == "in.txt changed while the step ran"


def test_failed_job_leaves_a_failure_and_no_receipt(folder):
    argv = (sys.executable, "-c", "raise SystemExit(7)")
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=argv))
    assert folder.exec("make") == 7
    assert read_failure("make").exit_code == 7
    assert not Path(".nbsnake/receipts/make.json").exists()


def test_job_without_its_output_fails(folder, capfd):
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=("true",)))
    assert folder.exec("make") == 3
    assert "mid.txt" in capfd.readouterr().err
    assert folder.states()["make"] == "never run"
