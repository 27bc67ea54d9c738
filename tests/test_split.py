"""A long notebook becomes several: each part has what it needs, and together they do the same."""

import json
from pathlib import Path

import pytest
from builders import nb, nb_fields

from nbsnake.__main__ import main
from nbsnake.errors import NotebookError
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.split.shown import compare_lines
from nbsnake.split.split import plan_split

TITLE = ("markdown", "# Whole")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def split(*cells):
    """The parts of a notebook; a string that begins with ``#`` alone is a heading."""
    made = [("markdown", cell) if cell.startswith("## ") else cell for cell in cells]
    return plan_split(nb(TITLE, *made), ("No effect",))


def flow(parts):
    return [(sorted(part.takes), sorted(part.gives)) for part in parts]


def test_a_value_passes_to_the_part_that_uses_it():
    parts = split("## One", "x = [1]\ny = [2]", "## Two", "print(x)")
    assert flow(parts) == [([], ["x"]), (["x"], [])]
    assert [part.path for part in parts] == ["notebooks/a_1_one.ipynb", "notebooks/a_2_two.ipynb"]


def test_definitions_are_repeated_with_what_they_use():
    parts = split(
        "## One",
        "import math\nR = 2\ndef area(x):\n    return math.pi * x * R",
        "## Two",
        "print(area(1))",
    )
    assert flow(parts) == [([], []), ([], [])]
    assert parts[1].repeats == (
        "import math",
        "R = 2",
        "def area(x):\n    return math.pi * x * R",
    )


@pytest.mark.parametrize(
    "change", ["x.append(2)", "x[0] = 2", "x += [3]", "del x[0]", "shuffle(x)", "x.a.b = 1"]
)
def test_a_value_that_a_part_changes_passes_from_there(change):
    parts = split("## One", "x = make()", "## Two", change, "## Three", "print(x)")
    assert flow(parts)[1] == (["x"], ["x"])
    assert "/x_2." in parts[2].takes["x"]


def test_what_a_function_reads_at_its_call_passes():
    parts = split("## One", "x = make()\ndef f():\n    return x", "## Two", "f()")
    assert flow(parts)[1][0] == ["x"]


@pytest.mark.parametrize(
    "code",
    [
        *("for x in [2]:\n    print(x)", "with open('a') as x:\n    print(x.read())"),
        *("try:\n    f()\nexcept OSError as x:\n    print(x)", "if x := f():\n    print(x)"),
        *("if f():\n    x = 1\nelse:\n    x = 2\nprint(x)", "while x := f():\n    print(x)"),
        "match f():\n    case [x, *_] if x:\n        print(x)",
        "try:\n    x = f()\nexcept OSError:\n    x = 2\nprint(x)",
    ],
)
def test_what_a_part_binds_before_it_reads_is_not_passed(code):
    assert flow(split("## One", "x = make()", "## Two", code))[1] == ([], [])


@pytest.mark.parametrize(
    "code",
    [
        *("if f():\n    x = 1\nprint(x)", "try:\n    x = f()\nexcept OSError:\n    pass\nx.g()"),
        *("for y in x:\n    x = y", "with x as x:\n    pass", "x: list\nprint(x)", "x += 1"),
        "match f():\n    case x.A:\n        pass",
        "match f():\n    case 1:\n        x = 1\nprint(x)",
    ],
)
def test_what_a_part_may_read_before_it_binds_it_passes(code):
    assert flow(split("## One", "x = make()", "## Two", code))[1][0] == ["x"]


def test_a_value_with_the_name_of_a_builtin_passes_like_any_other():
    parts = split(
        *("## One", "sum = make()\nmax = [1]\ndef id(x):\n    return max"),
        *("## Two", "print(sum, id(1))"),
    )
    assert flow(parts)[1] == (["max", "sum"], [])
    assert parts[1].repeats == ("def id(x):\n    return max",)


@pytest.mark.parametrize(
    "code", ["def f(x):\n    return x", "[x for x in range(3)]", "f = lambda x: x", "import x"]
)
def test_a_name_of_its_own_is_no_value_of_another_part(code):
    assert flow(split("## One", "x = make()", "## Two", code))[1] == ([], [])


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *(("x = len(y)", "json"), ("x = round(float(y), 2)", "json")),
        *(("x = make()", "pkl"), ("import sklearn\nx = make()", "joblib")),
        # What is no number or string, or may be none.
        *(("x = y.round(2)", "pkl"), ("x = y.sum()", "pkl"), ("x = sum(y)", "pkl")),
        *(("x = int(y)\nx += y", "pkl"), ("x = len(y)\nx, z = y", "pkl")),
        ("x = len(y)\nfor x in y:\n    pass", "pkl"),
        ("import pandas as pd\nx = pd.read_csv(y, chunksize=9)", "pkl"),
    ],
)
def test_values_pass_by_files_of_a_fitting_kind(code, kind):
    parts = split("## One", f"y = make()\n{code}", "## Two", "print(x)")
    assert parts[1].takes["x"].endswith(f".{kind}")


@pytest.mark.parametrize(
    ("given", "use"),
    [
        ("x = default_rng(1)", "y = x.normal()"),
        ("x = default_rng(1)", "y = make(random_state=x)"),
        ("x = iter([1, 2])", "y = next(x)"),
        ("x = [1, 2]", "y = x.pop()"),
        ("x = [1]\ndef f():\n    x.append(2)", "y = f()"),
        ("x = [1]\ndef f(a):\n    a.append(2)", "y = f(x)"),
        ("x = [1]\ndef g(a):\n    a[0] = 3\ndef f(a):\n    return g(a)", "y = f(x)"),
    ],
)
def test_a_value_that_is_used_up_passes_from_the_part_that_used_it_last(given, use):
    parts = split("## One", given, "## Two", use, "## Three", "print(x)")
    assert "/x_2." in parts[2].takes["x"]


def test_a_value_that_is_read_alone_passes_from_the_part_that_made_it():
    parts = split("## One", "x = make()", "## Two", "y = x.mean()\nx.shape", "## Three", "print(x)")
    assert "/x_1." in parts[2].takes["x"]


@pytest.mark.parametrize(
    "setting",
    [
        "a.set_option('display.width', 60)",
        "a.options.display.width = 60",
        "a.rcParams['lines.linewidth'] = 3",
        "a.rcParams.update({'lines.linewidth': 3})",
        "a.style.use('ggplot')",
        "a.filterwarnings('ignore')",
        "a.path.append('lib')",
    ],
)
def test_what_sets_up_a_module_is_repeated(setting):
    parts = split("## One", f"import a\n{setting}\na.plot()", "## Two", "print(1)")
    assert parts[1].repeats == ("import a", setting)


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import a\nexcept ImportError:\n    import b as a",
        "a = {'double': lambda x: 2 * x}",
        "from a import *",
    ],
)
def test_what_no_file_can_hold_is_repeated(code):
    assert split("## One", code, "## Two", "print(a)")[1].repeats == (code,)


@pytest.mark.parametrize(
    ("seed", "name"),
    [
        ("import random\nrandom.seed(1)", "state of random"),
        ("import numpy as np\nnp.random.seed(1)", "state of numpy.random"),
        ("import torch\ntorch.manual_seed(1)", "state of torch"),
    ],
)
def test_the_state_of_a_generator_passes_through_the_parts_that_draw(seed, name):
    draw = "random.shuffle(x)"
    parts = split("## One", seed, "## Two", draw, "## Three", "print(1)", "## Four", draw)
    assert [name in part.takes for part in parts] == [False, True, False, True]
    assert "_2." in parts[3].takes[name]


def test_a_part_that_sets_its_own_seed_takes_no_state():
    seeds = "import random\nrandom.seed(1)\nrandom.random()"
    assert flow(split("## One", seeds, "## Two", seeds)) == [([], []), ([], [])]


def test_names_of_a_magic_count():
    assert flow(split("## One", "x = make()", "## Two", "%timeit f(x)"))[1][0] == ["x"]


@pytest.mark.parametrize(
    ("again", "parts", "is_same"),
    [
        ("a 1 c", "a 1 c", True),
        ("a 2 c", "a 3 c", True),
        ("a 2 c", "a 3 d", False),
        ("a 1 c", "a 3 c", False),
        ("a 1 c", "a 1 c d", False),
        ("a 1 c", "a c", False),
    ],
)
def test_lines_that_vary_by_themselves_may_be_others(again, parts, is_same):
    assert compare_lines(["a", "1", "c"], again.split(), parts.split()).same == is_same


def test_headings_of_the_first_level_that_occurs_twice_count():
    assert [part.title for part in split("## A", "1", "## B\n### C", "2")] == ["A", "B"]


def test_a_notebook_without_headings_cannot_be_split():
    with pytest.raises(NotebookError):
        plan_split(nb("1 + 1"), ())


LONG = [
    TITLE,
    "from collections import Counter\nSIZE = 20",
    ("markdown", "## Load"),
    (
        "class Item:\n    def __init__(self, n):\n        self.n = n\n"
        "    def twice(self):\n        return scale(self.n)\n"
        "def scale(n):\n    return n * FACTOR\nFACTOR = 2\n"
        "items = [Item(n) for n in range(SIZE)]\nprint(len(items))"
    ),
    ("markdown", "## Model"),
    (
        "total = sum(each.twice() for each in items)\nitems.append(Item(99))\n"
        "counts = Counter(each.n % 3 for each in items)\nprint(total)"
    ),
    ("markdown", "## Report"),
    (
        "with open('../report.txt', 'w') as file:\n"
        "    file.write(f'{total} {len(items)} {sorted(counts.items())}')\nprint(items[-1].twice())"
    ),
]


def put(cells):
    Path("notebooks").mkdir()
    Path("notebooks/long.ipynb").write_text(json.dumps(nb_fields(*cells), indent=1))


def test_the_parts_are_steps_and_give_the_same_results(capsys):
    put(LONG)
    before = Path("notebooks/long.ipynb").read_bytes()
    assert main(["split", "notebooks/long.ipynb"]) == 0
    assert len(list(Path("notebooks").iterdir())) == 1
    assert main(["split", "notebooks/long.ipynb", "--prove", "--write"]) == 0
    shown = capsys.readouterr().out
    document = (Path(__file__).parents[1] / "docs/adopt.md").read_text(encoding="utf-8")
    assert "".join(shown.splitlines(keepends=True)[:3]) in document
    assert "what is shown  3 lines" in shown
    assert "report.txt     bytes" in shown
    parts = sorted(Path("notebooks").glob("long_*.ipynb"))
    assert [path.stem for path in parts] == ["long_1_load", "long_2_model", "long_3_report"]
    assert all(read_step(read_notebook(str(path))) for path in parts)
    assert Path("notebooks/long.ipynb").read_bytes() == before


def test_a_proof_fails_where_hidden_state_is_lost(capsys):
    counts = "def count():\n    count.n = getattr(count, 'n', 0) + 1\n    return count.n"
    put([TITLE, ("markdown", "## A"), f"{counts}\ncount()", ("markdown", "## B"), "count()"])
    assert main(["split", "notebooks/long.ipynb", "--prove", "--write"]) == 1
    assert "NO: text differs: 2 became 1" in capsys.readouterr().out
    assert len(list(Path("notebooks").iterdir())) == 1


def test_a_notebook_that_fails_proves_nothing(capsys):
    put([TITLE, ("markdown", "## A"), "x = [1]", ("markdown", "## B"), "print(x)\n1 / 0"])
    assert main(["split", "notebooks/long.ipynb", "--prove", "--write"]) == 1
    assert "NO: the notebook fails: ZeroDivisionError" in capsys.readouterr().out


def test_a_part_without_a_result_is_a_step_too():
    put(
        [
            TITLE,
            ("markdown", "## A"),
            "x = [1]",
            ("markdown", "## B"),
            "print(x)",
            ("markdown", "## C"),
        ]
    )
    assert main(["split", "notebooks/long.ipynb", "--prove", "--write"]) == 0
    parts = sorted(Path("notebooks").glob("long_*.ipynb"))
    assert [path.stem for path in parts] == ["long_1_a", "long_2_b"]
    assert all(read_step(read_notebook(str(path))) for path in parts)


@pytest.mark.parametrize(
    ("given", "use"),
    [
        ("x = [1]\ny = x", "x.append(2)"),
        ("x = {'a': [1]}\ny = x['a']", "y.append(2)"),
        ("x = [1]\ny = {'a': x}", "x.append(2)"),
        ("x = [1]\ny = []\ny.append(x)", "x.append(2)"),
        ("x = [1]\ny = Holder(x)", "y.update()"),
        ("x, y = make()", "y.draw()"),
        ("y = [[1]]\nfor x in y:\n    pass", "x.append(2)"),
        ("x = [1]\ny = x", "assert x is y"),
    ],
)
def test_names_of_one_object_pass_in_one_file_where_a_later_part_can_tell(given, use):
    parts = split("## One", given, "## Two", use, "## Three", "print(x, y)")
    assert parts[1].takes["x"] == parts[1].takes["y"]
    assert parts[2].takes["x"] == parts[2].takes["y"]
    assert parts[2].takes["x"].endswith(".pickle")


@pytest.mark.parametrize(
    ("given", "use"),
    [
        ("x = [1]\ny = x", "print(len(x))"),
        ("x = [1]\ny = x.copy()", "x.append(2)"),
        ("x = [1]\ny = sum(x)", "x.append(2)"),
        ("x, y = train_test_split(make())", "x.append(2)"),
        ("x, y = [1], [2]", "x.append(2)"),
        ("x = [1]\ny = x\nx.append(2)", "print(x is None)"),
    ],
)
def test_other_names_pass_one_by_one(given, use):
    parts = split("## One", given, "## Two", use, "## Three", "print(x, y)")
    assert parts[2].takes["x"] != parts[2].takes["y"]


def test_a_part_that_makes_an_alias_hands_on_both():
    parts = split("## One", "x = [1]", "## Two", "y = x", "## Three", "y.append(2)\nprint(x)")
    assert flow(parts) == [([], ["x"]), (["x"], ["x", "y"]), (["x", "y"], [])]
    assert len(set(parts[2].takes.values())) == 1


def test_a_change_by_another_name_reaches_the_part_that_reads_it():
    parts = split(
        *("## One", "x = [1]\ny = x"),
        *("## Two", "y.append(2)"),
        *("## Three", "x.append(3)"),
        *("## Four", "print(x, y)"),
    )
    assert flow(parts)[1:] == [
        (["x", "y"], ["x", "y"]),
        (["x", "y"], ["x", "y"]),
        (["x", "y"], []),
    ]


@pytest.mark.parametrize("view", ["m[0]", "m.T", "m.reshape(4)", "m[1:, 0]"])
def test_a_view_of_an_array_that_a_later_part_changes_is_refused(view):
    cells = ["## One", f"import numpy as np\nm = np.zeros((2, 2))\n\nv = {view}", "## Two"]
    with pytest.raises(NotebookError) as caught:
        split(*cells, "v[0] = 1", "## Three", "print(m)")
    assert str(caught.value).startswith("notebooks/a.ipynb, cell 3, line 4: 'm' and 'v' share")
    assert len(split(*cells, "print(v, m)")) == 2
    assert len(split("## One", f"{cells[1]}.copy()", "## Two", "v[0] = 1\nprint(m)")) == 2


def test_a_proof_holds_where_two_names_are_one_object(capsys):
    cells = [
        "# Whole",
        "## One",
        "import collections\nrows = [1]\nsame = rows\nindex = {'all': rows, 'size': 1}",
        "## Two",
        "same.append(2)\nindex['all'].append(3)\nother = index",
        "## Three",
        "other['size'] = len(rows)\nprint(rows, same, index, rows is same is index['all'])",
    ]
    made = [("markdown", cell) if cell.startswith("#") else cell for cell in cells]
    Path("long.ipynb").write_text(json.dumps(nb_fields(*made)))
    assert main(["split", "long.ipynb", "--prove", "--write"]) == 0
    assert "NO:" not in capsys.readouterr().out
    assert main(["split", "long.ipynb", "--prove"]) == 0
