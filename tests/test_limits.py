"""What a repository brings ends soon and stays small, or is refused with what was too large.

The times and sizes are those after which a test is killed: far more than is allowed, and far less
than these inputs take without a limit. `docs/security.md` has what they take.
"""

import contextlib
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from builders import declare, nb_bytes, spec_of

from nbsnake.dvc.lockfile import read_lock
from nbsnake.dvc.scan import check_files
from nbsnake.errors import NbsnakeError
from nbsnake.generate.generate import find_changes
from nbsnake.notebook.read import MOST_CELLS
from nbsnake.notebook.spec import Reading
from nbsnake.settings.settings import read_params, read_yaml

pytestmark = pytest.mark.trust
SECONDS, MEMORY = 60, 3 << 30  # after which a child is killed
OUT = ":dvc-out: data/out.txt"
DOUBLING = (
    "{% set all = namespace(x='x') %}{% for i in range(40) %}"
    "{% set all.x = all.x ~ all.x %}{% endfor %}{{ all.x }}"
)
NESTED = "{% for i in range(99999) %}" * 2 + "{% endfor %}" * 2
TEMPLATES = {
    "indent": ("{{ 'x' | indent(400000000) }}", "256 MB"),
    "center": ("{{ 'x' | center(1000000000) }}", "256 MB"),
    "format": ("{{ '%1000000000d' | format(1) }}", "256 MB"),
    "ljust": ("{{ 'x'.ljust(1000000000) }}", "256 MB"),
    "times": ("{{ 'x' * 1000000000 }}", "256 MB"),
    "list times": ("{{ [1] * 1000000000 }}", "256 MB"),
    "doubling": (DOUBLING, "256 MB"),
    "long result": ("{{ 'x' * 2000000 }}", "1,000,000 characters"),
    "nested loops": (NESTED, "2 s"),
    "power": ("{{ 9 ** (9 ** 9) }}", "2 s"),
}
BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
MERGES = "a0: &a0 {k0: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, 9)
)
YAML = {
    "aliases": BOMB,
    "merge keys": MERGES,
    "brackets": f"a: {'[' * 20_000}{']' * 20_000}\n",
    "braces": f"a: {'{a: ' * 20_000}{'}' * 20_000}\n",
    "itself": "a: &a [*a]\n",
    "long text": f"a: &a {'x' * 100_000}\nb: [{','.join(['*a'] * 1000)}]\n",
}


@pytest.mark.parametrize(("template", "limit"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_that_takes_too_much_is_refused(template, limit):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(NbsnakeError, match=f"takes more than {limit}|gives more than {limit}"):
        spec_of(declare(f"About {template}", OUT), reading=Reading(conf={}))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
@pytest.mark.parametrize("name", ["params.yaml", "sub/dvc.yaml"])
def test_yaml_that_becomes_too_large_is_refused(folder, name, text):
    Path("sub").mkdir()
    Path(name).write_text(text)
    with pytest.raises(NbsnakeError, match=f"{name}: ") as raised, limited():
        read_yaml(name) if name == "params.yaml" else check_files()
    assert any(word in str(raised.value) for word in ("too deeply", "too much", "aliases mean"))


@pytest.mark.parametrize("text", ["a: 0x{}\n", "a: [{{b: -0o7{}}}]\n", "a:\n  ? 0x{}\n  : 1\n"])
def test_a_number_that_python_does_not_write_is_refused(folder, text):
    Path("params.yaml").write_text(text.format("7" * 5000))
    with pytest.raises(NbsnakeError, match="a number has more than 4,000 digits"):
        read_params()


def test_a_lock_of_aliases_is_refused(folder):
    inner = "".join(f"  {line}\n" for line in BOMB.splitlines())
    Path("dvc.lock").write_text(f"schema: '2.0'\nstages:\n{inner}")
    with pytest.raises(NbsnakeError, match=r"dvc\.lock"), limited():
        read_lock()


@contextlib.contextmanager
def limited():
    """End this process rather than the machine."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


LINES = {
    "quotes": (f":dvc-cmd: dvc run -o data/x.csv echo {chr(39) * 50_000}", "x = 1"),
    "double quotes": (f':dvc-cmd: dvc run -o data/x.csv echo {chr(92)}"' * 20_000, "x = 1"),
    "unary minus": (OUT, f"y = {'-' * 50_000}1"),
    "not": (OUT, f"y = {'not ' * 50_000}1"),
    "brackets": (OUT, f"y = {'[' * 50_000}{']' * 50_000}"),
    "attributes": (OUT, f"y = x{'.a' * 50_000}"),
    "operands": (OUT, f"y = 1{'+1' * 50_000}"),
    "f-strings": (OUT, "y = " + "f'{" * 150 + "1" + "}'" * 150),
    "magics": (OUT, "%time " * 20_000 + "x"),
    "help": (OUT, "?" * 50_000),
    "variants": (":foreach a: " + " ".join(map(str, range(999))), "x = 1"),
}


@pytest.mark.parametrize(("field", "code"), LINES.values(), ids=LINES)
def test_a_line_of_any_kind_ends(tmp_path, field, code):
    """By a script, or by a message; no traceback, and no fault of the interpreter itself."""
    (tmp_path / "a.ipynb").write_bytes(nb_bytes(declare(field), code))
    done = convert(tmp_path, "a.ipynb")
    assert done.returncode in (0, 1), done.stderr[-2000:]
    assert "Traceback" not in done.stderr


@pytest.mark.trust
@pytest.mark.parametrize("source", ["x = 1\n", "%matplotlib inline\n!ls\n"])
def test_a_notebook_of_very_many_cells_ends(tmp_path, source):
    (tmp_path / "a.ipynb").write_bytes(nb_bytes(*[source] * MOST_CELLS))
    done = convert(tmp_path, "a.ipynb")
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_notebook_of_more_cells_is_refused(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(nb_bytes(*["x = 1\n"] * 100_000))
    done = convert(tmp_path, "a.ipynb")
    assert done.returncode == 1
    assert "has 100,000 cells, and at most 20,000 are read" in done.stderr


def convert(folder, name):
    """Convert a notebook in a process that is killed when it takes too much."""

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    return subprocess.run(
        [sys.executable, "-P", "-m", "nbsnake", "convert", name, "-o", "a.py"],
        cwd=folder,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )


def test_ten_thousand_million_variants_are_refused(folder):
    Path(".dvc").mkdir()
    Path("notebooks").mkdir()
    axes = [f":foreach a{n}: {' '.join(f'v{each}' for each in range(100))}" for n in range(5)]
    cell = declare(*axes, ":dvc-out: data/{a0}{a1}{a2}{a3}{a4}.csv")
    Path("notebooks/a.ipynb").write_bytes(nb_bytes(cell, "x = 1"))
    with pytest.raises(NbsnakeError, match="variants"), limited():
        find_changes()
    assert json.loads(Path("notebooks/a.ipynb").read_text())
