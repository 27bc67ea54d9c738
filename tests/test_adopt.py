"""By reading alone: which files a notebook reads and writes, and which parameters it has."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bare_notebooks import EXAMPLES, copy_bare, steps_of
from builders import nb, nb_bytes, nb_fields

from nbsnake.__main__ import main
from nbsnake.adopt.decide import decide, follow
from nbsnake.adopt.propose import propose
from nbsnake.adopt.rewrite import rewritten
from nbsnake.notebook.read import parse_notebook
from nbsnake.notebook.read_step import read_step

PD = "import pandas as pd"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def facts_of(*cells, **more):
    (facts,) = decide([follow(nb(*cells, **more), ("No effect",))])
    return facts


def files_of(*cells, **more):
    return {file.path: file.role.value for file in facts_of(*cells, **more).files}


def constants_of(*cells):
    return {each.name: each.type for each in facts_of(*cells).constants}


def adopted(*cells, written=(), **more):
    """The notebook as it becomes, with the step that it declares; ``written`` are files there."""
    for path in written:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    one = follow(nb(*cells, **more), ("No effect",))
    (facts,) = decide([one])
    made = {*written, *(file.path for file in facts.writes)}
    data = rewritten(nb_bytes(*cells, **more), propose(one, facts, "a", made))
    return json.loads(data), read_step(parse_notebook(data, "notebooks/a.ipynb"))


def sources(fields):
    return [cell["source"] for cell in fields["cells"]]


@pytest.mark.parametrize(
    ("code", "path", "role"),
    [
        ('open("../a.txt")', "a.txt", "dep"),
        ('open("../a.txt", "w")', "a.txt", "out"),
        ('open("../a.txt", mode="wb")', "a.txt", "out"),
        ('open("../a.txt", "a")', "a.txt", "out-persist"),
        ('pd.read_csv("../a.csv")', "a.csv", "dep"),
        ('pd.read_csv(filepath_or_buffer="../a.csv", sep="/")', "a.csv", "dep"),
        ('df.to_parquet("../a.parquet")', "a.parquet", "out"),
        ('pl.scan_parquet("../a.parquet")', "a.parquet", "dep"),
        ('df.write_csv("../a.csv")', "a.csv", "out"),
        ('np.load("../a.npz")', "a.npz", "dep"),
        ('np.savez_compressed("../a.npz", x=1)', "a.npz", "out"),
        ('joblib.dump(model, "../a.pkl", compress=3)', "a.pkl", "out"),
        ('joblib.load("../a.pkl")', "a.pkl", "dep"),
        ('pickle.load(open("../a.pkl", "rb"))', "a.pkl", "dep"),
        ('json.dump(x, open("../a.json", "w"))', "a.json", "out"),
        ('h5py.File("../a.h5", "w")', "a.h5", "out"),
        ('h5py.File("../a.h5")', "a.h5", "dep"),
        ('torch.save(model.state_dict(), "../a.pt")', "a.pt", "out"),
        ('torch.load("../a.pt")', "a.pt", "dep"),
        ('plt.savefig("../a.png", dpi=100)', "a.png", "plot"),
        ('fig.savefig(fname="../a.pdf")', "a.pdf", "out"),
        ('Image.open("../a.png")', "a.png", "dep"),
        ('img.save("../a.png")', "a.png", "plot"),
        ('gpd.read_file("../a.gpkg")', "a.gpkg", "dep"),
        ('gdf.to_file("../a.geojson", driver="GeoJSON")', "a.geojson", "out"),
        ('cv2.imwrite("../a.png", image)', "a.png", "plot"),
        ('xr.open_dataset("../a.nc")', "a.nc", "dep"),
        ('Path("../a.txt").read_text()', "a.txt", "dep"),
        ('Path("../a.txt").write_text("b/c.txt")', "a.txt", "out"),
        ('with Path("..", "a.txt").open("w") as f: pass', "a.txt", "out"),
        ('(Path("..") / "b" / "a.csv").read_bytes()', "b/a.csv", "dep"),
        ('pd.read_csv(os.path.join("..", "b", "a.csv"))', "b/a.csv", "dep"),
        ('D = "../b"\npd.read_csv(D + "/" + "a.csv")', "b/a.csv", "dep"),
        ('D = "../b"\npd.read_csv(f"{D}/a.csv")', "b/a.csv", "dep"),
        ('n = 3\npd.read_csv(f"../a_{n:02d}.csv")', "a_03.csv", "dep"),
        ('pd.read_csv("../%s.csv" % "a")', "a.csv", "dep"),
        ('pd.read_csv("../{}.csv".format("a"))', "a.csv", "dep"),
        ('pd.read_csv(Path("../b").joinpath("a").with_suffix(".csv"))', "b/a.csv", "dep"),
        ('P = {"x": "../a.csv"}\npd.read_csv(P["x"])', "a.csv", "dep"),
        ('class C:\n    data = "../a.csv"\npd.read_csv(C.data)', "a.csv", "dep"),
        ('def load(p):\n    return pd.read_csv(p)\nload("../a.csv")', "a.csv", "dep"),
        ('def load(p="../a.csv"):\n    return pd.read_csv(p)\nload()', "a.csv", "dep"),
        ('def where(n):\n    return f"../{n}.csv"\npd.read_csv(where("a"))', "a.csv", "dep"),
        ('pd.concat(map(pd.read_csv, ["../a.csv"]))', "a.csv", "dep"),
        ('pd.concat([pd.read_csv(p) for p in ["../a.csv"]])', "a.csv", "dep"),
        ('for p in ("../a.csv",):\n    df.to_csv(p)', "a.csv", "out"),
        ('shutil.copy("../b.csv", "../a.csv")', "a.csv", "out"),
        ('shutil.copy("../a.csv", "../b.csv")', "a.csv", "dep"),
        ('p = os.environ.get("P", "../a.csv")\npd.read_csv(p)', "a.csv", "dep"),
        ('os.listdir("../a")', "a", "dep"),
    ],
)
def test_a_path_is_found(code, path, role):
    imports = (
        "import os, shutil, json, pickle, joblib, h5py, torch, cv2\nimport numpy as np\n"
        "import polars as pl, geopandas as gpd, xarray as xr\nfrom pathlib import Path\n"
        "from PIL import Image\nimport matplotlib.pyplot as plt\n" + PD
    )
    assert files_of(imports, code)[path] == role


@pytest.mark.parametrize(
    "code",
    [
        'pd.read_csv("https://example.org/a.csv")',
        'pd.to_datetime("2020/01/01")',
        'print("../a.csv")',
        'json.loads("[1]/a.b")',
        'df.to_csv(sep="/")',
        'sns.load_dataset("iris")',
        '"{:9999999999}/a.csv".format(1)',
        '# No effect\npd.read_csv("../a.csv")',
        'open("/tmp/scratch.txt", "w")',
    ],
)
def test_what_is_no_file_of_the_project_is_none(code):
    assert files_of("import json\n" + PD if "No effect" not in code else PD, code) == {}


@pytest.mark.parametrize(
    "code",
    [
        'p = "a"\n' + "p = p + p\n" * 60 + 'open(p, "w")',
        'p = ""\n' + "p = p + p\n" * 60 + 'open(p, "w")',
        'p = "aa"\n' + 'p = p.replace("a", p)\n' * 6 + 'open(p, "w")',
        'p = "a"\n' + 'p = f"{p}{p}"\n' * 60 + 'open(p, "w")',
        'open("{:>{}}".format("a", 999999999), "w")',
        'open("%*d" % (999999999, 1), "w")',
    ],
)
def test_a_text_that_fills_the_memory_is_no_path(code):
    assert files_of(code) == {}


def test_what_is_written_and_read_again_is_an_output():
    assert files_of('open("../a", "w")', 'open("../a")') == {"a": "out"}


def test_what_is_read_only_where_it_exists_and_else_made_is_an_output():
    code = 'p = "../a.csv"\nif os.path.exists(p):\n    pd.read_csv(p)\nelse:\n    df.to_csv(p)'
    assert files_of(f"import os\n{PD}", code) == {"a.csv": "out"}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("rate = 0.1\nn = 3", "f(rate, n)"), {"rate": "float", "n": "int"}),
        ((PD, "X = [1, 2]\ny = True", "f(X, y)"), {"X": "list[int]", "y": "bool"}),
        (("f()", "k = 5", "g(k)"), {"k": "int"}),
        (("f()", 'title = "x"', "g(title)"), {}),
        (("f()", 'MODE = "x"', "g(MODE)"), {"MODE": "str"}),
        (("n = 0", "n += 1", "f(n)"), {}),
        (("found = []", "found.append(1)", "f(found)"), {}),
        (("found = {'a': 1}", "found['b'] = 2", "f(found)"), {}),
        (("n = 3",), {}),
        (("n = 3", "# No effect\nn"), {}),
        (('api_key = "abcdef0123"', "f(api_key)"), {}),
        (('year = 2020\npd.read_csv(f"../{year}.csv")', "f(year)"), {}),
        (("n = 3", "for n in x: pass", "f(n)"), {}),
        (("n: float = 3", "f(n)"), {"n": "int"}),
    ],
)
def test_literals_that_are_used_later_are_parameters(cells, expected):
    assert constants_of(*cells) == expected


def test_a_literal_in_a_call_becomes_a_variable_of_a_new_first_cell():
    fields, step = adopted(("markdown", "# Count"), PD, 'df = pd.read_csv("../data/raw.csv")')
    assert sources(fields) == [
        "# Count",
        '"""Count.\n\n:dvc-in raw: data/raw.csv\n"""\nraw = "../data/raw.csv"',
        PD,
        "df = pd.read_csv(raw)",
    ]
    assert [(each.param, each.path) for each in step.artifacts] == [("raw", "data/raw.csv")]


def test_an_assignment_moves_and_keeps_its_name():
    fields, _ = adopted(PD, 'df = 1\nsource = "../raw.csv"\npd.read_csv(source)')
    assert sources(fields)[0].endswith('source = "../raw.csv"')
    assert sources(fields)[2] == "df = 1\npd.read_csv(source)"


def test_a_name_that_is_bound_twice_stays_where_it_is():
    fields, _ = adopted(f'{PD}\np = "../a.csv"\npd.read_csv(p)', 'p = "../b.csv"\npd.read_csv(p)')
    assert sources(fields)[1:] == [
        f"{PD}\np = a\npd.read_csv(p)",
        "p = b\npd.read_csv(p)",
    ]


def test_a_path_of_pathlib_stays_one():
    fields, _ = adopted('from pathlib import Path\nD = Path("..")', '(D / "a.txt").read_text()')
    assert sources(fields)[2] == "(Path(a)).read_text()"


def test_a_folder_that_is_made_is_that_of_an_output():
    fields, _ = adopted('import os\nos.makedirs("../out/x")', 'open("../out/x/a.txt", "w")')
    assert sources(fields)[1] == 'import os\nos.makedirs(a.rsplit("/", 1)[0])'


def test_files_of_a_loop_are_a_list():
    fields, step = adopted(PD, 'for y in (1, 2):\n    pd.read_csv(f"../data/{y}.csv")')
    assert [each.path for each in step.artifacts] == ["data/1.csv", "data/2.csv"]
    assert sources(fields)[2].endswith('pd.read_csv(f"{data_folder}/{y}.csv")')


def test_files_that_match_a_pattern_are_a_list():
    cells = ("from glob import glob", 'for p in sorted(glob("../x/*.csv")):\n    open(p)')
    fields, step = adopted(*cells, written=("x/b.csv", "x/a.csv", "x/y/c.csv"))
    assert [each.path for each in step.artifacts] == ["x/a.csv", "x/b.csv"]
    assert sources(fields)[2] == "for p in sorted(x_files):\n    open(p)"


def test_a_first_cell_of_parameters_gets_the_docstring():
    fields, step = adopted('source = "../a.csv"\nrate = 0.1', f"{PD}\npd.read_csv(source)\nf(rate)")
    assert len(fields["cells"]) == 2
    assert sources(fields)[0].endswith('"""\nsource = "../a.csv"\nrate = 0.1')
    assert [each.name for each in step.params] == ["rate", "source"]


def test_cells_tagged_parameters_keep_their_lines():
    tagged = 'source = "../a.csv"\nrate = 0.1'
    fields, step = adopted(PD, tagged, "pd.read_csv(source)\nf(rate)", tags={2: ["parameters"]})
    assert tagged in sources(fields)
    assert [(each.param, each.path) for each in step.artifacts] == [("source", "a.csv")]


@pytest.mark.parametrize("move", ['import os\nos.chdir("..")', "%cd .."])
def test_a_change_of_the_folder_is_removed_and_the_paths_with_it(move):
    fields, step = adopted(f"{move}\n{PD}", 'pd.read_csv("data/a.csv")')
    assert [each.path for each in step.artifacts] == ["data/a.csv"]
    assert 'a = "../data/a.csv"' in sources(fields)[0]
    assert "chdir" not in sources(fields)[1]
    assert "\n%cd" not in f"\n{sources(fields)[1]}"


def test_an_absolute_path_of_another_machine_leads_into_the_project():
    Path("data").mkdir()
    Path("data/a.csv").touch()
    cells = (PD, 'pd.read_csv("/home/x/p/data/a.csv")', 'df.to_csv("/home/x/p/out/b.csv")')
    _, step = adopted(*cells)
    assert [each.path for each in step.artifacts] == ["data/a.csv", "out/b.csv"]


def test_a_written_notebook_differs_only_in_the_cells_it_names():
    cells = [PD, 'pd.read_csv("../a.csv")', "1 + 1"]
    before = nb_fields(*cells)
    for number, cell in enumerate(before["cells"]):
        cell |= {"id": f"own{number}", "outputs": [{"output_type": "stream", "text": "ä"}]}
    before["metadata"]["extra"] = {"z": 1, "a": 2}
    data = (json.dumps(before, indent=1, ensure_ascii=False) + "\n").encode()
    one = follow(parse_notebook(data, "notebooks/a.ipynb"), ())
    (facts,) = decide([one])
    new = rewritten(data, propose(one, facts, "a", set()))
    after = json.loads(new)
    added = after["cells"].pop(0)
    assert added["cell_type"] == "code"
    assert after["cells"][1].pop("source") == "pd.read_csv(a)"
    assert before["cells"][1].pop("source") == cells[1]
    assert after == before
    assert json.dumps(json.loads(new), indent=1, ensure_ascii=False) + "\n" == new.decode()


@pytest.mark.parametrize("example", ["digits", "reviews"])
def test_the_examples_are_found_by_reading(example, here, capsys):
    folder = copy_bare(example, here / example)
    assert main(["-C", str(folder), "adopt", "--write"]) == 0
    truth, found = steps_of(EXAMPLES / example), steps_of(folder)
    for name, step in truth.items():
        carried = {each.param: each.is_output for each in step.artifacts}
        assert {each.param: each.is_output for each in found[name].artifacts} == carried
        values = {each.name: each.literal for each in step.params if each.name not in carried}
        assert {e.name: e.literal for e in found[name].params if e.name not in carried} == values
    paths = sum(len(step.artifacts) for step in found.values())
    assert paths == {"digits": 15, "reviews": 16}[example]


def test_nothing_is_executed_and_nothing_written(here):
    folder = copy_bare("digits", here / "digits")
    code = (
        "import sys\nfrom nbsnake.__main__ import main\n"
        "bad = []\n"
        "def hear(event, args):\n"
        "    if event in ('exec', 'compile') and 'ipynb' in str(args[-1]):\n"
        "        bad.append((event, args))\n"
        "    if event in ('subprocess.Popen', 'os.system', 'os.exec'): bad.append((event, args))\n"
        "    if event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wax+'):\n"
        "        bad.append((event, args))\n"
        "    if event in ('os.rename', 'os.mkdir', 'os.remove'): bad.append((event, args))\n"
        "import nbsnake.commands.adopt\n"
        "sys.addaudithook(hear)\n"
        "code = main(['adopt'])\n"
        "assert not bad, bad\n"
        "sys.exit(code)\n"
    )
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_files_of_which_a_part_is_computed_are_a_list():
    code = 'for p in parts():\n    pd.read_csv(f"../x/{p}.csv")'
    fields, step = adopted(PD, code, written=("x/a.csv", "x/b.csv", "x/c.txt"))
    assert [each.path for each in step.artifacts] == ["x/a.csv", "x/b.csv"]
    assert sources(fields)[2].endswith('pd.read_csv(f"{x_folder}/{p}.csv")')


def test_outputs_of_which_a_part_is_computed_are_a_folder():
    code = 'os.makedirs(parts)\nfor n in x():\n    open(os.path.join(parts, f"{n}.txt"), "w")'
    last = 'open(os.path.join(parts, "count.txt"), "w")'
    fields, step = adopted("import os", f'parts = "../data/parts"\n{code}', last)
    assert [(e.param, e.path, e.is_dir) for e in step.artifacts] == [("parts", "data/parts", True)]
    assert sources(fields)[2] == code
    assert sources(fields)[3] == 'open(f"{parts}/count.txt", "w")'


def test_a_folder_of_outputs_in_an_f_string_is_a_variable():
    code = 'for n in x():\n    plt.savefig(f"../out/plots/{n}.png")'
    fields, step = adopted("import matplotlib.pyplot as plt", code)
    assert [each.path for each in step.artifacts] == ["out/plots"]
    assert sources(fields)[2].endswith('plt.savefig(f"{plots}/{n}.png")')


def test_a_folder_above_is_that_of_the_output():
    code = 'OUT = "../out"\nfor n in x():\n    plt.savefig(f"{OUT}/plots/{n}.png")'
    fields, step = adopted("import matplotlib.pyplot as plt", code)
    assert [each.path for each in step.artifacts] == ["out/plots"]
    assert sources(fields)[2].startswith('OUT = plots.rstrip("/").rsplit("/", 1)[0]\n')


def test_a_path_that_globs_reads_the_files_in_its_folder():
    code = 'for p in Path("../x").glob("*.csv"):\n    p.read_text()'
    fields, step = adopted("from pathlib import Path", code, written=("x/a.csv", "x/b.csv"))
    assert [each.path for each in step.artifacts] == ["x/a.csv", "x/b.csv"]
    assert 'Path(x_files[0].rsplit("/", 1)[0]).glob' in sources(fields)[2]


def test_a_folder_that_is_listed_is_an_input_as_a_whole():
    code = "for n in os.listdir(D):\n    pd.read_csv(os.path.join(D, n))"
    _, step = adopted(f"import os\n{PD}", f'D = "../x"\n{code}', written=("x/a.csv", "x/b.csv"))
    assert [(each.param, each.path) for each in step.artifacts] == [("D", "x")]
