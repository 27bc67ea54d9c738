"""What the extension of Jupyter is made of, without a server."""

import asyncio
import hashlib
import json
import re
import signal
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbsnake
from nbsnake.errors import PipelineError, StaleError, UsageError, Where
from nbsnake.jupyter.confine import place_in
from nbsnake.jupyter.fields import change
from nbsnake.jupyter.lanes import find_lanes
from nbsnake.jupyter.runs import Run
from nbsnake.model.paramtype import parse_type
from nbsnake.model.step import Argument, Source
from nbsnake.settings.schema import SCHEMA_FILE, params_schema, render_schema
from nbsnake.snakemake.progress_file import PROGRESS, Progress, note_progress, read_progress

ROOT = Path(nbsnake.__file__).parents[1]
LAB = ROOT / "nbsnake/jupyter/labextension"
MOST = 60_000  # bytes of the extension


def test_extension_is_small_and_has_the_version_of_the_project():
    package = json.loads((LAB / "package.json").read_text())
    version = package["version"]
    assert version == nbsnake.__version__
    assert package["jupyterlab"]["_build"]["load"].endswith(f"?v={version}")  # ends caches
    assert version == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert sum(file.stat().st_size for file in LAB.rglob("*") if file.is_file()) <= MOST


@pytest.fixture
def server_root(tmp_path):
    """A folder with a project, and files outside of it."""
    root = tmp_path / "root"
    (root / "project/.dvc").mkdir(parents=True)
    (root / "project/notebooks").mkdir()
    for name in ("root/project/notebooks/a.ipynb", "root/free.ipynb", "outside.ipynb"):
        (tmp_path / name).write_text("{}")
    (root / "link.ipynb").symlink_to(tmp_path / "outside.ipynb")
    (root / "circle.ipynb").symlink_to(root / "circle.ipynb")
    (root / "project/notebooks/b.ipynb").symlink_to(root / "project/notebooks/a.ipynb")
    return root


def test_notebook_is_found_with_its_project(server_root):
    place = place_in(server_root, "/project/notebooks/a.ipynb")
    assert place.name == "notebooks/a.ipynb"
    assert place.project == server_root / "project"
    assert place_in(server_root, "free.ipynb").project is None


def test_text_file_stands_for_the_notebook_that_it_is_paired_with(server_root):
    (server_root / "project/notebooks/a.py").write_text("# %%\n")
    assert place_in(server_root, "project/notebooks/a.py").name == "notebooks/a.ipynb"


@pytest.mark.parametrize(
    "path",
    [
        *("../outside.ipynb", "project/../../outside.ipynb", "/../outside.ipynb", "link.ipynb"),
        *("circle.ipynb", "none.ipynb", "project", "", ".", "a\0b.ipynb", "x" * 5000),
    ],
)
def test_path_that_is_no_file_below_the_root_is_refused(server_root, path):
    with pytest.raises(FileNotFoundError):
        place_in(server_root, path)


def test_root_of_the_disk_is_no_notebook():
    with pytest.raises(FileNotFoundError):
        place_in(Path("/"), "/")


def test_project_above_the_root_is_named_and_not_used(server_root):
    place = place_in(server_root / "project/notebooks", "a.ipynb")
    assert place.project is None
    assert f"start Jupyter in {server_root / 'project'}" in place.why


@given(st.lists(st.lists(st.integers(0, 9)), max_size=10))
def test_no_two_lanes_share_a_row(rows):
    names = [f"s{number}" for number in range(len(rows))]
    needs = {
        name: [f"s{each}" for each in row if each < number]
        for number, (name, row) in enumerate(zip(names, rows, strict=True))
    }
    lanes = find_lanes(names, needs)
    used = {name for row in needs.values() for name in row}
    assert lanes.keys() == used
    taken = set()
    for number, name in enumerate(names):
        last = max((n for n, each in enumerate(names) if name in needs[each]), default=0)
        spots = {(row, lanes[name]) for row in range(number, last)} if name in used else set()
        assert not spots & taken
        taken |= spots


def test_run_that_is_stopped_before_it_has_a_process_ends(tmp_path):
    run = Run(tmp_path, [])
    run.stop()
    asyncio.run(run.follow())
    assert run.code == -signal.SIGTERM


def test_progress_is_what_the_events_say(tmp_path, monkeypatch):
    path = str(tmp_path / "progress")
    note_progress("started", "a")  # nobody asked
    monkeypatch.setenv(PROGRESS, path)
    assert read_progress(path) == Progress()
    for event, what in [("planned", 3), ("started", "a"), ("started", "b"), ("done", "a")]:
        note_progress(event, what)
    with open(path, "a") as file:
        file.write('["done", "b')  # not complete yet
    assert read_progress(path) == Progress(3, running=("b",), done=("a",))


@pytest.fixture
def form(folder):
    """A project with a parameter of each kind, and the texts of its form."""
    kinds = {
        "rate": "float",
        "depth": "int",
        "fast": "bool",
        "name": "str | None",
        "mode": "Literal['a', 'b']",
        "sizes": "list[int]",
        "more": "dict",
    }
    (folder / SCHEMA_FILE).parent.mkdir(parents=True)
    own = {"help": "", "source": Source.CONFIG, "value": None, "default": None}
    where = Where("train.ipynb")
    arguments = [
        Argument(name=name, type=parse_type(kind), required=False, where=where, **own)
        for name, kind in kinds.items()
    ]
    (folder / SCHEMA_FILE).write_text(render_schema(params_schema({"train": arguments})))
    text = "train:\n  rate: 4.0  # slow\n  depth: 3\n  fast: no\n  name: x\n  mode: a\n"
    (folder / "params.yaml").write_text(f"{text}  sizes: [1, 2]\n  more: {{k: 1}}\n")
    return folder


def digest_of(folder):
    return hashlib.md5((folder / "params.yaml").read_bytes()).hexdigest()


def edit(name, text, *, null=False):
    return {"keys": ["train", name], "text": text, "null": null}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("rate", "5", "  rate: 5.0  # slow\n"),
        ("rate", "1e-5", "  rate: 1.0e-05  # slow\n"),
        ("depth", "-2", "  depth: -2\n"),
        ("fast", "true", "  fast: true\n"),
        ("name", "yes: #1", '  name: "yes: #1"\n'),
        ("mode", "b", "  mode: b\n"),
        ("sizes", "[]", "  sizes: []\n"),
        ("more", '{"a": [1.5, null]}', "  more: {a: [1.5, null]}\n"),
    ],
)
def test_field_is_written_with_the_type_of_its_parameter(form, name, text, line):
    before = (form / "params.yaml").read_text().splitlines(keepends=True)
    found = change([edit(name, text)], digest_of(form))
    assert found == {"faults": [], "digest": digest_of(form)}
    after = (form / "params.yaml").read_text().splitlines(keepends=True)
    assert [new for old, new in zip(before, after, strict=True) if old != new] == [line]


def test_null_is_for_optional_parameters_only(form):
    change([edit("name", "", null=True)], digest_of(form))
    assert "name: null\n" in (form / "params.yaml").read_text()
    (fault,) = change([edit("rate", "", null=True)], digest_of(form))["faults"]
    assert fault["message"] == "null is not of the type float"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("rate", "fast"), ("rate", ""), ("rate", "nan"), ("rate", "inf"), ("depth", "4.0")),
        *(("fast", "1"), ("mode", "c"), ("sizes", "[1, 2.5]"), ("sizes", "1"), ("sizes", "[")),
        *(("more", "[]"), ("more", "{"), ("name", "\ud800")),
    ],
)
def test_one_wrong_field_leaves_the_file_as_it_is(form, name, text):
    before = (form / "params.yaml").read_bytes()
    (fault,) = change([edit("depth", "9"), edit(name, text)], digest_of(form))["faults"]
    assert fault["keys"] == ("train", name)
    assert "is not of the type" in fault["message"]
    assert (form / "params.yaml").read_bytes() == before


def test_file_that_has_changed_and_what_is_no_field_are_refused(form):
    with pytest.raises(StaleError, match="has changed since it was shown"):
        change([edit("depth", "9")], "0" * 32)
    with pytest.raises(UsageError, match=r"no such parameter: train\.other"):
        change([edit("other", "9")], digest_of(form))


@pytest.mark.parametrize("each", [None, 1, "x", [], {}, {"keys": None}, {"keys": 10**30}])
def test_change_of_another_form_is_refused(form, each):
    with pytest.raises(UsageError, match="names no parameter"):
        change([each], digest_of(form))


@pytest.mark.parametrize("data", [b"train: \xff\n", b"a: b: c\n", b"a: 1\na: 2\n", b"a: \x04\n"])
def test_params_that_cannot_be_read_are_a_fault_and_stay(form, data):
    (form / "params.yaml").write_bytes(data)
    with pytest.raises(PipelineError, match="is not valid YAML"):
        change([edit("depth", "9")], hashlib.md5(data).hexdigest())
    assert (form / "params.yaml").read_bytes() == data


def test_schema_with_a_type_that_is_none_is_refused(form):
    schema = (form / SCHEMA_FILE).read_text()
    (form / SCHEMA_FILE).write_text(re.sub(r'"title": "[^"]*"', r'"title": "\\ud83d"', schema))
    with pytest.raises(StaleError):
        change([edit("depth", "9")], digest_of(form))


def test_menus_name_commands_that_there_are():
    commands = (LAB / "static/commands.js").read_text()
    badge = (LAB / "static/badge.js").read_text()
    schema = (LAB / "schemas/nbsnake/plugin.json").read_text()
    named = set(re.findall(r'"nbsnake:([\w-]+)"', badge + schema))
    assert named == set(re.findall(r'add\(\s*"([\w-]+)"', commands))
