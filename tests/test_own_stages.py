"""The plan that nbsnake makes of its own stages is the one that DVC makes of them."""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo

from nbsnake.dvc import make_plan as making
from nbsnake.dvc.current import current_plan
from nbsnake.dvc.order import order_of_dvc
from nbsnake.dvc.own_stages import NotCertainError
from nbsnake.errors import NbsnakeError
from nbsnake.generate.generate import generate
from nbsnake.settings.settings import read_yaml

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
HERE = Path(__file__).parent
PIPELINES = sorted((HERE / "pipelines").glob("*/given"))
NOTEBOOKS = sorted((HERE / "golden").glob("*/notebook.ipynb"))
# What somebody may write below a parameter's name.
VALUES = [
    "0.5",
    "1e-3",
    "-7",
    "true",
    "null",
    "[]",
    "[1, 2.0]",
    "[a, 'b c']",
    "[-x]",
    "{a: 1}",
    "''",
]
VALUES += [
    "a b",
    "--",
    "-x",
    "it's",
    "'${seed}'",
    "'\\${seed}'",
    '"a\\nb"',
    "é",
    "[[1]]",
    "yes",
    "1:30",
]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Gives the plan's folder: a project of DVC without git."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    Repo.init(".", no_scm=True).close()
    return tmp_path


def outcome():
    """The plan as JSON, or the fault and where it is; and the files that the plan rests on."""
    try:
        plan, sources = making.make_plan()
    except NbsnakeError as error:
        return str(error)
    steps = [step._asdict() for step in plan.steps.values()]
    return json.dumps([steps, plan._replace(steps={}, tracked=sorted(plan.tracked)), sources])


def by_dvc(monkeypatch):
    """The same when DVC resolves all stages."""

    def refuse(*_):
        raise NotCertainError("in this test")

    with monkeypatch.context() as context:
        context.setattr(making, "own_steps", refuse)
        return outcome()


def own(monkeypatch):
    """The same when DVC may not be asked about stages."""

    with monkeypatch.context() as context:
        context.setattr(making, "NotCertainError", ())  # nobody takes it
        return outcome()


@pytest.mark.parametrize("given", PIPELINES, ids=lambda given: given.parent.name)
def test_variants_overlays_and_uses_are_resolved_as_by_dvc(given, project, monkeypatch):
    shutil.copytree(given, project, dirs_exist_ok=True)
    generate()
    assert own(monkeypatch) == by_dvc(monkeypatch)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.parent.name)
def test_each_kind_of_notebook_is_resolved_as_by_dvc(notebook, project, monkeypatch):
    shutil.copy(notebook, project)
    if (params := notebook.with_name("params.yaml")).exists():
        shutil.copy(params, project)
    generate()
    assert own(monkeypatch) == by_dvc(monkeypatch)


@pytest.mark.parametrize("given", PIPELINES, ids=lambda given: given.parent.name)
def test_any_edit_of_the_parameters_is_judged_as_by_dvc(given, project, monkeypatch):
    shutil.copytree(given, project, dirs_exist_ok=True)
    generate()
    chance, file = random.Random(1), Path("params.yaml")
    text = file.read_text()
    keys = [
        (name, key)
        for name, held in read_yaml("params.yaml").items()
        if type(held) is dict
        for key in held
    ]
    for _ in range(12):
        name, key = chance.choice(keys)
        changed = {**read_yaml("params.yaml")}
        changed[name] = {**changed[name], key: "HERE"}
        lines = json.dumps(changed).replace('"HERE"', chance.choice(VALUES))
        file.write_text(chance.choice([lines, f"{lines[:-1]}, more: 1}}", f"{name}: 3\n"]))
        assert outcome() == by_dvc(monkeypatch), file.read_text()
        file.write_text(text)


def test_what_dvc_add_tracks_is_found_without_dvc(project, monkeypatch):
    shutil.copytree(HERE / "pipelines/sweep/given", project, dirs_exist_ok=True)
    generate()
    sources = {dep for step in making.make_plan()[0].steps.values() for dep in step.deps}
    data = next(each for each in sorted(sources) if each.startswith("data/"))
    for path in (data, "other/unused.txt"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text("x\n")
        with Repo() as repo:
            repo.add(path)
    found = own(monkeypatch)
    assert found == by_dvc(monkeypatch)
    assert f"{data}.dvc" in found
    assert json.loads(found)[1][4] != []


CERTAIN = (
    "stages:\n  b:\n    cmd: touch b\n    deps: [a]\n    outs: [b]\n    meta: {nbsnake: b.ipynb}\n"
)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"vars:\n- x: 1\n{text}",
        lambda text: text.replace("meta:", "frozen: true\n    meta:"),
        lambda text: text.replace("outs: [b]", "outs: [b]\n    plots: [b/c]"),
        lambda text: text.replace("deps: [a]", "deps: [b]"),
        lambda text: text.replace("[a]", "['../a']"),
        lambda text: text.replace("touch b", "touch ${x}"),
        lambda text: text.replace("outs: [b]", "outs:\n    - b: {remote: x}"),
        lambda text: text.replace("meta", "wdir: sub\n    meta"),
        lambda text: f"{text}  c:\n    cmd: touch c\n",
    ],
)
def test_what_is_not_certain_is_left_to_dvc(change, project, monkeypatch):
    Path("dvc.yaml").write_text(CERTAIN)
    Path("sub").mkdir()
    Path("dvc.yaml").write_text(change(CERTAIN))
    with pytest.raises(NotCertainError):
        own(monkeypatch)
    assert outcome() == by_dvc(monkeypatch)


def test_an_output_that_a_dvc_file_tracks_too_is_left_to_dvc(project, monkeypatch):
    Path("dvc.yaml").write_text(CERTAIN)
    Path("b.dvc").write_text(f"outs:\n- md5: {'a' * 32}\n  size: 1\n  hash: md5\n  path: b\n")
    with pytest.raises(NotCertainError):
        own(monkeypatch)
    assert outcome() == by_dvc(monkeypatch)


def test_the_certain_stage_is_certain(project, monkeypatch):
    Path("dvc.yaml").write_text(CERTAIN)
    assert own(monkeypatch) == by_dvc(monkeypatch)


@pytest.mark.parametrize("line", ["dvc.lock", "dvc.yaml", "*.dvc"])
def test_git_that_hides_a_file_of_dvc_leaves_all_to_dvc(line, project, monkeypatch):
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".dvc/config").write_text("")
    Path("dvc.yaml").write_text(CERTAIN)
    Path("dvc.lock").write_text("schema: '2.0'\n")
    Path("a.dvc").write_text(f"outs:\n- md5: {'a' * 32}\n  size: 1\n  hash: md5\n  path: a\n")
    assert own(monkeypatch) == by_dvc(monkeypatch)
    Path(".gitignore").write_text(f"{line}\n")
    with pytest.raises(NotCertainError):
        own(monkeypatch)


def test_an_edit_of_dvcs_settings_is_seen(project):
    Path("dvc.yaml").write_text(CERTAIN)
    assert current_plan().autostage is False
    Path(".dvc/config").write_text("[core]\n    no_scm = True\n    autostage = True\n")
    assert current_plan().autostage is True


def test_an_edit_within_the_same_second_makes_another_plan(project):
    shutil.copytree(HERE / "pipelines/clients/given", project, dirs_exist_ok=True)
    generate()
    before, file = current_plan(), Path("params.yaml")
    status, text = file.stat(), file.read_text()
    file.write_text(text.replace("rate: 0.2", "rate: 0.3"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed = [name for name, step in current_plan().steps.items() if step != before.steps[name]]
    assert changed
    assert all(name.startswith("fit@") for name in changed)


def test_a_copied_project_reads_the_settings_again(project, tmp_path_factory, monkeypatch):
    Path("dvc.yaml").write_text(CERTAIN)
    before = current_plan()
    copy = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(project, copy)
    monkeypatch.chdir(copy)
    Path("dvc.yaml").write_text(f"{CERTAIN}\n")
    after = current_plan()
    assert (after.root, after.steps) == (str(copy), before.steps)
    assert after.state != before.state


def test_stages_come_after_what_they_need_in_dvcs_order():
    deps = {"c": ["b", "a"], "b": ["x/1"], "a": [], "d": ["x"]}
    outs = {"b": "b", "a": "a", "c": "c", "d": "d", "x/1": "one.dvc", "x/2": "two.dvc"}
    assert order_of_dvc(deps, outs, ["one.dvc", "two.dvc"]) == [
        "one.dvc",
        "b",
        "a",
        "c",
        "two.dvc",
        "d",
    ]


@pytest.mark.parametrize(
    ("deps", "outs", "files"),
    [
        ({"a": ["b"], "b": ["a"]}, {"a": "a", "b": "b"}, []),
        ({"a": ["a/x"]}, {"a": "a"}, []),
        ({"a": [], "b": []}, {"x": "a", "x/y": "b"}, []),
        ({"a": [], "b": []}, {"x/y": "a", "x": "b"}, []),
        ({"a": []}, {"x": "a", "y": "x/y.dvc"}, ["x/y.dvc"]),
    ],
)
def test_what_dvc_refuses_has_no_order(deps, outs, files):
    with pytest.raises(ValueError, match=r".+"):
        order_of_dvc(deps, outs, files)


@pytest.mark.parametrize("axis", ["[1, 2, 3, 4, 5, 6, 7, 8, 9, 0]", "${many}"])
def test_a_matrix_of_ten_million_stages_is_refused(project, axis):
    Path("params.yaml").write_text("many: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\n")
    axes = ", ".join(f"a{n}: {axis!r}" if "$" in axis else f"a{n}: {axis}" for n in range(7))
    Path("dvc.yaml").write_text(
        f"stages:\n  s:\n    matrix: {{{axes}}}\n    cmd: echo ${{item.a0}}\n"
    )
    with pytest.raises(NbsnakeError, match="a matrix of 10,000,000 stages; 100,000 are the most"):
        making.make_plan()
