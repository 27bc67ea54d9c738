"""Notebooks that run in a kernel: a comment is the docstring, cells are executed as they are."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from builders import nb, nb_bytes, spec_of, step

from nbsnake.errors import NbsnakeError
from nbsnake.ipython.kernelcalls import _nb_in_julia, _nb_in_python, _nb_in_r
from nbsnake.notebook.foreign_literals import LANGUAGES, assigned_literal
from nbsnake.notebook.read_step import read_step
from nbsnake.render.script import render_script


def metadata(language, kernel):
    spec = {"name": kernel, "language": language, "display_name": kernel}
    return {"kernelspec": spec, "language_info": {"name": language}}


R, JULIA, PYTHON = metadata("R", "ir"), metadata("julia", "julia-1.10"), metadata("python", "py3")
HEAD = """\
#' Fit a line.
#'
#' :param float rate: learning rate
#' :dvc-in raw: data/raw.csv
#' :dvc-out model:
rate <- 0.1  # slow
raw = "../data/raw.csv"
model <- '../models/model.rds'
library(stats)
"""


def executed(source, *cells, **more):
    """The texts that the script of a notebook tells its kernel."""
    tree = ast.parse(render_script(step(source, *cells, **more)))
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
    return [
        each.args[0].value
        for each in calls
        if isinstance(each.func, ast.Name) and each.func.id == "_nb_execute"
        if isinstance(each.args[0], ast.Constant)
    ]


def test_the_comment_of_a_notebook_in_r_is_its_docstring():
    found = step(HEAD, "fit <- lm(y ~ x)", metadata=R)
    assert found.description == "Fit a line."
    assert {each.name: each.value for each in found.arguments} == {
        "raw": "data/raw.csv",
        "model": "models/model.rds",
        "rate": 0.1,
    }
    assert [(each.path, each.is_output) for each in found.artifacts] == [
        ("data/raw.csv", False),
        ("models/model.rds", True),
    ]
    script = render_script(found)
    assert '_nb_kernel("ir", "R")' in script
    assert "_nb_execute(_nb_in_r(model=model, rate=rate, raw=raw))" in script


@pytest.mark.parametrize(
    "cell",
    [
        'cat("a\\n")\nplot(x)\n',
        'x <- \'quotes """ inside\'',
        "ends <- '\\\\'\ny\\",
        "# %% cell 7\ny",
        "tab\there",
        "!ls\n%time x",
        "umlaut <- 'ä'\r\nb",
        "bell \a",
    ],
)
def test_a_cell_is_told_as_it_is(cell):
    assert executed(HEAD, cell, metadata=R) == ["library(stats)", cell]


def test_cells_that_are_left_out_are_not_told():
    texts = executed(HEAD, "# No effect\nplot(x)", ("markdown", "# M"), "y", metadata=R)
    assert texts == ["library(stats)", "y"]


def test_julia_and_a_python_notebook_that_asks_for_a_kernel():
    head = '# :kernel: mine\n# :dvc-out out: data/a\nout = "../data/a"\n'
    for kind, printer in ((JULIA, "_nb_in_julia"), (PYTHON, "_nb_in_python")):
        script = render_script(step(head, "%%R\nx", metadata=kind))
        assert '_nb_kernel("mine", ' in script
        assert f"_nb_execute({printer}(out=out))" in script


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        *((PYTHON, "n: int = 3"), (PYTHON, "n : 'int' = 3  # why")),
        *((R, "3 -> n"), (R, "3 -> n  # why"), (R, "n = 3;")),
        *((JULIA, "const n = 3"), (JULIA, "n::Int = 3"), (JULIA, "global n = 3")),
    ],
)
def test_an_assignment_of_any_form_gives_the_value_and_is_not_told(kind, line):
    head = f"\n  \n# :kernel:\n# :param int n:\n# :dvc-out: data/a\n{line}\nrest"
    assert step(head, metadata=kind).arguments[0].value == 3
    assert executed(head, metadata=kind) == ["rest"]


@pytest.mark.parametrize("line", ["n, m = 3, 4", "n = m = 3", "n: int = f(3)"])
def test_other_assignments_of_a_parameter_are_refused(line):
    with pytest.raises(NbsnakeError, match="'n' is not assigned a literal"):
        step(f"# :kernel:\n# :param int n:\n# :dvc-out: data/a\n{line}", metadata=PYTHON)


def test_integers_of_r_stay_integers():
    head = "# :param int n:\n# :param int m:\n# :param list x:\n# :dvc-out: data/a\n"
    script = render_script(step(f"{head}n <- 5L # 6\nm <- 5\nx <- c(1L, 2L)", metadata=R))
    assert '_nb_execute(_nb_in_r("n", "x", m=m, n=n, x=x))' in script
    printed = _nb_in_r("n", "x", m=100000, n=100000, x=[1, 2])
    assert printed.split("\n") == ["m <- 100000", "n <- 100000L", "x <- c(1L, 2L)"]
    assert _nb_in_r("x", x=[]) == _nb_in_r(x=[]) == "x <- c()"
    with pytest.raises(ValueError, match="the value of 'n'"):
        _nb_in_r("n", n=2**31)


def test_other_notebooks_are_as_they_were():
    assert spec_of("# A comment", "x <- 1", metadata=R) is None
    assert spec_of("# :dvc-out out: data/a\nout = 1", metadata=PYTHON) is None


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ([HEAD.replace("0.1", "2 * x")], "cell 1, line 6"),
        ([HEAD.replace("0.1", "TRUE && x")], "cell 1, line 6"),
        ([HEAD, "y <- 2\nrate <- 0.3"], "cell 2, line 2"),
        ([HEAD.replace(":dvc-out model:", ":dvc-outt model:")], "cell 1, line 5"),
    ],
)
def test_a_parameter_that_cannot_be_given_is_refused_with_its_line(cells, line):
    with pytest.raises(NbsnakeError) as caught:
        spec_of(*cells, metadata=R)
    assert line in str(caught.value)


def test_a_language_without_printer_is_named():
    with pytest.raises(NbsnakeError, match="written in scilab"):
        spec_of(HEAD, metadata=metadata("scilab", "scilab"))


def test_a_docstring_in_python_cannot_ask_for_a_kernel():
    with pytest.raises(NbsnakeError, match="is a comment"):
        spec_of('""":kernel: ir\n:dvc-out: a\n"""', metadata=PYTHON)


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("r", "10L", 10),
        ("r", "1e-3", 0.001),
        ("r", "-2.5 # why", -2.5),
        ("r", "TRUE", True),
        ("r", "NULL", None),
        ("r", "c(\"a\", 'b\\n')", ["a", "b\n"]),
        ("r", "c()", []),
        ("julia", "[1, 2.5]", [1, 2.5]),
        ("julia", '"a\\$b";', "a$b"),
        ("julia", "nothing", None),
        ("python", "[True, None]", [True, None]),
        ("python", "1_000", 1000),
    ],
)
def test_literals_are_values(language, text, value):
    found = assigned_literal(f"x = {text}", LANGUAGES[language])
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("r", "T"),
        ("r", "1 + 1"),
        ("r", "c(1, 2"),
        ("r", "f(1)"),
        ("r", '"\\x41"'),
        *(("r", "c(1, 'a')"), ("r", "c(1, TRUE)"), ("r", "c(1, NULL)"), ("r", "c(c(1), c(2))")),
        *(("python", '"a\\$b"'), ("r", '"a\\$b"')),
        ("julia", '"$x"'),
        ("julia", "'a'"),
        ("julia", "10L"),
        ("python", "f'a'"),
    ],
)
def test_what_is_computed_is_no_literal(language, text):
    with pytest.raises(ValueError, match=" "):
        assigned_literal(f"x = {text}", LANGUAGES[language])


HOSTILE = 'a"); system("touch x") #\\\n\'`$(x)$y{}\x07\U0001f600é'
VALUES = {
    "none": None,
    "yes": True,
    "number": 3,
    "small": 1e-05,
    "text": HOSTILE,
    "words": ["a", HOSTILE],
    "mixed": [1, "a", [2, None]],
    "mapping": {HOSTILE: 1, "b": [0.5]},
}


def test_values_in_python_are_read_back():
    names = {}
    exec(_nb_in_python(**VALUES, path=Path("a/b"), big=float("-inf")), names)  # noqa: S102
    assert {name: names[name] for name in VALUES} == VALUES
    assert (names["path"], names["big"]) == ("a/b", float("-inf"))


def test_values_in_julia_are_quoted():
    assert _nb_in_julia(a=None, b=[True, 1], c='"$x\\', d={"k": float("nan")}).split("\n") == [
        "a = nothing",
        "b = [true, 1]",
        'c = "\\"\\$x\\\\"',
        'd = Dict("k" => NaN)',
    ]
    assert _nb_in_julia(e="\n1") == 'e = "\\U0000000a1"'


def test_values_in_r_are_quoted():
    assert _nb_in_r(a=None, b=[True, False], c=[1, "x"], d="\\\"é'").split("\n") == [
        "a <- NULL",
        "b <- c(TRUE, FALSE)",
        'c <- list(1, "x")',
        'd <- "\\\\\\"\\U{e9}\'"',
    ]
    for value in ("\0", 2**60, ["\0"]):
        with pytest.raises(ValueError, match="the value of 'x'"):
            _nb_in_r(x=value)


@pytest.mark.skipif(not shutil.which("Rscript"), reason="R is not installed")
def test_r_reads_the_values_back():
    script = (
        _nb_in_r(**VALUES)
        + """
stopifnot(is.null(none), yes, number == 3, small == 1e-05, words[2] == text)
stopifnot(names(mapping)[1] == text, mapping$b == 0.5, is.null(mixed[[3]][[2]]))
cat(utf8ToInt(text))
"""
    )
    done = subprocess.run(["Rscript", "-"], input=script.encode(), capture_output=True, check=True)
    assert "".join(map(chr, map(int, done.stdout.split()))) == HOSTILE


def test_a_job_that_is_stopped_ends_its_kernel(tmp_path):
    waiting = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(3600)"
    python = metadata("python", "python3")
    script = tmp_path / "a.py"
    source = "# :kernel:\n# :dvc-out: a.txt\n"
    script.write_text(render_script(step(source, waiting, metadata=python)), "utf-8")
    env = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=env) as job:
        kernel = int(job.stdout.readline())
        assert Path(f"/proc/{kernel}").exists()
        job.send_signal(signal.SIGTERM)
    assert job.returncode == 128 + signal.SIGTERM
    assert not Path(f"/proc/{kernel}").exists()


def test_reading_keeps_the_name_of_the_kernel():
    assert nb("x", metadata=R).kernel == "ir"
    data = json.loads(nb_bytes("x", metadata=R))
    assert data["metadata"]["kernelspec"]["name"] == "ir"
    assert read_step(nb("x", metadata=R)) is None
