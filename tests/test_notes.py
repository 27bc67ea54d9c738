"""Nothing leaves unannounced: what of a notebook is not in its script, and what may go wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import declare, nb, nb_fields

from nbsnake.__main__ import main
from nbsnake.model.notes import About
from nbsnake.names import FIRST_MODULES, script_path
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_any, read_step

OUT = ":dvc-out: out/a.txt"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path, *cells, prompts=(), **more):
    fields = nb_fields(*cells, **more)
    for cell, prompt in zip(fields["cells"], prompts, strict=False):
        cell["execution_count"] = prompt
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(fields))


@pytest.fixture
def said(capsys):
    """What a command says on standard error."""

    def said(*words, code=0):
        assert main([*words]) == code
        return capsys.readouterr().err

    return said


def about(kind, *cells, **more):
    return [note for note in read_any(nb(*cells, **more)).notes if note.about is kind]


@pytest.mark.parametrize(
    "cell",
    [
        "# No effect\nx",
        "\n# a comment\n\n  # no effect: look\n# more\nx",
        "# No effect",
        "# No effect\n%%bash\nls",
        "# No effect\nx = (",
    ],
)
def test_a_mark_among_the_comments_at_the_top_leaves_a_cell_out(cell):
    program = read_any(nb("y = 1", cell)).program
    assert [kept.index for kept in program.cells] == [1]
    assert [index for index, _ in program.left_out] == [2]
    assert about(About.KEPT, cell) == []


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("x\n# No effect", 2),
        ("def f():\n    # no effect\n    return 1", 2),
        ("%%time\n# No effect\nx", 2),
        ("'''doc'''\n\n#no effect", 3),
        ("%time x\n# No effect", 2),
    ],
)
def test_a_mark_further_down_is_named_and_not_followed(cell, line):
    assert len(read_any(nb(cell)).program.cells) == 1
    note = about(About.KEPT, cell)[0]
    assert (note.where.cell, note.where.line) == (1, line)
    assert "is not at the top of its cell" in note.text


@pytest.mark.parametrize("cell", ["s = '''\n# No effect\n'''", "x  # No effect", "# Some effect"])
def test_other_text_is_no_mark(cell):
    assert about(About.KEPT, cell) == about(About.LEFT_OUT, cell) == []


def test_a_cell_that_is_left_out_leaves_a_comment(said):
    put("a.ipynb", "x = 1", "# No effect\nx", "y", tags={3: ["remove-cell"]})
    said("convert", "a.ipynb")
    script = Path("a.py").read_text()
    assert "# Cell 2 is left out: it is marked '# No effect'.\n" in script
    assert "# Cell 3 is left out: it is tagged 'remove-cell'.\n" in script


def test_the_last_line_sums_up_what_is_not_in_the_script(said):
    cells = ["a = (1, (2,))", "%matplotlib inline\n!pip install x", "# No effect\nx", "%load_ext y"]
    cells += ["# No effect\ny", "%%html\n<b>", "foo?", "%matplotlib inline"]
    put("a.ipynb", *cells, prompts=[1, 2, 5], tags={1: ["parameters"]})
    assert said("convert", "a.ipynb").splitlines()[-1] == (
        "./a.ipynb: left out: cell 3 (In [5]), cell 5 (it is marked '# No effect');"
        " dropped: %matplotlib (2 times), !pip, %load_ext, %%html, foo?; no parameters: a"
    )


def test_a_notebook_that_loses_nothing_gets_no_line(said):
    put("a.ipynb", ("markdown", "# A"), "x = 1", "print(x)")
    assert said("convert", "a.ipynb") == "wrote ./a.py\n"


def test_alike_faults_are_one_message_with_their_lines(said):
    put("a.ipynb", "x\n%store x", "%store y", "x = (", prompts=[None, 7])
    lines = said("convert", "a.ipynb", code=1).splitlines()
    assert lines[:3] == [
        "nbsnake: ./a.ipynb: the magic %store is not supported (2 times)",
        "  cell 1, line 2: %store x",
        "  cell 2 (In [7]), line 1: %store y",
    ]
    assert lines[3].startswith("  hint: A script has no session that remembers values;")
    assert lines[4:6] == [
        "./a.ipynb, cell 3, line 1: is not valid Python: '(' was never closed",
        "  > x = (",
    ]


def test_a_long_or_odd_line_is_shown_as_one_line(said):
    put("a.ipynb", f"x = (\x1b[31m{'y' * 500}")
    shown = said("convert", "a.ipynb", code=1).splitlines()[1]
    assert shown.startswith("  > x = ( [31myyy")
    assert len(shown) < 120


def project(*cells, **more):
    Path(".dvc").mkdir(exist_ok=True)
    put("notebooks/a.ipynb", declare(OUT, ":dvc-in: data/in"), *cells, **more)


def paths(*cells):
    """The notes on paths of a step, as 'line: text'."""
    spec = read_step(nb(declare(OUT, ":dvc-in: data/in"), "\n".join(cells)))
    notes = [note for note in spec.notes if note.about is About.PATH]
    return [f"{note.where.line}: {note.text}" for note in notes]


ROOT = "a step runs in the project's root"
READ, WRITTEN = (f"is {verb}, and the step does not declare it" for verb in ("read", "written"))


@pytest.mark.parametrize(
    ("folder", "hint"),
    [("../src", "write 'src'"), ("/opt/x", "install the package"), ("../../x", "install the pack")],
)
def test_advice_about_a_folder_of_modules_leads_into_the_project(folder, hint):
    project(f"sys.path.append({folder!r})")
    spec = read_step(read_notebook("notebooks/a.ipynb"))
    assert [note.hint[: len(hint)] for note in spec.notes if note.about is About.PATH] == [hint]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("os.chdir('..')", "'os.chdir' changes the folder in which all that follows runs"),
        ("%cd /data", "'%cd' changes the folder in which all that follows runs"),
        ("sys.path.append('../src')", f"'sys.path' gets '../src', and {ROOT}"),
        ("sys.path.insert(0, 'lib')", f"'sys.path' gets 'lib', and {ROOT}"),
        ("sys.path += [f(x)]", "'sys.path' gets a folder that the code computes"),
        ("pd.read_csv('../data/x.csv')", f"'../data/x.csv' is outside of the project: {ROOT}"),
        ("pd.read_csv('/data/x.csv')", f"'/data/x.csv' is outside of the project: {ROOT}"),
        ("open('~/x.txt')", f"'~/x.txt' is outside of the project: {ROOT}"),
        ("pd.read_csv('data/x.csv')", f"'data/x.csv' {READ}"),
        ("p = 'data/x.csv'; pd.read_csv(p)", f"'data/x.csv' {READ}"),
        ("pd.read_csv(os.path.join('data', 'x.csv'))", f"'data/x.csv' {READ}"),
        ("(Path('data') / 'x.txt').read_text()", f"'data/x.txt' {READ}"),
        ("pd.read_csv(filepath_or_buffer='x.csv')", f"'x.csv' {READ}"),
        ("df.to_csv('x.csv')", f"'x.csv' {WRITTEN}"),
        ("plt.savefig('a.png')", f"'a.png' {WRITTEN}"),
        ("joblib.dump(model, 'm.pkl')", f"'m.pkl' {WRITTEN}"),
        ("open('x.txt', 'w')", f"'x.txt' {WRITTEN}"),
        ("open('x.txt', mode='a')", f"'x.txt' {WRITTEN}"),
        ("open('x.txt')", f"'x.txt' {READ}"),
        ("Path('x.txt').open('w')", f"'x.txt' {WRITTEN}"),
        ("Path('x.txt').write_text('a')", f"'x.txt' {WRITTEN}"),
        ("os.makedirs('other')", f"'other' {WRITTEN}"),
    ],
)
def test_a_path_that_is_not_the_steps_is_named(line, text):
    found = paths("import os", line)
    assert len(found) == 1
    assert found[0].startswith(f"2: {text}")


@pytest.mark.parametrize(
    "line",
    [
        "open('out/a.txt', 'w')",
        "os.makedirs('out')",
        "pd.read_csv('data/in/x.csv')",
        "os.listdir('data')",
        "open(path)",
        "pd.read_csv('https://a.b/x.csv')",
        "pd.read_sql('select a/b from c', con)",
        "x = 'data/x.csv'",
        "print('a/b.csv')",
        "np.load(x)",
        "yaml.load('a: 1')",
        "spacy.load('en_core')",
        "open('/dev/null')",
        "open('/tmp/x', 'w')",
        "df.to_dict('records')",
        "'a/b'.replace('a', 'b/c.csv')",
    ],
)
def test_other_paths_and_texts_are_not_named(line):
    assert paths(line) == []


def test_the_path_of_a_parameter_is_declared():
    cells = [declare(":dvc-out x: out/a.txt", ":param x:", body="x = '../out/a.txt'\n"), "open(x)"]
    assert read_step(nb(*cells)).notes == ()


def test_a_converted_notebook_has_no_project_to_leave():
    assert about(About.PATH, declare(OUT), "open('../x.txt')\nos.chdir('..')") == []


def test_generate_names_paths_and_what_is_left_out(said):
    project("open('x.csv')", "# No effect\nx", prompts=[1, 4])
    place = "notebooks/a.ipynb, cell 2 (In [4]), line 1"
    assert said("generate").splitlines()[-4:] == [
        f"nbsnake: {place}: 'x.csv' {READ}",
        "  > open('x.csv')",
        "  hint: add to the docstring: ':dvc-in: x.csv'",
        "notebooks/a.ipynb: left out: cell 3 (it is marked '# No effect')",
    ]
    assert said("generate") == "nothing to generate: all files match the notebooks\n"


def test_only_the_comments_of_a_script_change_with_a_left_out_cell(said):
    project("x = 1", "y = 1")
    said("generate")
    before = Path("workflow/scripts/a.py").read_bytes()
    project("x = 1", "y = 1", "# No effect\nz")
    said("generate")
    assert Path("workflow/scripts/a.py").read_bytes() == before


def test_a_newer_python_is_named_only_where_it_is_newer(said):
    for version, text in [("3.99.2", "was saved by Python 3.99"), ("3.8.1", "is not valid Python")]:
        metadata = {"language_info": {"name": "python", "version": version}}
        put("a.ipynb", "x = = 1", metadata=metadata)
        assert text in said("convert", "a.ipynb", code=1)


@pytest.mark.parametrize("version", ["", "three", "3", None, 3.11, "3.x"])
def test_an_odd_version_is_none(version):
    metadata = {"language_info": {"name": "python", "version": version}}
    assert nb("x", metadata=metadata).version == ""


@pytest.mark.parametrize(
    ("words", "script"),
    [
        (["nb/random.ipynb"], "nb/random_notebook.py"),
        (["nb/random.ipynb", "-o", "nb/"], "nb/random_notebook.py"),
        (["nb/random.ipynb", "-o", "out/"], "out/random.py"),
        (["nb/random.ipynb", "-o", "nb/random.py"], "nb/random.py"),
        (["nb/types.ipynb", "-o", "out/"], "out/types_notebook.py"),
    ],
)
def test_a_script_hides_no_module(words, script, said):
    put(words[0], "x = 1")
    said("convert", *words)
    assert [path.as_posix() for path in Path().rglob("*.py")] == [script]


def test_modules_of_the_first_lines_give_no_script_its_name():
    code = "import argparse, json, os, pathlib, sys; print(*sys.modules)"
    words = [sys.executable, "-I", "-S", "-c", code]
    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    tops = {name.partition(".")[0] for name in loaded}
    public = {name for name in tops & sys.stdlib_module_names if not name.startswith("_")}
    builtin = {*sys.builtin_module_names, "zipimport"}
    assert public - builtin <= FIRST_MODULES
    assert script_path("types") == "workflow/scripts/types_notebook.py"
    assert script_path("tokenize") == "workflow/scripts/tokenize.py"


def test_a_step_named_like_a_module_of_the_first_lines_runs(said):
    Path(".dvc").mkdir()
    put("notebooks/enum.ipynb", declare(OUT), "import enum\nprint(enum.Enum.__name__)")
    said("generate")
    script = "workflow/scripts/enum_notebook.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "Enum\n")
    assert script in Path("dvc.yaml").read_text()
