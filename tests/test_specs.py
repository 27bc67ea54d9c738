"""A notebook that was read before is known by its content, and means what it meant."""

import json
from pathlib import Path

import pytest
from builders import declare, nb_bytes

from nbsnake.errors import NotebookError, Where
from nbsnake.generate import specs
from nbsnake.generate.specs import MEMO_FILE, SpecReader
from nbsnake.model.paramtype import ParamType
from nbsnake.model.plain import from_plain, to_plain
from nbsnake.model.step import Artifact, Cell, Command, Role
from nbsnake.notebook.dvc_cmd import Variables
from nbsnake.notebook.read_step import read_step
from nbsnake.notebook.spec import Reading

CASES = sorted((Path(__file__).parent / "golden").iterdir())
WHERE = Where("a", None, 2)
VALUES = [
    (Where, WHERE),
    (Cell, Cell(index=1, kind="code", source="x", tags=frozenset({"b", "a"}))),
    (Artifact, Artifact(path="a", role=Role.PERSIST, where=WHERE, param=None)),
    (ParamType, ParamType("str", optional=True, choices=("a", "b"))),
    (Command | None, Command(text="x", params=(("a.yaml", ("b", "c")),))),
    (Command | None, None),
    (tuple[tuple[str, Where], ...], (("a", WHERE), ("b", WHERE))),
    (Reading, Reading(conf={"a": [1, {"b": None}]}, variables=Variables(path="X"))),
]


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=range(len(VALUES)))
def test_values_read_back_from_json(kind, value):
    assert from_plain(kind, json.loads(json.dumps(to_plain(value)))) == value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_steps_of_whole_notebooks_read_back_from_json(case):
    Path("a.ipynb").write_bytes((case / "notebook.ipynb").read_bytes())
    first = SpecReader(Reading())
    spec = first.read_step("a.ipynb")
    first.save()
    assert SpecReader(Reading()).read_step("a.ipynb") == spec


def parses(monkeypatch):
    count = []
    monkeypatch.setattr(specs, "read_step", lambda *each: (count.append(1), read_step(*each))[1])
    return count


def test_only_changed_notebooks_are_parsed_again(monkeypatch):
    for name in ("a", "b"):
        Path(f"{name}.ipynb").write_bytes(nb_bytes(declare(f":dvc-out: {name}")))
    Path("plain.ipynb").write_bytes(nb_bytes("x = ("))  # no step, and so never looked at
    count = parses(monkeypatch)
    for parsed in (3, 0, 1):
        memo = SpecReader(Reading())
        for name in ("a", "b", "plain"):
            memo.read_step(f"{name}.ipynb")
        memo.save()
        assert len(count) == parsed
        count.clear()
        Path("b.ipynb").write_bytes(nb_bytes(declare(f":dvc-out: {parsed or 'x'}")))
        if parsed == 3:
            Path("b.ipynb").write_bytes(nb_bytes(declare(":dvc-out: b")))


def test_another_way_of_reading_reads_again(monkeypatch):
    Path("a.ipynb").write_bytes(nb_bytes("# mine\n1/0", declare(":dvc-out: x")))
    first = SpecReader(Reading(no_effect=("mine",)))
    first.read_step("a.ipynb")
    first.save()
    count = parses(monkeypatch)
    with pytest.raises(NotebookError):
        SpecReader(Reading()).read_step("a.ipynb")
    assert count == [1]


def test_literal_that_no_parameter_can_have_is_remembered_as_such(monkeypatch):
    cell = declare(":param x: x", ":dvc-out: o", body="x = {1: 2}")
    Path("a.ipynb").write_bytes(nb_bytes(cell))
    memo = SpecReader(Reading())
    spec = memo.read_step("a.ipynb")
    memo.save()
    count = parses(monkeypatch)
    assert SpecReader(Reading()).read_step("a.ipynb") == spec
    assert spec.params[0].unfit
    assert count == []


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_broken_memo_is_no_memo(project, text):
    (project / ".nbsnake").mkdir()
    (project / MEMO_FILE).write_text(text)
    Path("a.ipynb").write_bytes(nb_bytes(declare(":dvc-out: x")))
    assert SpecReader(Reading()).read_step("a.ipynb").artifacts[0].path == "x"
