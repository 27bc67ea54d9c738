"""A folder of notebooks: its graph, versions in names, and what keeps them from being steps."""

import json
import os
from pathlib import Path

import adopt_projects
import pytest
import yaml
from builders import nb_fields

from nbsnake.__main__ import main
from nbsnake.adopt.alike import with_uses
from nbsnake.adopt.folder import make_plan
from nbsnake.adopt.naming import newest, version_of
from nbsnake.adopt.ploomber import given_by_tasks
from nbsnake.adopt.readings import read_all
from nbsnake.generate.generate import find_scripts
from nbsnake.notebook.read_step import PLAIN


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)


def put(path, *cells):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(nb_fields(*cells), indent=1))


def write(path):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("1\n")


def plan_of(*named):
    paths = sorted(path.as_posix() for path in Path().rglob("*.ipynb"))
    return make_plan(read_all(paths, PLAIN), named)


def hazards(plan):
    return [f"{each.where}: {each.text}" for each in plan.hazards]


READ_WRITE = 'open("{1}", "w").write(open("{0}").read())'


def step(path, reads, writes):
    put(path, READ_WRITE.format(reads, writes))


@pytest.mark.parametrize(
    ("name", "order", "base"),
    [
        ("01_load.ipynb", "01", "load"),
        ("2b-clean data.ipynb", "2b", "clean_data"),
        ("1.2 - Train.ipynb", "1.2", "train"),
        ("train_v3_final.ipynb", "", "train"),
        ("clean (1).ipynb", "", "clean"),
        ("train-Copy1.ipynb", "", "train"),
        ("Copy of train.ipynb", "", "train"),
        ("train_2024-01-31.ipynb", "", "train"),
        ("train_old.ipynb", "", "train"),
        ("trainV2.ipynb", "", "train"),
        ("resnet50.ipynb", "", "resnet50"),
        ("2024.ipynb", "", "step_2024"),
        ("final.ipynb", "", "final"),
        ("conv.ipynb", "", "conv"),
    ],
)
def test_a_name_has_a_number_a_base_and_a_version(name, order, base):
    assert version_of(name)[:2] == (order, base)


@pytest.mark.parametrize(
    ("names", "latest"),
    [
        (["a.ipynb", "a_v2.ipynb", "a_v10.ipynb"], "a_v10.ipynb"),
        (["a_final.ipynb", "a_v3.ipynb", "a_v3_final.ipynb"], "a_v3_final.ipynb"),
        (["a.ipynb", "a (1).ipynb"], "a (1).ipynb"),
        (["a.ipynb", "a_old.ipynb"], "a.ipynb"),
        (["a_2024-01-01.ipynb", "a_2023-12-31.ipynb"], "a_2024-01-01.ipynb"),
    ],
)
def test_the_newest_version_is_found(names, latest):
    assert newest(names) == latest
    assert newest(reversed(names)) == latest


def test_the_graph_follows_the_files_whatever_the_names():
    step("z.ipynb", "raw.csv", "a.csv")
    step("a.ipynb", "a.csv", "b.csv")
    step("m.ipynb", "b.csv", "c.csv")
    plan = plan_of()
    assert [node.step for node in plan.nodes] == ["z", "a", "m"]
    assert plan.sources == ("raw.csv",)


def test_only_the_newest_version_becomes_a_step():
    for name in ("train.ipynb", "train_v2.ipynb", "train_v3_final.ipynb"):
        step(name, "raw.csv", "model.txt")
    plan = plan_of()
    assert [node.notebook for node in plan.nodes] == ["train_v3_final.ipynb"]
    assert [node.step for node in plan.nodes] == ["train"]
    assert [each.notebook for each in plan.left] == ["train.ipynb", "train_v2.ipynb"]
    assert hazards(plan) == []


def test_a_version_that_is_named_becomes_a_step():
    step("train.ipynb", "raw.csv", "old.txt")
    step("train_v2.ipynb", "raw.csv", "model.txt")
    assert len(plan_of("train.ipynb").nodes) == 2


def test_an_older_version_whose_result_others_read_stays():
    step("train.ipynb", "raw.csv", "old.txt")
    step("train_v2.ipynb", "raw.csv", "model.txt")
    step("report.ipynb", "old.txt", "report.txt")
    assert {node.step for node in plan_of().nodes} == {"train", "train_v2", "report"}


def test_versions_that_differ_in_values_alone_are_named_as_variants():
    for name, rate in (("train_v1.ipynb", 0.1), ("train_v2.ipynb", 0.2)):
        put(name, f"rate = {rate}", 'open("m.txt", "w").write(str(rate))')
    (left,) = plan_of().left
    assert "differs in values alone (rate 0.1)" in left.why


def test_two_writers_of_one_file_are_named():
    step("a.ipynb", "x.csv", "out.csv")
    step("b.ipynb", "y.csv", "out.csv")
    plan = plan_of()
    assert hazards(plan) == [
        "b.ipynb, cell 1, line 1: 'out.csv' is written here, and in a.ipynb, cell 1, line 1"
    ]
    assert plan.blocked == {"b.ipynb"}


def test_a_circle_is_named_with_its_cells():
    step("a.ipynb", "x.csv", "y.csv")
    step("b.ipynb", "y.csv", "x.csv")
    assert plan_of().blocked == {"a.ipynb", "b.ipynb"}


def test_a_notebook_that_overwrites_its_input_is_named():
    put("a.ipynb", "1", "x = 1\nopen('data.csv')\nopen('data.csv', 'w')")
    assert hazards(plan_of()) == ["a.ipynb, cell 2, line 2: overwrites its input 'data.csv'"]
    assert main(["adopt", "--write"]) == 1
    assert "dvc" not in Path("a.ipynb").read_text()


def test_paths_of_other_machines_are_named_with_what_they_become():
    write("data/raw.csv")
    put(
        "a.ipynb",
        "import os\nos.chdir('/app')",
        "open('/home/x/p/data/raw.csv')\nopen('C:\\\\Users\\\\x\\\\p\\\\data\\\\raw.csv')",
        "open('/srv/other/z.csv')\nopen('data/out.csv', 'w')",
    )
    plan = plan_of()
    windows = "C:\\Users\\x\\p\\data\\raw.csv"
    assert hazards(plan) == [
        "a.ipynb, cell 1, line 2: os.chdir moves to '/app'",
        "a.ipynb, cell 2, line 1: '/home/x/p/data/raw.csv' is a path of one machine",
        f"a.ipynb, cell 2, line 2: {windows!r} is a path of one machine",
        "a.ipynb, cell 3, line 1: '/srv/other/z.csv' is outside of the project",
    ]
    assert plan.nodes[0].reads == ("data/raw.csv",)
    assert plan.nodes[0].writes == ("data/out.csv",)


def test_a_folder_that_the_code_computes_blocks():
    put("a.ipynb", "import os\nos.chdir(find())\nopen('a.csv')")
    assert plan_of().blocked == {"a.ipynb"}


@pytest.mark.parametrize(
    "code",
    [
        'API_KEY = "a8f5f167f44f4964"',
        'connect(password="hunter2hunter2")',
        'os.environ["AWS_SECRET_ACCESS_KEY"] = "abcdefgh12345678"',
        'x = {"token": "a8f5f167f44f4964"}',
        'engine("postgresql://bob:hunter2@db/prod")',
        'k = "AKIAABCDEFGHIJKLMNOP"',
    ],
)
def test_a_credential_is_named_and_never_shown(code, capsys):
    put("a.ipynb", "1", f"import os\n{code}\nopen('a.csv')")
    assert main(["adopt"]) == 0
    said = capsys.readouterr()
    assert "a.ipynb, cell 2, line 2: " in said.err
    assert "credential" in said.err
    assert "hunter2" not in said.err + said.out
    assert "a8f5f167" not in said.err + said.out


@pytest.mark.parametrize(
    "code",
    ['token = "<your token>"', 'password = ""', 'key = os.environ["API_KEY"]', 'x = "token"'],
)
def test_a_placeholder_is_no_credential(code):
    put("a.ipynb", f"import os\n{code}\nopen('a.csv')")
    assert hazards(plan_of()) == []


def test_numbers_that_contradict_the_files_are_named():
    step("01_a.ipynb", "b.csv", "a.csv")
    step("02_b.ipynb", "raw.csv", "b.csv")
    assert hazards(plan_of()) == ["01_a.ipynb: is number 01, but reads what 02_b.ipynb writes"]


def test_steps_that_are_there_already_are_part_of_the_graph():
    put("a.ipynb", '""":dvc-out out:"""\nout = "a.csv"')
    step("b.ipynb", "a.csv", "b.csv")
    plan = plan_of()
    assert [node.step for node in plan.nodes] == ["a", "b"]
    assert plan.sources == ()
    assert [each.notebook for each in plan.proposals] == ["b.ipynb"]


def test_notebooks_in_other_languages_are_left_and_do_not_block():
    step("a.ipynb", "raw.csv", "a.csv")
    Path("r.ipynb").write_text(
        json.dumps(nb_fields("x <- 1", metadata={"language_info": {"name": "R"}}))
    )
    scala = nb_fields("val x = 1", metadata={"language_info": {"name": "scala"}})
    Path("s.ipynb").write_text(json.dumps(scala))
    plan = plan_of()
    why = "a comment with ':dvc-out: path' in its first code cell makes it a step"
    assert [(each.notebook, each.why) for each in plan.left] == [
        ("r.ipynb", f"it is written in r: {why}"),
        ("s.ipynb", "it is written in scala"),
    ]
    assert len(plan.nodes) == 1


def test_a_broken_notebook_is_named_and_the_others_are_written(capsys):
    step("a.ipynb", "raw.csv", "a.csv")
    Path("b.ipynb").write_text("{")
    assert main(["adopt", "--write"]) == 1
    assert "b.ipynb, line 1: is not valid JSON" in capsys.readouterr().err
    assert "dvc-out" in Path("a.ipynb").read_text()


def test_a_folder_without_a_notebook_says_how_to_begin(capsys):
    assert main(["adopt"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "there is no notebook here" in shown.err
    assert "nbsnake new NAME" in shown.err


def test_written_notebooks_are_steps_and_adopting_again_has_nothing_to_do(capsys):
    step("01_a.ipynb", "raw.csv", "a.csv")
    assert main(["adopt", "--write"]) == 0
    before = Path("01_a.ipynb").read_bytes()
    capsys.readouterr()
    assert main(["adopt", "--write"]) == 0
    assert "no notebook here is to be adopted" in capsys.readouterr().err
    assert Path("01_a.ipynb").read_bytes() == before


def docstring(path):
    return json.loads(Path(path).read_text())["cells"][0]["source"].split('"""')[1]


def test_a_part_that_another_notebook_needs_makes_variants():
    step("tokenize.ipynb", "data/train.csv", "data/train.json")
    step("evaluate.ipynb", "data/test.json", "score.txt")
    write("data/train.csv")
    write("data/test.csv")
    assert main(["adopt", "--write"]) == 0
    assert ":foreach part: train test" in docstring("tokenize.ipynb")
    assert ":dvc-out train: data/{part}.json" in docstring("tokenize.ipynb")


def test_a_part_that_nothing_can_be_made_of_makes_none():
    step("tokenize.ipynb", "data/train.csv", "data/train.json")
    step("evaluate.ipynb", "data/test.json", "score.txt")
    assert main(["adopt", "--write"]) == 0
    assert ":foreach" not in docstring("tokenize.ipynb")


def test_a_list_of_params_yaml_makes_variants_of_what_names_its_value():
    Path("params.yaml").write_text("sweep: {rate: [0.1, 0.2]}\n")
    put("train.ipynb", "rate = 0.1", 'open("m/0.1.txt", "w").write(str(rate))')
    step("test.ipynb", "m/0.1.txt", "r/0.1.txt")
    put("best.ipynb", "from glob import glob", 'x = sorted(glob("r/*.txt"))\nopen("b.txt", "w")')
    assert main(["adopt", "--write"]) == 0
    assert ":foreach rate: sweep.rate" in docstring("train.ipynb")
    assert ":foreach rate: sweep.rate" in docstring("test.ipynb")
    assert ":dvc-in x: r/{rate}.txt" in docstring("best.ipynb")


def test_files_of_clients_make_variants():
    write("clients/acme.yaml")
    Path("clients/acme.yaml").write_text("")
    step("a.ipynb", "raw/acme.csv", "out/acme.csv")
    assert main(["adopt", "--write"]) == 0
    assert ":dvc-out acme: out/{client}.csv" in docstring("a.ipynb")


def test_the_documentation_shows_real_output(capsys):
    adopt_projects.numbered(Path())
    assert main(["adopt"]) == 0
    document = (Path(__file__).parents[1] / "docs/adopt.md").read_text(encoding="utf-8")
    assert f"```\n{capsys.readouterr().out.rstrip()}\n```" in document


def test_a_notebook_without_a_result_is_left_also_where_it_is_named():
    put("look.ipynb", 'print(open("raw.csv").read())')
    step("a.ipynb", "raw.csv", "a.csv")
    for plan in (plan_of(), plan_of("look.ipynb")):
        assert [node.step for node in plan.nodes] == ["a"]
        assert [each.notebook for each in plan.left] == ["look.ipynb"]


def test_a_notebook_of_an_old_format_is_named_and_the_others_are_written(capsys):
    step("a.ipynb", "raw.csv", "a.csv")
    old = {"cell_type": "code", "language": "python", "input": 'open("x", "w")', "outputs": []}
    fields = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [old]}]}
    Path("old.ipynb").write_text(json.dumps(fields))
    assert main(["adopt", "--write"]) == 1
    assert "old.ipynb: has the notebook format 3" in capsys.readouterr().err
    assert "dvc-out" in Path("a.ipynb").read_text()


TRAIN = """x = sum(map(int, open("raw.csv")))
open("{out}", "w").write(str(x * factor))"""


def train(path, factor, out):
    put(path, ("markdown", f"# {path}"), f"factor = {factor}", TRAIN.format(out=out))


def variants():
    return [(each.main, each.others, each.axis, each.uses) for each in plan_of().alike]


def test_notebooks_whose_paths_name_their_one_value_are_an_axis(capsys):
    train("train_b.ipynb", 0.5, "model_0.5.json")
    train("train_a.ipynb", 0.1, "model_0.1.json")
    ((main_one, others, axis, uses),) = variants()
    assert (main_one, others, uses) == ("train_b.ipynb", ("train_a.ipynb",), ())
    assert (axis.name, axis.values) == ("factor", ("0.1", "0.5"))
    assert main(["adopt"]) == 0
    shown = capsys.readouterr()
    assert "variants: train_b.ipynb differs in values alone from train_a.ipynb" in shown.out
    assert "foreach factor" in shown.out
    assert main(["adopt", "--variants"]) == 0
    assert "nbsnake adopt --variants --write" in capsys.readouterr().err
    assert "dvc-out" not in Path("train_b.ipynb").read_text()
    assert main(["adopt", "--variants", "--write"]) == 0
    text = Path("train_b.ipynb").read_text()
    assert ":step: train\\n" in text
    assert ":foreach factor: 0.1 0.5" in text
    assert "model_{factor}.json" in text
    assert "dvc-out" not in Path("train_a.ipynb").read_text()


def test_notebooks_that_differ_in_more_are_uses_of_one():
    train("train_v1.ipynb", 1, "first.json")
    train("train_v2.ipynb", 2, "second.json")
    Path("nbsnake.yaml").write_text("strict: true\nuses:\n  - name: other  # mine\n")
    ((_, _, axis, (use,)),) = variants()
    assert axis is None
    assert dict(use.values) == {"factor": 1, "second": "first.json"}
    assert (use.name, use.was) == ("train_v1", "train_v1.ipynb")
    text = with_uses(Path("nbsnake.yaml").read_text(), "train_v2.ipynb", [use])
    assert yaml.safe_load(text)["uses"] == [
        {
            "name": "train_v1",
            "notebook": "train_v2.ipynb",
            "values": {"factor": 1, "second": "first.json"},
        },
        {"name": "other"},
    ]
    assert text.startswith("strict: true")
    assert "# mine" in text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("open('a.csv', 'w').write('x' * 3)", "open('b.csv', 'w').write('x' * 4)"),
        ("open('a.csv', 'w').write('x')", "open('b.csv', 'w').write('y')"),
        ("n = 1\nopen('a.csv', 'w').write(str(n))", "n = 2\nopen('a.csv', 'w').write(str(n))"),
        ("import re\nopen('a.csv', 'w')", "import os\nopen('b.csv', 'w')"),
    ],
)
def test_notebooks_that_differ_in_other_values_or_write_the_same_file_are_no_variants(
    first, second
):
    put("train_a.ipynb", first)
    put("train_b.ipynb", second)
    assert variants() == []


def test_a_step_that_reads_what_a_variant_writes_still_does():
    train("train_a.ipynb", 1, "model_1.json")
    train("train_b.ipynb", 2, "model_2.json")
    step("report.ipynb", "model_1.json", "report.txt")
    assert main(["adopt", "--variants", "--write"]) == 0
    assert main(["init"]) == 0
    assert main(["generate"]) == 0
    stages = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
    assert set(stages) == {"train", "report"}
    assert stages["report"]["deps"][0] == "model_1.json"


@pytest.mark.parametrize("folder", ["old", "archive/2023", "_deprecated", "sub/Backups"])
def test_a_copy_in_a_folder_for_old_ones_is_left(folder):
    step("a.ipynb", "raw.csv", "a.csv")
    step("sub/a.ipynb", "../raw.csv", "other.csv")
    step(f"{folder}/a.ipynb", "raw.csv", "old.csv")
    step(f"{folder}/alone.ipynb", "raw.csv", "alone.csv")
    plan = plan_of()
    assert [each.notebook for each in plan.left] == [f"{folder}/a.ipynb"]
    assert {each.notebook for each in plan.proposals} == {
        *("a.ipynb", "sub/a.ipynb", f"{folder}/alone.ipynb"),
    }


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


def test_wildcards_of_a_configuration_are_axes_and_computed_inputs_stay_with_the_snakefile(capsys):
    put("nb/count.ipynb", "open(snakemake.output[0], 'w').write(open(snakemake.input[0]).read())")
    put("nb/all.ipynb", "open(snakemake.output[0], 'w').write(str(snakemake.input))")
    Path("config.yaml").write_text("samples: [a, b]")
    Path("Snakefile").write_text(
        """configfile: "config.yaml"


rule count:
    input:
        "data/{sample}.txt",
    output:
        "out/{sample}.txt",
    notebook:
        "nb/count.ipynb"


rule total:
    input:
        expand("out/{sample}.txt", sample=config["samples"]),
    output:
        "out/total.txt",
    notebook:
        "nb/all.ipynb"
"""
    )
    assert main(["adopt", "--write"]) == 0
    text = Path("nb/count.ipynb").read_text()
    assert ":foreach sample: a b" in text
    assert "data/{sample}.txt" in text
    assert "snakemake" in Path("nb/all.ipynb").read_text()
    rules = Path("Snakefile").read_text()
    assert "rule total" in rules
    assert "rule count" not in rules


@pytest.mark.parametrize("name", ["it's", 'a"b', "a\\", "a\0b", "a-b", "{'a': 1}"])
def test_name_that_another_tool_gives_is_quoted(name):
    put("b.ipynb", f"open(product[{name!r}], 'w').write('x')")
    tasks = {"tasks": [{"source": "b.ipynb", "product": {"data": "a.csv", name: "b.csv"}}]}
    (given,) = given_by_tasks(tasks, {})
    (made,) = make_plan(read_all(["b.ipynb"], PLAIN), given={"b.ipynb": given}).proposals
    assert "b.csv" in [path for file in made.files for path in file.paths]
