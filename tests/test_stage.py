"""dvc.yaml: what a person wrote stays, and DVC reads our stages as they are meant."""

import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from builders import declare, pipeline, rule_words, step
from dvc.parsing.context import Context
from dvc.repo import Repo
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml.comments import CommentedMap
from test_golden import CASES, GOLDEN

from nbsnake.compile.compile import compile_pipeline
from nbsnake.dvc.current import current_plan
from nbsnake.errors import PipelineError
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.render.dvc_file import _dump, _folded, _stage_text, render_dvc_file
from nbsnake.render.stage import _quoted, is_ours, render_stage
from nbsnake.settings.settings import read_params

# What DVC's own dependency warns of.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")

OUT = ":dvc-out: data/out.txt"
PERSONS = """\
# At the top.
vars:
  - custom.yaml  # mine

stages:
  # Before mine.
  mine:
    cmd: >-
      echo one
      echo two
    outs:
      - "quoted.txt":
          cache: false  # why

  other: {cmd: 'echo', deps: [x]}  # in flow style
# After the stages.
plots:
  - a.csv:
      x: 1
"""


def pipeline_of(*names):
    return pipeline(*(step(declare(f":dvc-out: data/{n}"), path=f"{n}.ipynb") for n in names))


def test_file_is_made_where_there_is_none():
    assert render_dvc_file(pipeline_of("a"), "").startswith("stages:\n  a:\n")


@pytest.mark.parametrize("text", ["", PERSONS, "# only a comment\n", "stages:\n", "stages: {}\n"])
def test_generating_again_changes_nothing(text):
    both = pipeline_of("a", "b")
    once = render_dvc_file(both, text)
    assert render_dvc_file(both, once) == once


def test_what_a_person_wrote_stays_with_comments_and_quotes():
    text = render_dvc_file(pipeline_of("a"), PERSONS)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in PERSONS.splitlines():
        assert " ".join(line.split()) in lines


def test_stage_of_a_vanished_notebook_goes_and_others_stay():
    both = render_dvc_file(pipeline_of("a", "b"), PERSONS)
    one = render_dvc_file(pipeline_of("b"), both)
    assert "data/a" not in one
    assert "data/b" in one
    assert "mine:" in one


def test_stage_that_a_person_changed_is_mended():
    text = render_dvc_file(pipeline_of("a"), "")
    changed = text.replace("python", "python3")
    assert render_dvc_file(pipeline_of("a"), changed) == text


def test_keys_that_a_person_added_to_our_stage_go():
    text = render_dvc_file(pipeline_of("a"), "")
    assert render_dvc_file(pipeline_of("a"), f"{text}    frozen: true\n") == text


def test_stage_of_a_person_is_never_overwritten():
    with pytest.raises(PipelineError, match="is not generated"):
        render_dvc_file(pipeline_of("mine"), PERSONS)


@pytest.mark.parametrize(
    ("stage", "ours"),
    [
        ({"cmd": "x"}, False),
        ({"meta": None}, False),
        ({"meta": "nbsnake"}, False),
        ({"meta": {"nbsnake": "a.ipynb"}}, True),
        (None, False),
        ([], False),
    ],
)
def test_stage_is_ours_by_its_meta(stage, ours):
    assert is_ours(stage) is ours


IMPOSSIBLE = ["? [a, {b: c}]\n: 1", "? - a\n  - - b\n: 1", "a: 2001-13-45"]  # keys, and a date


@pytest.mark.parametrize(
    "text", ["- a", "stages: [a]", "stages: 5", "5", "a: [", "\tx: 1", *IMPOSSIBLE]
)
def test_file_that_is_no_dvc_file_is_refused(text):
    with pytest.raises(PipelineError):
        render_dvc_file(pipeline_of("a"), text)


def test_long_command_has_an_option_a_line_and_reads_back():
    params = [f":param int number_{i}:" for i in range(9)]
    values = "\n".join(f"number_{i} = {i}" for i in range(9))
    made = step(declare(*params, OUT, body=values))
    text = render_dvc_file(pipeline(made), "")
    assert "\n      --number_3=3\n" in text
    assert yaml.safe_load(text)["stages"]["a"] == render_stage(made)


WORDS = (
    *("python", "workflow/scripts/a.py", "--x=1", "'--y=a b'", "${a}", "|", "&&", "1e-05", "./a"),
    *("it's", '"q"', "#", "a:", ":b", "~", "2024-01-01", "{x}", "[1]", "*", "-", "é", "", "null"),
    *("yes", "0x1f", "\\", "\t", "\n", "x" * 70, "y" * 90),
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=20).map(" ".join)
scalars = st.one_of(texts, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none())
items = st.lists(st.one_of(scalars, st.dictionaries(texts, scalars, max_size=2)), max_size=3)
bodies = st.fixed_dictionaries(
    {"cmd": texts},
    optional={"desc": texts, "deps": items, "outs": items, "meta": st.dictionaries(texts, items)},
)
rows = st.dictionaries(texts, st.dictionaries(texts, scalars, max_size=2), max_size=2)
stages = st.one_of(bodies, st.fixed_dictionaries({"foreach": rows, "do": bodies}))


@settings(max_examples=300, deadline=None)
@given(texts, stages)
def test_a_stage_is_printed_as_ruamel_prints_it(name, stage):
    printed = _dump(CommentedMap(stages={name: _folded(stage)}), "")
    assert f"stages:\n{_stage_text(name, stage)}" == printed


WITHOUT_AXES = [
    case for case in CASES if "matrix:" not in (GOLDEN / case / "dvc.yaml").read_text("utf-8")
]
HOSTILE = ["", " ", "-", "a b", "it's", '"', "$HOME", "${x}", "\\${x}", "\\\\${x}", "$${x}", "`ls`"]


@pytest.mark.parametrize("word", [*HOSTILE, "${", "}", "${}", "!", "*", "~", "#", "a\nb", "ü ✓"])
def test_quoted_word_reads_back_after_template_and_shell(word):
    assert shlex.split(Context({"x": "filled in"}).resolve_str(_quoted(word))) == [word]


@pytest.fixture(params=WITHOUT_AXES)
def project(request, tmp_path, monkeypatch):
    """A DVC project with the golden notebook's dvc.yaml, and the pipeline."""
    for name in ("notebook.ipynb", "params.yaml"):
        if (GOLDEN / request.param / name).exists():
            shutil.copy(GOLDEN / request.param / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    Repo.init(no_scm=True).close()
    spec = read_step(read_notebook("notebook.ipynb"))
    made = compile_pipeline([spec], read_params())
    Path("dvc.yaml").write_text(render_dvc_file(made, ""), encoding="utf-8")
    return made


def test_dvc_reads_the_stage_as_it_is_meant(project):
    with Repo(".") as repo:
        (stage,) = repo.index.stages
        made = project.steps[0]
        assert {dep.def_path for dep in stage.deps if dep.def_path != "params.yaml"} == {
            made.script,
            *(artifact.path for artifact in made.inputs),
        }
        assert {out.def_path for out in stage.outs} == {out.path for out in made.outputs}
        assert {out.def_path for out in stage.outs if out.persist} == {
            out.path for out in made.outputs if out.role == "out-persist"
        }
        assert {out.def_path for out in stage.outs if not out.use_cache} == {
            out.path for out in made.outputs if not out.cache
        }


def test_plan_expects_the_words_of_the_rule(project):
    made = project.steps[0]
    planned = current_plan().steps[made.name]
    assert sorted(planned.argv) == sorted(rule_words(made, project))
    assert planned.notebook == "notebook.ipynb"
    recorded = planned.params.get("params.yaml", {})
    if made.command:
        assert set(recorded) == {key for _, keys in made.command.params for key in keys}
    else:
        assert recorded == {f"{made.name}.{arg.name}": arg.value for arg in made.config}
