"""What nbsnake makes of whole notebooks: each folder of ``golden`` is a case, and keeps the laws.

A new case is a new folder with a ``notebook.ipynb``, then ``pytest --update-golden``.
"""

import ast
import io
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from snakefmt.formatter import Formatter
from snakefmt.parser.parser import Snakefile

from nbsnake.compile import compile_pipeline
from nbsnake.model import Pipeline, Source
from nbsnake.notebook import read_notebook
from nbsnake.paramtype import text_of
from nbsnake.project import read_yaml
from nbsnake.pycode import has_no_effect
from nbsnake.render.rule import _label, render_rule
from nbsnake.render.script import render_script
from nbsnake.render.stage import command, render_dvc_file, render_stage, rule_argv
from nbsnake.spec import NO_EFFECT, read_spec

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())


@pytest.fixture(params=CASES)
def case(request, monkeypatch):
    monkeypatch.chdir(GOLDEN / request.param)
    return GOLDEN / request.param


@pytest.fixture
def notebook(case):
    return read_notebook("notebook.ipynb")


@pytest.fixture
def pipeline(notebook) -> Pipeline:
    return compile_pipeline([read_spec(notebook)], read_yaml("params.yaml"))


@pytest.fixture
def step(pipeline):
    return pipeline.steps[0]


def rendered(pipeline):
    step = pipeline.steps[0]
    return {
        "script.py": render_script(step),
        "rule.smk": render_rule(step, pipeline),
        "dvc.yaml": render_dvc_file(pipeline, ""),
    }


def test_generated_files_are_the_expected_ones(case, pipeline, update_golden):
    for name, text in rendered(pipeline).items():
        file = case / name
        if update_golden:
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} is missing; write it with --update-golden"
        assert text == file.read_text(encoding="utf-8")


def test_rendering_twice_gives_the_same(notebook, pipeline):
    again = compile_pipeline([read_spec(notebook)], read_yaml("params.yaml"))
    assert rendered(again) == rendered(pipeline)


def test_script_is_python(step):
    compile(render_script(step), step.script, "exec", dont_inherit=True)


def test_kept_cells_are_verbatim_in_the_script(notebook, step):
    script = render_script(step)
    for cell in notebook.cells:
        if cell.kind != "code" or not cell.source.strip() or cell.index == step.metadata:
            continue
        block = "\n".join([f"# %% cell {cell.index}", cell.source.removesuffix("\n"), ""])
        assert (block in script) is not has_no_effect(cell, NO_EFFECT)


def test_metadata_cell_differs_by_its_literals_only(notebook, step):
    original = ast.parse(notebook.cells[step.metadata - 1].source)
    kept = next(cell for cell in step.cells if cell.index == step.metadata)
    names = {argument.name for argument in step.arguments}
    for old, new in zip(original.body, ast.parse(kept.source).body, strict=True):
        target = getattr(old, "target", None) or getattr(old, "targets", [None])[0]
        if isinstance(target, ast.Name) and target.id in names:
            assert ast.unparse(new.value) == f"_args.{target.id}"
        else:
            assert ast.dump(new) == ast.dump(old)


def test_script_tells_its_help(step, tmp_path):
    if not step.arguments:
        return  # it reads no command line
    script = tmp_path / "script.py"
    script.write_text(render_script(step), encoding="utf-8")
    words = [sys.executable, "-W", "error", str(script), "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for argument in step.arguments:
        assert f"--{argument.name}" in done.stdout


def test_rule_is_as_snakefmt_would_write_it(step, pipeline):
    text = render_rule(step, pipeline)
    assert Formatter(Snakefile(io.StringIO(text))).get_formatted() == text


def test_stage_reads_back_as_it_was_rendered(step, pipeline):
    read = yaml.safe_load(render_dvc_file(pipeline, ""))
    assert read == {"stages": {step.name: render_stage(step)}}


def test_rule_runs_the_words_that_the_plan_expects(step, pipeline):
    """``rule_argv`` derives from the stage what the rule runs, word for word."""
    values = {f"{step.name}.{arg.name}": arg.value for arg in step.config}
    expected = rule_argv(command(step), step.name, values)
    assert sorted(rule_words(step, pipeline)) == sorted(expected)


def rule_words(step, pipeline):
    """The command of the rule's shell, in which Snakemake has filled in files and values."""
    shell = ast.literal_eval(_shell_text(render_rule(step, pipeline)))
    words = shlex.split(shell.format(**_namespaces(step)))
    assert words[:4] == ["nbsnake", "exec", step.name, "--"]
    assert words[-3:] == [">", step.log, "2>&1"]
    return words[4:-3]


def _shell_text(rule):
    return "(" + rule.rpartition("    shell:\n")[2] + ")"


class _Quoted(str):
    """Snakemake's ``{value:q}``."""

    __slots__ = ()

    def __format__(self, spec):
        assert spec == "q"
        return shlex.quote(self)


class _Names:
    def __init__(self, names):
        self.__dict__.update({name: _Quoted(text) for name, text in names.items()})

    def __format__(self, spec):
        assert spec == "q"
        return shlex.quote(self.only)


def _namespaces(step):
    files = {arg.name: arg.value.rstrip("/") for arg in step.arguments if arg.source is Source.FILE}
    ins = {a.param for a in step.inputs}
    return {
        "input": _Names(
            {"script": step.script, **{_label(n): p for n, p in files.items() if n in ins}}
        ),
        "output": _Names({_label(n): p for n, p in files.items() if n not in ins}),
        "params": _Names({_label(arg.name): text_of(arg.value) for arg in step.config}),
        "log": _Names({"only": step.log}),
    }
