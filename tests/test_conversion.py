"""Whole notebooks and what Jupyter gives for them: their scripts give the same, or say why not.

The expected values are what nbclient gives. Each notebook is converted by the command line and its
script is run.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from builders import declare, nb_bytes, run_script, step

from nbsnake.__main__ import main

TAGGED = {1: ["parameters"]}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def convert(capsys):
    """Convert a notebook; the exit code, and what is said."""

    def convert(*cells, name="x", **more):
        Path(f"{name}.ipynb").write_bytes(nb_bytes(*cells, **more))
        code = main(["convert", f"{name}.ipynb"])
        return code, capsys.readouterr().err

    return convert


def run(*words, name="x"):
    """What the script prints; it must not fail."""
    done = subprocess.run([sys.executable, f"{name}.py", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_figure_ends_with_its_cell(convert):
    convert(
        "import matplotlib.pyplot as plt\nplt.plot([0, 1], [0, 1])",
        'plt.bar([0, 1, 2], [5, 6, 7])\nprint(len(plt.gca().lines))\nplt.savefig("bars.png")',
    )
    assert run() == "0\n"


def test_a_tuple_stays_a_tuple(convert):
    convert(
        "idx = (0, 1)\nshape = (2, 3)",
        "import numpy as np\nprint(np.arange(9).reshape(3, 3)[idx])",
        "print({shape: 1})",
        tags=TAGGED,
    )
    assert run() == "1\n{(2, 3): 1}\n"


def test_an_argparse_of_the_notebook_reads_no_option_of_the_script(here):
    made = step(
        declare(":param out: result", ":param float rate: r", ":dvc-out out: out/a.txt")
        + 'out = "../out/a.txt"\nrate = 0.1\n',
        'import argparse\nap = argparse.ArgumentParser()\nap.add_argument("--output_dir", '
        'default="results")\nap.add_argument("--rate_decay", type=float, default=0.9)\n'
        "opts, _rest = ap.parse_known_args()",
        'open(out, "w").write(f"{opts.output_dir} {opts.rate_decay}")',
    )
    done = run_script(made, here, "--out=out/a.txt", "--rate=0.1")
    assert done.returncode == 0, done.stderr
    assert Path("out/a.txt").read_text() == "results 0.9"


def test_no_effect_below_code_leaves_the_cell_in(convert):
    code, said = convert(
        "def clean(x):\n    if x > 0:\n        return x\n    # no effect\n    return 0\n"
        "vals = [clean(v) for v in (1, -1)]",
        'print(globals().get("vals", "MISSING"))',
    )
    assert run() == "[1, 0]\n"
    assert (code, "x.ipynb, cell 1, line 4: '# no effect'" in said) == (0, True)


@pytest.mark.parametrize("cell", ["from helper import W", "%run helper.py"])
def test_a_module_beside_the_notebook_is_a_dep(cell, here):
    Path(".dvc").mkdir()
    Path("notebooks").mkdir()
    Path("notebooks/helper.py").write_text('W = "one"\n')
    head = declare(":param out: result", ":dvc-out out: out/a.txt") + 'out = "../out/a.txt"\n'
    Path("notebooks/a.ipynb").write_bytes(nb_bytes(head, f'{cell}\nopen(out, "w").write(W)'))
    assert main(["generate"]) == 0
    assert "- notebooks/helper.py" in Path("dvc.yaml").read_text()


def test_each_literal_is_a_parameter_or_named(convert):
    code, said = convert(
        "from typing import Sequence\nok = 1\nlst: list = [1, 2]\ntt: tuple[int, int] = (1, 2)\n"
        'seq: Sequence[int] = [1]\nu: "int | float" = 3\nwrong: int = "text"\n'
        'layers = [{"units": 3}]\nmix = [1, "a"]',
        "print(lst, tt, seq, u, wrong, layers, mix)",
        tags=TAGGED,
    )
    assert code == 0
    assert run() == "[1, 2] (1, 2) [1] 3 text [{'units': 3}] [1, 'a']\n"
    shown = run("--help")
    for name in ("ok", "lst", "tt", "seq", "u", "wrong", "layers", "mix"):
        assert f"--{name} " in shown or f"'{name}' is no parameter" in said, name


def test_a_cell_that_is_to_fail_ends_nothing(convert):
    convert('int("x")', 'print("after")', tags={1: ["raises-exception"]})
    assert run() == "after\n"


def test_a_name_that_is_bound_later_is_not_filled_in(convert, monkeypatch):
    monkeypatch.delenv("DATA_HOME", raising=False)
    convert("!echo [$DATA_HOME]", 'DATA_HOME = "d"\n!echo [$DATA_HOME]')
    assert run() == "[]\n[d]\n"


def test_pylab_brings_all_of_its_names(convert):
    convert("%pylab inline", 'figsize(12, 4)\nprint(plt.rcParams["figure.figsize"])')
    assert run() == "[12.0, 4.0]\n"


def test_a_cell_magic_is_called_among_other_lines(convert):
    convert('get_ipython().run_cell_magic("time", "", "zz = 5\\n")\nprint(zz)')
    assert run() == "5\n"


def test_a_notebook_of_a_newer_python_names_both_versions(convert):
    newer = {"language_info": {"name": "python", "version": "3.99.1"}}
    code, said = convert("x = = 1", metadata=newer)
    here = ".".join(map(str, sys.version_info[:2]))
    assert code == 1
    assert f"is not valid in Python {here}" in said
    assert "was saved by Python 3.99" in said


def test_paths_that_leave_the_project_are_named(here, capsys):
    Path(".dvc").mkdir()
    Path("notebooks").mkdir()
    head = declare(":param out: result", ":dvc-out out: out/a.txt") + 'out = "../out/a.txt"\n'
    cell = (
        'import os, sys\nsys.path.append("../src")\nos.chdir("..")\n'
        'os.makedirs("out", exist_ok=True)\nopen("out/side.txt", "w").write("x")'
    )
    Path("notebooks/a.ipynb").write_bytes(nb_bytes(head, cell, 'open(out, "w").write("z")'))
    assert main(["generate"]) == 0
    said = capsys.readouterr().err
    assert "notebooks/a.ipynb, cell 2, line 2: 'sys.path'" in said
    assert "notebooks/a.ipynb, cell 2, line 3: 'os.chdir'" in said
    assert "notebooks/a.ipynb, cell 2, line 5: 'out/side.txt'" in said


def test_a_notebook_called_like_a_module_does_not_replace_it(convert):
    cell = 'import statistics\nprint("mean", statistics.mean([1, 2]))\nW = "one"'
    convert(cell, name="statistics")
    done = list(Path().glob("*.py"))
    assert len(done) == 1
    assert run(name=done[0].stem) == "mean 1.5\n"
    convert("import statistics\nprint(statistics.mean([3, 5]))", name="other")
    assert run(name="other") == "4\n"


def test_ints_among_floats_stay_ints(here):
    made = step(
        declare(":param out: result", ":dvc-out out: out/a.txt") + 'out = "../out/a.txt"\n',
        "lf = [1, 2.5]\nrate: float = 1",
        'open(out, "w").write(" ".join(f"run_{x}" for x in lf) + f" {rate}")',
        tags={2: ["parameters"]},
        params={"lf": [1, 2.5], "rate": 1},
    )
    for words in ([], ["--lf=[1, 2.5]", "--rate=1"], ["--lf", "1", "2.5", "--rate", "1"]):
        done = run_script(made, here, *words)
        assert done.returncode == 0, done.stderr
        assert Path("out/a.txt").read_text() == "run_1 run_2.5 1"


def test_a_name_that_exec_binds_is_filled_in(convert):
    code, _ = convert('exec("dyn = 5")\n!echo $dyn')
    assert code == 0
    assert run() == "5\n"


def test_a_magic_over_two_lines_is_refused_for_its_line_break(convert):
    code, said = convert("%timeit -n1 -r1 sum((i for i in range(3)),\n                    0)")
    assert code == 1
    assert "the magic %timeit ends with its line" in said
    assert "of its own" not in said
