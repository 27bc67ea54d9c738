"""Golden files of whole projects: one folder a case, with what is generated beside what is given.

A new case is a new folder with ``given/``, then ``pytest --update-golden``, then reading what was
written. The laws below hold for every case.
"""

import io
import re
import shutil
from pathlib import Path

import pytest
from builders import planned_words, rule_words
from dvc.repo import Repo
from snakefmt.formatter import Formatter
from snakefmt.parser.parser import Snakefile

from nbsnake.dvc.current import current_plan
from nbsnake.errors import NbsnakeError
from nbsnake.generate.generate import find_changes, find_pipeline, generate
from nbsnake.names import full_name
from nbsnake.render.stage_reader import read_stages
from nbsnake.settings.settings import read_params

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
PIPELINES = Path(__file__).parent / "pipelines"
KEPT = ("dvc.yaml", "params.yaml", "workflow/rules/*.smk", "workflow/schemas/*.json")


@pytest.fixture(params=sorted(path.name for path in PIPELINES.iterdir()))
def case(request, tmp_path, monkeypatch):
    """The project of a case, generated."""
    shutil.copytree(PIPELINES / request.param / "given", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    Repo.init(".", no_scm=True).close()
    generate()
    return PIPELINES / request.param


def written():
    """What the notebooks of the case gave, but what is the same in all projects."""
    paths = [path for pattern in KEPT for path in sorted(Path().glob(pattern))]
    return {path: path.read_text() for path in paths if path.name not in ("common.smk", "sync.smk")}


def test_generated_files_are_the_expected_ones(case, update_golden):
    expected = case / "expected"
    if update_golden:
        shutil.rmtree(expected, ignore_errors=True)
        for path, text in written().items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_text(text)
    files = [path for path in expected.rglob("*") if path.is_file()]
    assert {path.relative_to(expected): path.read_text() for path in files} == written()


def test_generating_again_changes_nothing(case):
    assert find_changes() == []


def test_rules_run_what_the_stages_say_for_every_variant(case):
    """What the rule runs is what the stage runs, as DVC itself fills it in."""
    pipeline, plan = find_pipeline(), current_plan()
    names = [full_name(s.name, v.key) for s in pipeline.steps for v in s.variants]
    assert sorted(names) == sorted(plan.steps)
    for step in pipeline.steps:
        for variant in step.variants:
            planned = plan.steps[full_name(step.name, variant.key)]
            words = sorted(rule_words(step, pipeline, variant))
            assert words == sorted(planned.argv)
            assert words == sorted(planned_words(step, pipeline, variant, read_params()))
            ins = {path for entry in step.inputs for path in entry.paths(variant)}
            assert ins | {step.script} == set(planned.deps)
            outs = {path for entry in step.outputs for path in entry.paths(variant)}
            assert outs == {out.path for out in planned.outs}
            assert planned.axes == variant.values


def test_rules_are_as_snakefmt_would_write_them(case):
    for path in Path("workflow/rules").glob("*.smk"):
        text = path.read_text()
        assert Formatter(Snakefile(io.StringIO(text))).get_formatted() == text, path


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ("[0.1, 'x || touch pwned']", "is not of the type list[float]"),
        ("[0.1, 0.1]", "line 2: the value 0.1 of sweep.rates appears twice"),
        ("[]", "line 2: sweep.rates is not a list of values"),
        ("0.1", "is not of the type list[float]"),
        ("[0.1, true]", "is not of the type list[float]"),
    ],
)
def test_a_list_that_changes_is_checked_before_anything_runs(values, fault, tmp_path, monkeypatch):
    shutil.copytree(PIPELINES / "sweep" / "given", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    Repo.init(".", no_scm=True).close()
    generate()
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("[0.1, 1e-5, 1]", values))
    with pytest.raises(NbsnakeError, match=re.escape(fault)):
        current_plan()


@pytest.mark.parametrize("value", ["x || touch pwned", "c/d", "", ".", "a b", "$(x)", True, None])
def test_a_list_never_brings_what_a_shell_would_read(value):
    with pytest.raises(NbsnakeError, match="cannot be part of a path"):
        read_stages(
            {"stages": {"a": {"matrix": {"p": "${l}"}, "cmd": "x", "meta": {"nbsnake": "a"}}}},
            {"l": ["a", value]},
        )
