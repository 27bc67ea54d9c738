"""What runs again after a change, from a fresh clone on."""

import os
import shutil

import pytest
from diamond import LEFT, NOTHING, RIGHT
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]


def test_a_fresh_clone_with_pulled_data_has_nothing_to_do(clone: Project) -> None:
    lock = clone.lock()
    assert NOTHING in clone.snakemake()
    assert clone.computed() == []
    assert clone.lock() == lock
    assert clone.git("status", "--short") == ""
    clone.assert_dvc_clean()


def test_a_changed_parameter_or_source_runs_exactly_what_depends_on_it(clone: Project) -> None:
    clone.dvc("pull", "--quiet", "--run-cache")
    first, results = clone.lock(), clone.outputs()

    clone.replace("params.yaml", "factor: 3", "factor: 5")
    clone.snakemake()
    assert clone.computed() == ["join", "left"]
    assert clone.read("results of all/left.txt") == "5\n5\n10\n10\n15\n15\n"
    clone.assert_dvc_clean()

    clone.replace("params.yaml", "factor: 5", "factor: 3")
    clone.snakemake()
    assert clone.computed() == [], "the result of before is in the cache"
    assert clone.lock() == first
    assert clone.outputs() == results
    clone.assert_dvc_clean()

    clone.replace("data/raw.txt", "2", "7")
    os.utime(clone.root / "data/raw.txt", (1_000_000_000, 1_000_000_000))
    clone.snakemake()
    assert clone.computed() == ["join", "left", "make", "right"]
    assert clone.read("data/numbers.txt") == "1\n1\n7\n7\n3\n3\n"
    clone.assert_dvc_clean()


def test_an_edited_cell_runs_its_step_again_and_the_others_only_if_its_result_changed(
    clone: Project,
) -> None:
    clone.write_notebook("left", [*LEFT[:-1], LEFT[-1].replace("value * factor", "value - factor")])
    clone.nbsnake("generate")
    clone.snakemake()
    assert clone.computed() == ["join", "left"]
    assert clone.read("results of all/left.txt") == "-2\n-2\n-1\n-1\n0\n0\n"
    clone.assert_dvc_clean()

    clone.write_notebook("right", [*RIGHT[:-1], f"unused = 1\n{RIGHT[-1]}"])
    clone.nbsnake("generate")
    clone.snakemake()
    assert clone.computed() == ["right"], "what it wrote is the same"
    clone.assert_dvc_clean()


def test_an_edited_text_cell_or_no_effect_cell_never_computes_other_steps(
    clone: Project,
) -> None:
    lock = clone.lock()
    cells = [cell.replace("only for the eye", "for another eye") for cell in LEFT]
    clone.write_notebook("left", cells)
    assert "nothing to generate" in clone.nbsnake("generate").stderr
    assert NOTHING in clone.snakemake()
    assert clone.lock() == lock

    clone.write_notebook("left", ["# Another title", *cells[1:]])
    clone.nbsnake("generate")
    clone.snakemake()
    # The text is part of the script, which DVC knows by its bytes only.
    assert clone.computed() in ([], ["left"])
    clone.assert_dvc_clean()
    assert NOTHING in clone.snakemake()


def test_edited_and_deleted_outputs_come_back_without_computing(done: Project) -> None:
    lock, results = done.lock(), done.outputs()

    done.write("results of all/left.txt", "edited by hand\n")
    done.write("data/parts/inner/0.txt", "edited by hand\n")
    done.write("data/parts/more.txt", "added by hand\n")
    (done.root / "joined.txt").unlink()
    done.snakemake()
    assert done.outputs() == results
    done.assert_dvc_clean()

    (done.root / "data/numbers.txt").unlink()
    done.snakemake()
    assert done.outputs() == results
    done.assert_dvc_clean()

    assert done.computed() == []
    assert done.lock() == lock
    assert NOTHING in done.snakemake()


def test_in_a_fresh_clone_too_a_deleted_output_comes_back_without_computing(
    clone: Project,
) -> None:
    lock, results = clone.lock(), clone.outputs()
    (clone.root / "joined.txt").unlink()
    clone.snakemake()
    assert clone.outputs() == results
    assert clone.lock() == lock
    clone.assert_dvc_clean()
    assert clone.computed() == [], "dvc.lock names the result, and the cache has it"


def test_going_back_in_git_with_dvc_checkout_leaves_nothing_to_do(done: Project) -> None:
    lock, results = done.lock(), done.outputs()
    done.replace("params.yaml", "factor: 3", "factor: 5")
    done.snakemake("joined.txt")
    assert done.computed() == ["join", "left"]
    done.git("commit", "--all", "--quiet", "--message", "factor 5")

    done.git("checkout", "--quiet", "HEAD~1")
    done.dvc("checkout", "--quiet")
    assert done.outputs() == results
    assert NOTHING in done.snakemake()
    assert done.lock() == lock
    done.assert_dvc_clean()
    assert done.computed() == []


def test_a_parameter_of_the_command_line_is_used_and_reported_but_never_locked(
    done: Project,
) -> None:
    lock, results = done.lock(), done.outputs()

    output = done.snakemake("--config", 'left={"factor": 9}')
    assert done.computed() == ["join", "left"]
    assert done.read("results of all/left.txt") == "9\n9\n18\n18\n27\n27\n"
    assert done.lock() == lock
    assert "not locked: left: it ran with" in output
    assert "--factor=9" in output
    status = done.status()
    assert status["left"]["state"] == "stale"
    assert "--factor=9" in str(status["left"]["reasons"])
    assert status["join"]["state"] == "stale"

    done.snakemake()
    assert done.computed() == []
    assert done.outputs() == results
    assert done.lock() == lock
    done.assert_dvc_clean()
    assert NOTHING in done.snakemake()


def test_a_missing_source_is_an_error_and_never_nothing_to_do(done: Project) -> None:
    (done.root / "data/raw.txt").unlink()
    assert "data/raw.txt is missing" in done.snakemake(code=1)
    assert "data/raw.txt is missing" in done.nbsnake("run", "-j", "2", code=3).stderr
    done.git("checkout", "data/raw.txt")
    assert NOTHING in done.snakemake()


def test_a_file_inside_a_folder_that_a_step_writes_is_its_result(done: Project) -> None:
    head = '"""Read one part.\n\n:dvc-in: data/parts/inner/0.txt\n:dvc-out: part.txt\n"""'
    code = "text = open('data/parts/inner/0.txt').read()\nopen('part.txt', 'w').write(text)"
    done.write_notebook("part", ["# Part", head, code])
    done.nbsnake("generate")
    shutil.rmtree(done.root / "data/parts")
    done.snakemake()
    assert (done.root / "part.txt").exists()
    done.assert_dvc_clean()
    shutil.rmtree(done.root / ".snakemake")
    os.utime(done.root / "part.txt", (1_000_000_000, 1_000_000_000))
    assert NOTHING in done.snakemake()


def test_a_file_that_was_there_before_the_step_ever_ran_is_no_result(project: Project) -> None:
    project.write("data/numbers.txt", "left by Jupyter\n")
    project.write("joined.txt", "left by Jupyter\n")
    assert project.status()["make"]["reasons"] == ["data/numbers.txt was there before"]
    project.snakemake()
    assert project.computed() == ["join", "left", "make", "right"]
    project.assert_dvc_clean()


def step_writing(project: Project, output: str) -> None:
    head = f'"""Write.\n\n:param out: o\n:dvc-out out: {output}\n"""\nout = "x"'
    project.write_notebook("writer", ["# W", head, 'open(out, "w").write("overwritten")'])


def test_an_output_that_git_tracks_is_refused_before_it_is_overwritten(project: Project) -> None:
    project.write("mine.txt", "mine\n")
    project.git("add", "mine.txt")
    step_writing(project, "mine.txt")
    output = project.nbsnake("run", "-j", "1", code=1).stderr
    assert "git tracks mine.txt" in output
    assert "git rm -r --cached mine.txt" in output
    assert "git tracks mine.txt" in project.snakemake(code=1)
    assert project.read("mine.txt") == "mine\n"


def test_an_output_behind_a_link_out_of_the_project_is_refused(project: Project) -> None:
    outside = project.root.with_name("outside")
    outside.mkdir()
    (project.root / "out").symlink_to(outside)
    step_writing(project, "out/file.txt")
    assert "out of the project" in project.nbsnake("run", "-j", "1", code=1).stderr
    assert not list(outside.iterdir())


def test_a_run_whose_results_cannot_be_locked_has_failed_each_time(done: Project) -> None:
    (done.root / "dvc.lock").unlink()
    (done.root / "dvc.lock").mkdir()
    for _ in range(2):
        assert done.run("nbsnake", "run", "-j", "1", code=3)
    (done.root / "dvc.lock").rmdir()
    done.nbsnake("run", "-j", "1")
    done.assert_dvc_clean()


def test_a_script_of_a_person_is_not_overwritten(project: Project) -> None:
    project.write("workflow/scripts/writer.py", "precious = 1\n")
    step_writing(project, "data/w.txt")
    output = project.nbsnake("generate", code=1).stderr
    assert "workflow/scripts/writer.py: nbsnake did not write this file" in output
    assert project.read("workflow/scripts/writer.py") == "precious = 1\n"


def test_a_line_break_in_a_notebooks_name_is_no_code(project: Project) -> None:
    step_writing(project, "data/w.txt")
    notebook = project.root / "notebooks/writer.ipynb"
    notebook.rename(notebook.with_name('w\nopen("PWNED","w")#.ipynb'))
    project.nbsnake("generate")
    project.snakemake()
    assert not (project.root / "PWNED").exists()
    project.assert_dvc_clean()


def test_notebooks_are_named_from_where_the_user_is(project: Project) -> None:
    project.run("nbsnake", "-C", "notebooks", "check", "left.ipynb")
    output = project.run("nbsnake", "-C", "notebooks", "status", "left.ipynb").stdout
    assert output.startswith("left")
