"""What a notebook's code says about files by folders, configurations, databases and commands."""

import json
import os
from pathlib import Path

import pytest
from adopt_folders import READ_WRITE, hazards, plan_of, put, step, write

from nbsnake.__main__ import main
from nbsnake.generate.generate import find_scripts

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize(
    "code",
    [
        "from pathlib import Path\nROOT = Path.cwd().parent\nopen(ROOT / 'out.txt', 'w')",
        "from pathlib import Path\nopen(Path('.').resolve().parents[0] / 'out.txt', 'w')",
        "from pathlib import Path\nopen(Path('..').absolute() / 'out.txt', 'w')",
        "from pathlib import Path\nopen(Path('x').resolve().parent.parent / 'out.txt', 'w')",
        "import os\nopen(os.path.dirname(os.getcwd()) + '/out.txt', 'w')",
        "import os\nopen(os.path.join(os.path.dirname(os.path.abspath('.')), 'out.txt'), 'w')",
        "import os\nopen(os.path.join(os.path.abspath('..'), 'out.txt'), 'w')",
    ],
)
def test_folders_above_the_notebook_are_known(code):
    put("notebooks/a.ipynb", code)
    (node,) = plan_of().nodes
    assert node.writes == ("out.txt",)


@pytest.mark.parametrize(
    ("own", "same"),
    [
        ("Path.cwd()", '(Path(raw).absolute().parents[1] / "notebooks")'),
        ("Path('.').resolve()", '(Path(raw).absolute().parents[1] / "notebooks")'),
        ("os.getcwd()", 'os.path.abspath(os.path.join(raw, "../../notebooks"))'),
    ],
)
def test_the_folder_of_the_notebook_is_the_same_in_a_step(own, same, monkeypatch):
    code = f"import os\nfrom pathlib import Path\nHERE = {own}\nprint(HERE)"
    put("notebooks/a.ipynb", code, READ_WRITE.format("../data/raw.csv", "../out.txt"))
    write("data/raw.csv")
    assert main(["adopt", "--write"]) == 0
    cell = json.loads(Path("notebooks/a.ipynb").read_text())["cells"][1]
    assert f"HERE = {same}" in "".join(cell["source"])
    folder = Path.cwd() / "notebooks"
    for start, raw in ((folder, "../data/raw.csv"), (folder.parent, "data/raw.csv")):
        monkeypatch.chdir(start)
        found = eval(same, {"Path": Path, "os": os, "raw": raw})  # noqa: S307
        assert os.path.samefile(found, folder)


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("sys.path.append('..')", "sys.path.append('..'); sys.path.append('.')"),
        ("sys.path.insert(0, '../lib')", "sys.path.insert(0, '../lib'); sys.path.insert(0, 'lib')"),
        (
            "sys.path.append(os.path.abspath('..'))",
            "sys.path.append(os.path.abspath('..')); sys.path.append('.')",
        ),
        ("sys.path.append('/opt/lib')", "sys.path.append('/opt/lib')"),
        ("sys.path.append('../../lib')", "sys.path.append('../../lib')"),
    ],
)
def test_modules_beside_the_notebooks_folder_are_found_in_a_step(line, same):
    put("notebooks/a.ipynb", f"import os\nimport sys\n{line}\n", "open('../out.txt', 'w')")
    write("lib/own.py")
    assert main(["adopt", "--write"]) == 0
    source = json.loads(Path("notebooks/a.ipynb").read_text())["cells"][1]["source"]
    assert same in "".join(source).split("\n")


@pytest.mark.parametrize(
    ("name", "text", "load"),
    [
        ("config.yaml", "paths: {raw: data/raw.csv, out: out}", "yaml.safe_load(open({}))"),
        ("conf.json", '{"paths": {"raw": "data/raw.csv", "out": "out"}}', "json.load(open({}))"),
        ("c.toml", "paths = {raw='data/raw.csv', out='out'}", "tomllib.load(open({}, 'rb'))"),
        ("c.yml", "paths: {raw: data/raw.csv, out: out}", "yaml.safe_load(Path({}).read_text())"),
    ],
)
def test_paths_in_a_configuration_are_known(name, text, load):
    imports = "import json, os, tomllib, yaml\nfrom pathlib import Path"
    code = (
        f"cfg = {load.format(repr(f'../{name}'))}\nos.makedirs('../' + cfg['paths']['out'])",
        "x = open('../' + cfg['paths']['raw']).read()",
        "open(os.path.join('..', cfg['paths']['out'], 'x.txt'), 'w').write(x)",
    )
    put("notebooks/a.ipynb", imports, *code)
    Path(name).write_text(text)
    write("data/raw.csv")
    (node,) = plan_of().nodes
    assert set(node.reads) == {name, "data/raw.csv"}
    assert node.writes == ("out/x.txt",)
    assert main(["adopt", "--write"]) == 0
    cells = json.loads(Path("notebooks/a.ipynb").read_text())["cells"]
    assert """os.makedirs(x_txt.rsplit("/", 1)[0])""" in "".join(cells[2]["source"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", "a: !!python/object/apply:os.system ['touch hacked']"),
        ("config.yaml", "- a"),
        ("config.json", "{"),
        ("result.json", '{"a": "data/raw.csv"}'),
        ("../config.yaml", "a: data/raw.csv"),
    ],
)
def test_a_configuration_that_cannot_be_read_gives_nothing(name, text):
    load = "json" if name.endswith("json") else "yaml"
    put("a.ipynb", f"import json, yaml\ncfg = {load}.load(open({name!r}))\nopen(cfg['a'])")
    Path(name).write_text(text)
    assert not any("raw.csv" in path for node in plan_of().nodes for path in node.reads)
    assert not Path("hacked").exists()


@pytest.mark.parametrize(
    ("code", "role"),
    [
        ("df.to_sql('t', con)", "out"),
        ("con.execute('CREATE TABLE t (a)')", "out"),
        ("con.execute('insert into t values (1)')", "out-persist"),
        ("con.execute('select * from t')", "dep"),
        ("df = pd.read_sql('select * from t', con)", "dep"),
    ],
)
def test_statements_say_what_is_done_with_a_database(code, role):
    connect = "import sqlite3\ncon = sqlite3.connect('work/app.db')"
    put("a.ipynb", connect, code, "open('done.txt', 'w')")
    (proposal,) = plan_of().proposals
    roles = {path: file.role.value for file in proposal.files for path in file.paths}
    assert roles == {"work/app.db": role, "done.txt": "out"}


def test_a_notebook_that_runs_another_one_reads_what_that_reads():
    write("data/in.csv")
    step("01_load.ipynb", "data/in.csv", "out/x.csv")
    put("02_fit.ipynb", "%run 01_load.ipynb", "open('out/y.csv', 'w')")
    plan = plan_of()
    node = next(each for each in plan.nodes if each.step == "fit")
    assert (node.reads, node.writes) == (("data/in.csv",), ("out/y.csv",))
    (shown,) = hazards(plan)
    assert shown == (
        "02_fit.ipynb, cell 1, line 1: runs the cells of 01_load.ipynb once more, "
        "which write 'out/x.csv'"
    )
    assert main(["adopt", "--write"]) == 0
    script = find_scripts()["workflow/scripts/fit.py"]  # though both have a docstring now
    assert ":dvc-out" not in script.partition("cell 2")[2]
    assert ":dvc-in: data/in.csv" in Path("02_fit.ipynb").read_text()


def test_the_docstring_of_a_notebook_that_is_run_is_none_of_the_step():
    put("lib.ipynb", '%matplotlib inline\n"""Lib.\n\n:dvc-out: lib.txt\n"""; x = 3')
    put("main.ipynb", '"""Main.\n\n:dvc-out: main.txt\n"""\n%run lib.ipynb\nx')
    script = find_scripts()["workflow/scripts/main.py"]
    assert ":dvc-out: lib.txt" not in script
    assert "x = 3" in script


def test_notebooks_that_run_each_other_read_what_all_of_them_read():
    put("a.ipynb", "%run b.ipynb", "open('a.txt', 'w')")
    put("b.ipynb", "%run c.ipynb", "open('b.csv')")
    put("c.ipynb", "%run a.ipynb", "open('c.csv')")
    (proposal,) = plan_of().proposals
    assert {path for file in proposal.files for path in file.paths} == {"a.txt", "b.csv", "c.csv"}


def test_cells_whose_paths_lead_elsewhere_from_the_root_cannot_be_run_from_another_notebook():
    write("data/in.csv")
    put("nbs/load.ipynb", "x = open('../data/in.csv').read()")
    put("nbs/names.ipynb", "def f(x):\n    return x")
    put("nbs/fit.ipynb", "%run names.ipynb", "%run load.ipynb", "open('../out/y.csv', 'w')")
    plan = plan_of()
    assert plan.blocked == {"nbs/fit.ipynb"}
    (shown,) = hazards(plan)
    assert shown.startswith(
        "nbs/fit.ipynb, cell 2, line 1: runs the cells of nbs/load.ipynb, whose"
    )
    assert main(["adopt", "--write"]) == 1
    assert "dvc-out" not in Path("nbs/fit.ipynb").read_text()


@pytest.mark.parametrize(
    ("cell", "roles"),
    [
        ("!wc -l < a.csv > out/n.txt", {"out/n.txt": "out"}),
        ("!date >> log.txt", {"log.txt": "out-persist"}),
        ("%%bash\nsort a.csv > b.csv; cat b.csv 2>&1", {"b.csv": "out"}),
        ("!ls 2> /dev/null\nx = 3 > 2", {}),
    ],
)
def test_what_a_shell_command_prints_into_is_an_output(cell, roles):
    put("a.ipynb", cell, "open('done.txt', 'w')")
    (proposal,) = plan_of().proposals
    found = {path: file.role.value for file in proposal.files for path in file.paths}
    assert found == {**roles, "done.txt": "out"}
