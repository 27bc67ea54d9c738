"""Code that is nested too deeply for Python is refused with its file, or left alone."""

import json
import re
from pathlib import Path

import pytest
from builders import declare, nb_bytes

from nbsnake.__main__ import main
from nbsnake.job.atomic import write_atomically

DEPTH = 1500
DEEP = {
    "minus": f"x = {'-' * DEPTH}1",
    "attributes": f"x = a{'.b' * DEPTH}",
    "calls": f"x = a{'()' * DEPTH}",
    "sum": f"x = 1{'+1' * DEPTH}",
    "path": "open('a'" + "+'a'" * DEPTH + ", 'w').write('x')",
    "not": f"x = {'not ' * DEPTH}1",
    "items": f"a{'[0]' * DEPTH} = 1",
    "elif": "if a:\n    pass\n" + "elif b:\n    pass\n" * DEPTH,
}
DECLARED = declare(":param x: a file", ":dvc-out x: data/x.txt")


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    for folder in (".dvc", "notebooks", "bare"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    write_atomically("notebooks/a.ipynb", nb_bytes(f"{DECLARED}x = 'y'\n", "x = 1"))
    assert main(["generate"]) == 0
    return tmp_path


@pytest.mark.parametrize("code", DEEP.values(), ids=DEEP)
def test_a_cell_is_refused_with_its_notebook(code, capsys):
    write_atomically("notebooks/a.ipynb", nb_bytes(f"{DECLARED}x = 'y'\n", code))
    for words in (["generate"], ["check"], ["convert", "notebooks/a.ipynb", "-o", "a.py"]):
        assert main(words) == 1
        assert "notebooks/a.ipynb" in capsys.readouterr().err
    assert not Path("a.py").exists()


@pytest.mark.parametrize("code", DEEP.values(), ids=DEEP)
def test_an_edit_of_a_script_is_refused_with_its_place_there_or_in_the_notebook(code, capsys):
    script = Path("workflow/scripts/a.py")
    script.write_text(f"{script.read_text()}\n# %%\n{code}\n")
    before = Path("notebooks/a.ipynb").read_bytes()
    assert main(["port", "--write"]) == 1
    assert re.search(r"nbsnake: \S+/a\.(py|ipynb)", capsys.readouterr().err)
    assert Path("notebooks/a.ipynb").read_bytes() == before


@pytest.mark.parametrize("code", DEEP.values(), ids=DEEP)
def test_the_cell_of_a_bare_notebook_is_left_alone(code):
    data = nb_bytes("open('../b.txt', 'w').write('x')", code)
    write_atomically("bare/b.ipynb", data)
    for words in (["adopt", "bare"], ["adopt", "bare", "--write"], ["split", "bare/b.ipynb"]):
        assert main(words) in (0, 1)
    cells = json.loads(Path("bare/b.ipynb").read_text())["cells"]
    assert "".join(cells[-1]["source"]) == code


@pytest.mark.parametrize("code", [each for each in DEEP.values() if "\n" not in each])
def test_a_snakefile_is_read_as_far_as_it_can_be(code):
    write_atomically("bare/b.ipynb", nb_bytes("open('../b.txt', 'w').write('x')"))
    value = code.removeprefix("x = ")
    rule = f"rule b:\n    input: {value}\n    output: {value}\n    notebook: 'bare/b.ipynb'\n"
    Path("Snakefile").write_text(f"S = [{value}]\n\n{rule}")
    assert main(["adopt", "bare"]) in (0, 1)
