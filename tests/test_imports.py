"""The files that a notebook's code imports are found without running it, and are those it loads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import nb_bytes

from nbsnake.errors import NbsnakeError
from nbsnake.generate.generate import find_changes, find_pipeline, generate
from nbsnake.generate.unchanged import is_unchanged

DOCSTRING = '"""A step.\n\n:dvc-out: out.txt\n"""'
WITNESS = """\
import json, sys
from pathlib import Path
_root = Path.cwd()
_files = {getattr(m, "__file__", None) for m in [*sys.modules.values()]} - {None}
_loaded = sorted(str(Path(f).resolve().relative_to(_root)) for f in _files
                 if Path(f).resolve().is_relative_to(_root))
Path("out.txt").write_text(json.dumps(_loaded))
"""
# Each form: the files of the project, the notebook's code, what is loaded of these files.
FORMS = {
    "beside": (
        {"notebooks/helper.py": "import deeper", "notebooks/deeper.py": ""},
        "import helper",
        ["notebooks/deeper.py", "notebooks/helper.py"],
    ),
    "from": ({"notebooks/helper.py": "x = 1"}, "from helper import x", ["notebooks/helper.py"]),
    "package": (
        {"notebooks/pkg/__init__.py": "", "notebooks/pkg/a.py": "", "notebooks/pkg/b.py": ""},
        "import pkg.a as short",
        ["notebooks/pkg/__init__.py", "notebooks/pkg/a.py"],
    ),
    "submodule": (
        {"notebooks/pkg/__init__.py": "", "notebooks/pkg/a.py": ""},
        "from pkg import a",
        ["notebooks/pkg/__init__.py", "notebooks/pkg/a.py"],
    ),
    "relative": (
        {
            "notebooks/pkg/__init__.py": "from .inner import deep",
            "notebooks/pkg/a.py": "",
            "notebooks/pkg/inner/__init__.py": "from .. import a",
            "notebooks/pkg/inner/deep.py": "from . import more\nfrom ..b import c",
            "notebooks/pkg/inner/more.py": "",
            "notebooks/pkg/b.py": "c = 1",
            "notebooks/pkg/unused.py": "",
        },
        "import pkg",
        [
            "notebooks/pkg/__init__.py",
            "notebooks/pkg/a.py",
            "notebooks/pkg/b.py",
            "notebooks/pkg/inner/__init__.py",
            "notebooks/pkg/inner/deep.py",
            "notebooks/pkg/inner/more.py",
        ],
    ),
    "star": (
        {"notebooks/pkg/__init__.py": '__all__ = ["a"]', "notebooks/pkg/a.py": ""},
        "from pkg import *",
        ["notebooks/pkg/__init__.py", "notebooks/pkg/a.py"],
    ),
    "importlib": (
        {"notebooks/pkg/__init__.py": "", "notebooks/pkg/a.py": "", "notebooks/b.py": ""},
        'import importlib\nimportlib.import_module("pkg.a")\nimportlib.import_module("b")',
        ["notebooks/b.py", "notebooks/pkg/__init__.py", "notebooks/pkg/a.py"],
    ),
    "importlib in a package": (
        {
            "notebooks/pkg/__init__.py": "",
            "notebooks/pkg/a.py": "from importlib import import_module as f, import_module\n"
            'import_module(".b", __package__)\nimport_module(".c", "pkg")',
            "notebooks/pkg/b.py": "",
            "notebooks/pkg/c.py": "",
        },
        "import pkg.a",
        [f"notebooks/pkg/{name}.py" for name in ("__init__", "a", "b", "c")],
    ),
    "namespace": (
        {"notebooks/space/a.py": "", "notebooks/space/b.py": ""},
        "import space.a\nfrom space import b",
        ["notebooks/space/a.py", "notebooks/space/b.py"],
    ),
    "nested": (
        {"notebooks/a.py": "", "notebooks/b.py": "", "notebooks/c.py": ""},
        """\
def f():
    import a
f()
try:
    import b
except ImportError:
    import absent
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import c
""",
        ["notebooks/a.py", "notebooks/b.py"],
    ),
    "dunder": ({"notebooks/a.py": ""}, '__import__("a")', ["notebooks/a.py"]),
    "added to the path": (
        {"lib/a.py": "", "lib2/b.py": "", "lib3/c.py": "", "lib4/d.py": ""},
        """\
import os, sys
from pathlib import Path
module_path = os.path.abspath(os.path.join("lib"))
if module_path not in sys.path:
    sys.path.append(module_path)
ROOT = Path("notebooks").resolve().parent
sys.path.insert(0, str(ROOT / "lib2"))
sys.path += ["lib3"]
sys.path[:0] = [os.path.join(os.getcwd(), "lib4")]
import a, b, c, d
""",
        ["lib/a.py", "lib2/b.py", "lib3/c.py", "lib4/d.py"],
    ),
    "by a module's own file": (
        {
            "notebooks/a.py": "import os, sys\n"
            'sys.path.append(os.path.join(os.path.dirname(__file__), "..", "lib"))\nimport b',
            "lib/b.py": "",
        },
        "import a",
        ["lib/b.py", "notebooks/a.py"],
    ),
    "src layout": (
        {"src/pkg/__init__.py": "from pkg.a import x", "src/pkg/a.py": "x = 1"},
        "import pkg",
        ["src/pkg/__init__.py", "src/pkg/a.py"],
    ),
    "declared layout": (
        {
            "pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["code"]',
            "code/pkg/__init__.py": "",
        },
        "import pkg",
        ["code/pkg/__init__.py"],
    ),
    "project inside": (
        {"libs/one/setup.py": "", "libs/one/src/one/__init__.py": ""},
        "import one",
        ["libs/one/src/one/__init__.py"],
    ),
    "name of the standard library": (
        {"copy.py": "raise Exception", "notebooks/helper.py": "import copy"},
        "import helper",
        ["notebooks/helper.py"],
    ),
}
INSTALLED = ["src", "code", "libs/one/src"]  # what editable installs of these projects add


@pytest.fixture
def step(folder):
    (folder / ".dvc").mkdir()

    def write(files, code):
        for path, text in files.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text + "\n")
        Path("notebooks").mkdir(exist_ok=True)
        Path("notebooks/a_step.ipynb").write_bytes(nb_bytes(DOCSTRING, code))

    return write


def modules():
    return list(find_pipeline().steps[0].modules)


@pytest.mark.parametrize("form", FORMS)
def test_files_found_are_those_that_the_script_loads(step, folder, form):
    files, code, expected = FORMS[form]
    step(files, f"{code}\n{WITNESS}")
    assert modules() == expected
    generate()
    places = [str(folder / each) for each in INSTALLED if (folder / each).is_dir()]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    script = "workflow/scripts/a_step.py"
    subprocess.run([sys.executable, script], check=True, env=env)
    assert json.loads(Path("out.txt").read_text()) == expected


@pytest.mark.parametrize(
    "code",
    [
        "%run helper.py",
        "%run helper",
        'exec(open("notebooks/helper.py").read())',
        'import runpy\nrunpy.run_path("notebooks/helper.py")',
        "!python notebooks/helper.py --fast",
        'import subprocess, sys\nsubprocess.run([sys.executable, "notebooks/helper.py"])',
    ],
)
def test_a_file_that_is_run_counts_with_what_it_imports_from_beside_it(step, code):
    step({"notebooks/helper.py": "import deeper", "notebooks/deeper.py": ""}, code)
    assert modules() == ["notebooks/deeper.py", "notebooks/helper.py"]


def test_a_module_is_a_dep_of_just_the_steps_that_import_it(step):
    step({"notebooks/helper.py": ""}, "import helper")
    Path("notebooks/other.ipynb").write_bytes(nb_bytes(DOCSTRING.replace("out.txt", "b"), "pass"))
    generate()
    text = Path("dvc.yaml").read_text()
    assert text.count("notebooks/helper.py") == 1
    assert 'source("notebooks/helper.py"),' in Path("workflow/rules/a_step.smk").read_text()
    assert "helper" not in Path("workflow/rules/other.smk").read_text()


def test_a_module_that_the_docstring_declares_is_one_dep(step):
    step({"notebooks/helper.py": ""}, "import helper")
    text = DOCSTRING.replace(":dvc-out", ":dvc-in: notebooks/helper.py\n:dvc-out")
    Path("notebooks/a_step.ipynb").write_bytes(nb_bytes(text, "import helper"))
    generate()
    assert Path("dvc.yaml").read_text().count("helper.py") == 1
    assert Path("workflow/rules/a_step.smk").read_text().count("helper.py") == 1


def test_another_import_in_a_module_is_noticed(step):
    step({"notebooks/helper.py": ""}, "import helper, absent")
    generate()
    assert is_unchanged()
    for change in ("absent", "deeper"):
        Path(f"notebooks/{change}.py").touch()
        if change == "deeper":
            assert is_unchanged()  # nobody imports it yet
            Path("notebooks/helper.py").write_text("import deeper\n")
        assert not is_unchanged()
        assert [each.path for each in find_changes()] == ["workflow/rules/a_step.smk", "dvc.yaml"]
        generate()
        assert is_unchanged()


def test_all_modules_that_are_not_python_are_reported_and_nothing_is_written(step):
    step({"notebooks/helper.py": "x =", "notebooks/other.py": "\0"}, "import helper, other")
    with pytest.raises(NbsnakeError) as caught:
        generate()
    message = str(caught.value)
    assert "notebooks/helper.py, line 1: is not valid Python" in message
    assert "notebooks/other.py" in message
    assert not Path("dvc.yaml").exists()


def test_a_link_that_leads_out_of_the_project_is_not_followed(step, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "helper.py"
    outside.touch()
    step({}, "import helper")
    Path("notebooks/helper.py").symlink_to(outside)
    assert modules() == []


def test_a_file_of_the_environment_is_a_dep_of_every_step(step):
    step({"uv.lock": "", "nbsnake.yaml": "environment: uv.lock"}, "pass")
    generate()
    assert "- uv.lock" in Path("dvc.yaml").read_text()
    assert 'source("uv.lock"),' in Path("workflow/rules/a_step.smk").read_text()
    assert is_unchanged()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.lock", "there is no file none.lock"),
        ("../uv.lock", "is not a file inside the project"),
    ],
)
def test_a_file_of_the_environment_that_cannot_be_one(step, path, message):
    step({"nbsnake.yaml": f"environment: {path}"}, "pass")
    with pytest.raises(NbsnakeError, match=message) as caught:
        generate()
    assert caught.value.where.line == 1
