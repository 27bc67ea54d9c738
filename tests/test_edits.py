"""Another plain value in params.yaml makes no other files; what may make others is looked at."""

import pytest
from builders import declare, nb_bytes

from nbsnake.errors import NbsnakeError
from nbsnake.generate import edits
from nbsnake.generate.edits import VALUES_FILE
from nbsnake.generate.generate import find_changes, generate
from nbsnake.generate.unchanged import is_unchanged
from nbsnake.settings.settings import read_params

PARAMS = """\
train: {rate: 0.5, rounds: 3, few: 1, word: a, deep: {x: 1}, flag: true, many: [1, 2]}
other: {free: 7}
shared: 4
sweep: {seeds: [1, 2]}
# a comment
"""
TRAIN = [
    *(":param float rate: r", ":param int rounds: r", ":param Literal[1,2] few: f"),
    *(":param word: w", ":param dict deep: d", ":param bool flag: f", ":param list[int] many: m"),
    ":dvc-out: out.txt",
]
OTHER = [":foreach seed: sweep.seeds", ":param free: f", ":param shared: s"]
LONG = "x" * 25_000


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "notebooks/train.ipynb").write_bytes(nb_bytes(declare(*TRAIN)))
    (tmp_path / "notebooks/other.ipynb").write_bytes(
        nb_bytes(declare(*OTHER, ":dvc-out: other-{seed}.txt"))
    )
    generate()
    assert is_unchanged()
    return tmp_path


def edit(project, old, new):
    text = (project / "params.yaml").read_text()
    assert text.count(old) == 1
    (project / "params.yaml").write_text(text.replace(old, new))


def full_way():
    try:
        return find_changes()
    except NbsnakeError as error:
        return error


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("rate: 0.5", "rate: 1e-5"), ("rate: 0.5", "rate: 20000000.25"), ("few: 1", "few: 2")),
        *(("rounds: 3", "rounds: 123456789012345678901"), ("free: 7", "free: 8")),
        *(("rounds: 3", "rounds: -3"), ("rounds: 3", "rounds: 0"), ("rate: 0.5", "rate: -0.25")),
        *(("word: a", "word: b"), ("word: a", "word: 'ü #b'"), ("flag: true", "flag: false")),
        *(("shared: 4", "shared: 5"), ("deep: {x: 1}", "deep: {x: 2}"), ("# a comment", "")),
    ],
)
def test_other_values_are_followed_without_generating(project, old, new):
    edit(project, old, new)
    assert is_unchanged()
    assert full_way() == []
    edit(project, new, old) if new else None
    assert is_unchanged()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("few: 1", "few: 3"), ("rate: 0.5", "rate: 1"), ("rounds: 3", "rounds: 3.0")),
        *(("rate: 0.5", "rate: -1e-5"), ("rate: 0.5", "rate: .inf"), ("rounds: 3", "rounds: x")),
        *(("word: a", "word: -b"), ("word: a", "word: ''"), ("word: a", 'word: "b\\nc"')),
        *(("word: a", "word: ${b}"), ("word: a", "word: 1"), ("word: a", "word: 2024-01-01")),
        *(("rounds: 3", "rounds: null"), ("rounds: 3", "rounds: true"), ("free: 7", "free: 7.5")),
        *(("many: [1, 2]", "many: [1, 3]"), ("seeds: [1, 2]", "seeds: [1, 3]")),
        *(("seeds: [1, 2]", "seeds: [1, 2, 3]"), ("few: 1, ", ""), ("few: 1", "few: 1, new: 1")),
        *(("rate: 0.5, rounds: 3", "rounds: 3, rate: 0.5"), ("shared: 4", "shared: 4\nmore: 1")),
        *(
            ("deep: {x: 1}", "deep: {y: 1}"),
            ("train: {", "train: {{"),
        ),
    ],
)
def test_all_other_edits_are_looked_at(project, old, new):
    edit(project, old, new)
    assert not is_unchanged()


def test_a_number_that_fills_a_command_is_looked_at(project):
    edit(project, "word: a", f"word: {LONG}")
    generate()
    edit(project, "rounds: 3", "rounds: 4")
    assert not is_unchanged()


def test_an_edit_beside_other_changes_is_looked_at(project):
    edit(project, "rounds: 3", "rounds: 4")
    with (project / "dvc.yaml").open("a") as file:
        file.write("# more\n")
    assert not is_unchanged()


def test_values_of_another_file_than_the_noted_one_are_not_compared(project):
    text = (project / VALUES_FILE).read_text()
    edit(project, "rounds: 3", "rounds: 4")
    assert is_unchanged()
    (project / VALUES_FILE).write_text(text)
    edit(project, "rounds: 4", "rounds: 5")
    assert not is_unchanged()


def test_a_file_that_changes_while_it_is_read_is_looked_at_again(project, monkeypatch):
    def changed_meanwhile():
        values = read_params()
        edit(project, "word: a", "word: b")
        return values

    edit(project, "rounds: 3", "rounds: 4")
    monkeypatch.setattr(edits, "read_params", changed_meanwhile)
    assert not is_unchanged()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"content": 1}', "null"])
def test_broken_notes_are_none(project, text):
    (project / VALUES_FILE).write_text(text)
    edit(project, "rounds: 3", "rounds: 4")
    assert not is_unchanged()


# Values of all kinds as YAML, with the ways in which YAML 1.1 and 1.2 and quotes differ.
SNIPPETS = (
    *("1", "0", "-1", "-0", "1.5", "-1.5", "1e-7", "-1e-7", "1e3", ".5", "-.5", "0o17", "017"),
    *("0x1f", "1_000", "12345678901234567890", ".nan", "-.inf", "true", "True", "false", "yes"),
    *("no", "on", "null", "~", "''", "a", "b", "'a'", '"b"', "'1'", "'true'", "'null'", "a b"),
    *("'-'", "'--'", "'-x'", "'--x=1'", "a-b", "a=b", "'a: b'", "'# a'", "it's", "'\\'", "$HOME"),
    *("'${a}'", "'\\${a}'", "'{a}'", "'{{a}}'", "'*'", "a/b.csv", "../a", "/a", "~/a", "é", "中"),
    *(
        '"\\u2028"',
        '"\\t"',
        '"a\\nb"',
        '"\\0"',
        '"\\ud800"',
        "2024-01-01",
        "12:30:00",
        "<<",
        "!!str 1",
    ),
    *(
        "[]",
        "[1]",
        "[a, b]",
        "{}",
        "{x: 2}",
        "{x: b}",
        "{x: {y: 1}}",
        "|\n    a\n    b",
        "x" * 2001,
    ),
)
KINDS = (
    *("str word", "Path place", "Literal['a','b'] one", "bool flag", "int count", "float rate"),
    *("free", "dict map", "list[str] many", "Optional[str] maybe"),
)
FIRST = {
    "word": "a",
    "place": "a/b.csv",
    "one": "a",
    "flag": "true",
    "count": "1",
    "rate": "0.5",
    "free": "a",
    "map": "{x: a}",
    "many": "[a, b]",
    "maybe": "a",
}


def section(values):
    return "\n".join(["own:", *(f"  {name}: {value}" for name, value in values.items()), ""])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_followed_without_generating_makes_no_other_files(project, kind):
    name = kind.split(" ")[-1]
    keys = [f":param {kind}: x", ":dvc-out: own.txt"]
    (project / "notebooks/train.ipynb").unlink()
    (project / "notebooks/other.ipynb").unlink()
    (project / "notebooks/own.ipynb").write_bytes(nb_bytes(declare(*keys)))
    first, params = section({name: FIRST[name]}), project / "params.yaml"
    params.write_text(first)
    generate()
    followed = 0
    for snippet in SNIPPETS:
        params.write_text(section({name: snippet}))
        if is_unchanged():
            followed += 1
            assert full_way() == [], snippet
        params.write_text(first)
        assert is_unchanged()
    assert followed
