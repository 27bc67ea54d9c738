"""Edits of a generated script come back into its notebook, and nothing else of it changes."""

import ast
import json
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from builders import declare, nb_fields
from hypothesis import given, settings
from hypothesis import strategies as st

from nbsnake.__main__ import main
from nbsnake.compile.compile import compile_step
from nbsnake.notebook.read import parse_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.port.cells import Names
from nbsnake.port.merge import merge_regions
from nbsnake.port.notebooks import port
from nbsnake.render.script import render_script

NOTEBOOK, SCRIPT = "notebooks/a.ipynb", "workflow/scripts/a.py"
HEAD = declare(
    ":param float rate: how fast", ":threads: 2", ":dvc-out out: out/a.txt", body="import os\n"
)
CELLS = (
    f'{HEAD}out = "../out/a.txt"\nrate = 0.5\n',
    ("markdown", "# Title  \n\nSome *text*."),
    "%matplotlib inline\nx = 1\n!echo $x\ny = {'b' : 2}",
    "# No effect\nprint('left out')",
    "def area(r):\n    s = '''\n  text\n'''\n    return r * rate\n\n\nprint(area(x))",
    "%%time\nz = area(y['b'])\nz += 1\n\n",
    "names = [\n    1,\n    2,\n]\nwith open(out, 'w') as file:\n    file.write(str(z))\n",
    ("raw", "raw text"),
)


def fields_of(*cells, **more):
    """A notebook whose cells have ids."""
    fields = nb_fields(*(cells or CELLS), **more)
    for number, cell in enumerate(fields["cells"], start=1):
        cell["id"] = f"id-{number}"
    return fields


def put(*cells, folder=Path(), **more):
    """A project with one notebook, which has outputs and ids."""
    fields = fields_of(*cells, **more)
    for number, cell in enumerate(fields["cells"], start=1):
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": str(number)}]
    Path(folder, ".dvc").mkdir(exist_ok=True)
    Path(folder, "notebooks").mkdir(exist_ok=True)
    Path(folder, NOTEBOOK).write_text(json.dumps(fields, indent=1))


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def project(*cells, **more):
        put(*cells, **more)
        assert main(["generate"]) == 0

    return project


def edit(old, new, path=SCRIPT):
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def cells():
    fields = json.loads(Path(NOTEBOOK).read_text())["cells"]
    return ["".join(cell["source"]) for cell in fields]


def ported(capsys, code=0):
    """Port and write; what is said."""
    assert main(["port", "--write"]) == code
    return capsys.readouterr()


def test_a_line_comes_back_and_nothing_else_changes(project, capsys):
    project()
    before = Path(NOTEBOOK).read_text()
    edit("return r * rate", "return r * r * rate")
    assert main(["port", "a"]) == 0
    shown = capsys.readouterr()
    assert "-    return r * rate\n+    return r * r * rate\n" in shown.out
    assert shown.err.endswith("would write 1 notebook; next: add --write\n")
    assert Path(NOTEBOOK).read_text() == before
    assert ported(capsys).err == "wrote 1 notebook\n"
    assert Path(NOTEBOOK).read_text() == before.replace("r * rate", "r * r * rate")
    assert main(["check"]) == 0
    assert "nothing to port" in ported(capsys).err


def test_lines_beside_a_magic_and_a_literal_leave_them_as_they_are(project, capsys):
    project()
    edit("x = 1\n", "x = 7\n")
    edit("y = {'b' : 2}", "y = {'b': 3}")
    edit("import os\nout", "import os, sys\nout")
    edit("z += 1", "z += 2")
    ported(capsys)
    first, third, sixth = (cells()[number] for number in (0, 2, 5))
    assert first == CELLS[0].replace("import os\n", "import os, sys\n")
    assert third == "%matplotlib inline\nx = 7\n!echo $x\ny = {'b': 3}"
    assert sixth == "%%time\nz = area(y['b'])\nz += 2\n\n"


def test_a_formatter_and_a_linter_may_run_over_the_script(project, capsys):
    project()
    subprocess.run(["ruff", "format", "--isolated", SCRIPT], check=True, capture_output=True)
    assert "wrote 1 notebook\n" in ported(capsys).err
    found = cells()
    assert found[2] == '%matplotlib inline\nx = 1\n!echo $x\ny = {"b": 2}'
    assert 'out = "../out/a.txt"\nrate = 0.5\n' in found[0]
    assert ":threads: 2" in found[0]
    assert found[1] == CELLS[1][1]
    assert "names = [\n    1,\n    2,\n]" in found[6]
    assert main(["check"]) == 0


def test_a_translated_line_may_be_replaced_by_plain_code(project, capsys):
    project()
    line = next(each for each in Path(SCRIPT).read_text().splitlines() if "echo {}" in each)
    edit(line, "print(x, flush=True)")
    ported(capsys)
    assert cells()[2] == "%matplotlib inline\nx = 1\nprint(x, flush=True)\ny = {'b' : 2}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate = _args.rate", "rate = _args.rate * 2"),
        ("rate = _args.rate\n", ""),
        ("x = 1\n", "x = 1\nprint(_args)\n"),
        ('_nb_shell("echo {}"', '_nb_shell("echo more {}"'),
        ("import argparse\n", "import argparse, re\n"),
        ("default=0.5", "default=0.6"),
    ],
)
def test_edits_of_generated_parts_are_refused_with_their_line(old, new, project, capsys):
    project()
    text = Path(SCRIPT).read_text()
    line = text[: text.index(old)].count("\n") + 1 + (new == "x = 1\nprint(_args)\n")
    before = Path(NOTEBOOK).read_text()
    edit(old, new)
    said = ported(capsys, code=1).err
    assert f"{SCRIPT}, line {line}: this line is generated, and no cell has it" in said
    assert "hint: " in said
    assert Path(NOTEBOOK).read_text() == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# %% cell 5", "# %% cell 4", "this mark was not generated"),
        ("# %% cell 5", "# %% cell 3", "the mark of cell 3 is not in its place"),
        ("# %% cell 5", "# %% [markdown] cell 5", "this mark was not generated"),
        ("# Some *text*.", "x = 1", "this is code below the mark of a text cell"),
        ("x = 1\n", "x = = 1\n", "is not valid Python"),
        ("def area", "# no effect\ndef area", "the notebook would not give this code"),
    ],
)
def test_what_no_cell_can_take_is_refused_with_its_line(old, new, message, project, capsys):
    project()
    before = Path(NOTEBOOK).read_text()
    text = Path(SCRIPT).read_text()
    line = text[: text.index(old)].count("\n") + 1
    edit(old, new)
    said = ported(capsys, code=1).err
    assert f"{SCRIPT}, line {line + ('no effect' in new)}: {message}" in said
    assert Path(NOTEBOOK).read_text() == before


@pytest.mark.parametrize("old", ["ls\\n", "_nb_script", "bash"])
def test_edits_of_what_a_cell_magic_became_are_refused(old, project, capsys):
    project(CELLS[0] + "open(out, 'w')", "%%bash\necho hi\nls\n")
    before = Path(NOTEBOOK).read_text()
    text = Path(SCRIPT).read_text()
    start = text.index("# %% cell 2")
    assert text[start:].count(old) == 1
    Path(SCRIPT).write_text(text[:start] + text[start:].replace(old, old + "x"))
    assert f"{SCRIPT}, line " in ported(capsys, code=1).err
    assert Path(NOTEBOOK).read_text() == before


def test_all_faults_are_reported_at_once(project, capsys):
    project()
    edit("rate = _args.rate", "rate = _args.rate * 2")
    edit("z += 1", "z += _args.rate")
    assert ported(capsys, code=1).err.count("this line is generated") == 2


def test_text_comes_back(project, capsys):
    project()
    edit("# Some *text*.", "# Other *text*.\n#\n# And more.")
    edit("# raw text", "# raw\n#  text")
    ported(capsys)
    assert cells()[1] == "# Title  \n\nOther *text*.\n\nAnd more."
    assert cells()[7] == "raw\n text"


def test_new_cells_come_behind_those_that_they_follow(project, capsys):
    project()
    edit("print(area(x))\n", "print(area(x))\n\n# %% more\nu = 1\n\n# %% [markdown]\n# New.\n")
    assert "next: nbsnake generate" in ported(capsys).err
    assert cells()[4:8] == [CELLS[4], "u = 1", "New.", CELLS[5]]
    fields = json.loads(Path(NOTEBOOK).read_text())["cells"]
    assert len({cell["id"] for cell in fields}) == 10
    assert main(["generate"]) == 0
    assert main(["check"]) == 0


def test_a_cell_without_its_mark_goes(project, capsys):
    project()
    text = Path(SCRIPT).read_text()
    start, end = text.index("# %% cell 6"), text.index("# %% cell 7")
    Path(SCRIPT).write_text(text[:start] + text[end:])
    ported(capsys)
    assert len(cells()) == 7
    assert CELLS[5] not in cells()


def test_edits_that_leave_no_step_are_refused(project, capsys):
    project()
    text = Path(SCRIPT).read_text()
    Path(SCRIPT).write_text(text[: text.index("# %% cell") + len("# %% cell")] + "\n")
    before = Path(NOTEBOOK).read_text()
    assert f"with these edits {NOTEBOOK} would not be a step" in ported(capsys, code=1).err
    assert Path(NOTEBOOK).read_text() == before


def test_a_cell_that_may_fail_takes_edits_of_its_block(project, capsys):
    cell = "int('x')\ns = '''\na'''\nt = 2"
    project(CELLS[0] + "open(out, 'w')", cell, tags={2: ["raises-exception"]})
    edit("    t = 2", "    t = 3")
    ported(capsys)
    assert cells()[1] == cell.replace("t = 2", "t = 3")


def change_notebook(old, new):
    edit(json.dumps(old)[1:-1], json.dumps(new)[1:-1], NOTEBOOK)


def committed():
    Path(".gitignore").write_text(".nbsnake\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        user = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *user, *words], check=True, capture_output=True)


@pytest.mark.parametrize("has_memo", [True, False])
def test_both_may_have_changed(has_memo, project, capsys):
    project()
    committed()
    if not has_memo:
        Path(".nbsnake/generated.json").unlink()
    edit("return r * rate", "return r * r * rate")
    change_notebook("z += 1", "z += 5")
    change_notebook("%matplotlib inline\nx = 1", "x = 1")
    assert "next: nbsnake generate" in ported(capsys).err
    assert "return r * r * rate" in cells()[4]
    assert "z += 5" in cells()[5]
    assert cells()[2].startswith("x = 1")


def test_where_both_have_changed_the_same_the_lines_are_marked_as_git_does(project, capsys):
    project()
    committed()
    edit("z += 1", "z += 2")
    change_notebook("z += 1", "z += 3")
    assert f"{NOTEBOOK}, cell 6: changed here and in {SCRIPT}" in ported(capsys, code=1).err
    assert cells()[5] == (
        f"%%time\nz = area(y['b'])\n<<<<<<< {NOTEBOOK}\nz += 3\n=======\nz += 2\n"
        f">>>>>>> {SCRIPT}\n\n"
    )


def test_a_cell_that_the_notebook_no_longer_has_takes_nothing(project, capsys):
    project()
    committed()
    edit("z += 1", "z += 2")
    fields = json.loads(Path(NOTEBOOK).read_text())
    del fields["cells"][5]
    Path(NOTEBOOK).write_text(json.dumps(fields))
    assert "cell 6 has changed here" in ported(capsys, code=1).err


def test_a_cell_is_known_by_its_id_wherever_it_is(project, capsys):
    project()
    committed()
    edit("z += 1", "z += 2")
    fields = json.loads(Path(NOTEBOOK).read_text())
    fields["cells"].insert(1, {**fields["cells"][1], "id": "new", "source": "More."})
    Path(NOTEBOOK).write_text(json.dumps(fields))
    ported(capsys)
    assert "z += 2" in cells()[6]


def test_a_notebook_newer_than_its_script_is_not_taken_back(project, capsys):
    project()
    committed()
    before = "z += 9"
    change_notebook("z += 1", before)
    assert "nothing to port" in ported(capsys).err
    assert before in cells()[5]


def test_without_a_base_nothing_is_guessed(project, capsys):
    project()
    Path(".nbsnake/generated.json").unlink()
    edit("z += 1", "z += 2")
    said = ported(capsys, code=1).err
    assert f"{SCRIPT}: from which version of its notebook" in said


LINES = st.sampled_from(
    ["q = 1", "print( x )", "", "# a comment", "if x:\n    q = 2", "t = '''a\n b'''", "import re"]
)
# What is generated, the docstring that declares the step, and what binds the name in `!echo $x`.
GIVEN = re.compile(r"_nb_|_args|:dvc-out|x = 1")


@st.composite
def edits(draw, script):
    """A script with a few of its own lines replaced, removed, doubled, or with others between."""
    lines = script.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("# %% cell"))
    tree = ast.parse(script)
    free = [
        (node.lineno - 1, node.end_lineno)
        for node in tree.body
        if node.lineno > first and not GIVEN.search(ast.get_source_segment(script, node))
    ]
    chosen = draw(st.lists(st.sampled_from(free), min_size=1, max_size=4, unique=True))
    for start, end in sorted(chosen, reverse=True):
        new = draw(st.lists(LINES, max_size=3))
        keep = draw(st.sampled_from(["before", "after", "no", "format"]))
        old = lines[start:end]
        if keep == "format":
            old = ast.unparse(ast.parse("\n".join(old))).splitlines()
        lines[start:end] = {"before": [*old, *new], "after": [*new, *old], "no": new}.get(keep, old)
    return "\n".join(lines) + "\n"


@cache
def script_of(data):
    return render_script(compile_step(read_step(parse_notebook(data, NOTEBOOK)), {}))


WHOLE = json.dumps(fields_of()).encode()
GENERATED = script_of(WHOLE)


@settings(max_examples=200)
@given(edits(GENERATED))
def test_any_edit_of_cells_comes_back_so_that_generating_gives_the_edited_script(edited):
    found = port(edited, WHOLE, WHOLE, script_of, Names(NOTEBOOK, SCRIPT))
    new = found.new if found else WHOLE
    assert ast.dump(ast.parse(script_of(new))) == ast.dump(ast.parse(edited))
    old_cells, new_cells = (json.loads(each)["cells"] for each in (WHOLE, new))
    assert [{**cell, "source": ""} for cell in new_cells] == [
        {**cell, "source": ""} for cell in old_cells
    ]


LISTS = st.lists(st.sampled_from("abcde"), max_size=8)


@given(LISTS, LISTS, LISTS, st.booleans())
def test_regions_hold_each_version_whole(base, ours, theirs, adjacent):
    regions = list(merge_regions(base, ours, theirs, adjacent=adjacent))
    assert [line for each in regions for line in each.base] == base
    assert [line for each in regions for line in each.ours] == ours
    assert [line for each in regions for line in each.theirs] == theirs
    starts = [sum(len(each.theirs) for each in regions[:n]) for n in range(len(regions))]
    assert [each.line for each in regions] == starts
