"""What nbsnake makes of whole notebooks: each folder of ``golden`` is a case, and keeps the laws.

A new case is a new folder with a ``notebook.ipynb``, then ``pytest --update-golden``.
"""

import ast
import io
import ntpath
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from builders import planned_words, rule_words
from snakefmt.formatter import Formatter
from snakefmt.parser.parser import Snakefile

from nbsnake.compile.compile import compile_pipeline
from nbsnake.model.needs import Needs
from nbsnake.model.pipeline import Pipeline
from nbsnake.notebook.code import has_no_effect
from nbsnake.notebook.needs import without_needs
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.notebook.spec import NO_EFFECT
from nbsnake.render.dvc_file import render_dvc_file
from nbsnake.render.rule import render_rule
from nbsnake.render.script import render_script
from nbsnake.render.stage import render_stage
from nbsnake.settings.settings import read_yaml

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
    return compile_pipeline([read_step(notebook)], read_yaml("params.yaml"))


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
    again = compile_pipeline([read_step(notebook)], read_yaml("params.yaml"))
    assert rendered(again) == rendered(pipeline)


def test_another_separator_of_paths_changes_nothing(notebook, pipeline, monkeypatch):
    params = read_yaml("params.yaml")
    with monkeypatch.context() as patch:
        patch.setattr(os, "path", ntpath)
        patch.setattr(os, "sep", "\\")
        found = rendered(compile_pipeline([read_step(notebook)], params))
    assert found == rendered(pipeline)


def test_script_is_python(step):
    compile(render_script(step), step.script, "exec", dont_inherit=True)


def declaring(step, notebook):
    """The cells whose literals are replaced."""
    tagged = next((cell.index for cell in notebook.cells if "parameters" in cell.tags), 0)
    return {step.program.metadata, tagged}


def hoisted(source):
    """The statements of a cell without those that move to the top of the script, or say nothing."""
    body = ast.parse(source).body
    return [
        node
        for node in body
        if not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        and not isinstance(node, ast.Global)
        and not isinstance(node, ast.Pass)
        and ast.unparse(node) != "()"
    ]


def test_kept_cells_are_verbatim_in_the_script(notebook, step):
    script = render_script(step)
    kept = {cell.index: cell.source for cell in step.program.cells}
    for cell in notebook.cells:
        if cell.kind != "code" or not cell.source.strip():
            continue
        assert (cell.index in kept) is not has_no_effect(cell, NO_EFFECT)
        source = kept.get(cell.index, "")
        assert not source or f"# %% cell {cell.index}\n" in script
        assert source.removesuffix("\n") in script
        if source and not re.search(r"__future__|^ *global", cell.source, re.MULTILINE):
            assert cell.index in declaring(step, notebook) or source == cell.source


def test_lines_of_cells_keep_their_numbers(notebook, step):
    for cell in step.program.cells:
        original = notebook.cells[cell.index - 1].source
        if cell.index not in declaring(step, notebook):
            assert cell.source.count("\n") == original.count("\n")


def test_declaring_cells_differ_by_their_literals_only(notebook, step):
    names = {argument.name for argument in step.arguments}
    for cell in step.program.cells:
        if cell.index not in declaring(step, notebook):
            continue
        source = notebook.cells[cell.index - 1].source
        old, new = (
            hoisted(without_needs(source) if step.needs != Needs() else source),
            hoisted(cell.source),
        )
        for one, other in zip(old, new, strict=True):
            target = getattr(one, "target", None) or getattr(one, "targets", [None])[0]
            if isinstance(target, ast.Name) and target.id in names and one.value:
                assert ast.unparse(other.value) == f"_args.{target.id}"
            else:
                assert ast.dump(other) == ast.dump(one)


def test_script_tells_its_help(step, tmp_path):
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
    assert sorted(rule_words(step, pipeline)) == sorted(planned_words(step, pipeline))
