"""Values reach the code unchanged: through rules and through DVC, whatever they hold."""

import ast
import contextlib
import json
import keyword
import shlex
from unittest import mock

import pytest
from builders import declare, nb_fields, spec_of, step
from dvc.parsing.context import Context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbsnake.compile import compile_step
from nbsnake.errors import NbsnakeError
from nbsnake.notebook import parse_notebook
from nbsnake.paramtype import KINDS, ParamType, text_of
from nbsnake.render.script import render_script
from nbsnake.render.stage import _quoted, command, rule_argv
from nbsnake.spec import read_spec

FEW = settings(max_examples=100)
# Neither a process's arguments nor YAML carry the null byte and lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(
    lambda text: text != "--"
)
# fmt: off
HOSTILE = [
    "", " ", "-", "-x", "--x", "--x=1", "-1", "$(x)", "`x`", "${a}", "\\${a}", "'", '"', "%",
    "true", "null", "[]", "{}", "a=b", "@file", "~", "*", "\\", "é✓😀", "{x}", "--other", "1e5",
    "a#b", ";", "&", "|", ">", "!x", "$HOME", "a b",
]
# fmt: on
hostile = st.sampled_from(HOSTILE)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = {
    "str": hostile | texts,
    "int": st.integers(),
    "float": FLOATS | st.integers(-(2**53), 2**53),
    "bool": st.booleans(),
}


@st.composite
def bindings(draw):
    """Parameters of every kind with their values; ``x0``, ``x1``..."""
    made = {}
    for number in range(draw(st.integers(1, 5))):
        kind = ParamType(draw(st.sampled_from(KINDS)), draw(st.booleans()))
        values = SCALARS[kind.kind]
        made[f"x{number}"] = kind, draw(st.lists(values, max_size=4) if kind.is_list else values)
    return made


def step_of(bound, literals=None):
    """A step with these values in params.yaml; ``literals`` are in its cell instead.

    Flags have a default, which DVC's form of the command resets.
    """
    literals = literals or {}
    flags = {name for name, (kind, _) in bound.items() if kind == ParamType("bool")}
    fields = [f":param {kind} {name}: text" for name, (kind, _) in bound.items()]
    assigned = {**dict.fromkeys(flags, True), **literals}
    body = "".join(f"{name} = {value!r}\n" for name, value in assigned.items())
    spec = spec_of(declare(*fields, ":dvc-out: data/out.txt", body=body))
    values = {name: value for name, (_, value) in bound.items() if name not in literals}
    return compile_step(spec, values)


def received(made, words):
    """The parameters as the script's own function reads them from the command line."""
    tree = ast.parse(render_script(made))
    functions = [node for node in tree.body if getattr(node, "name", "") == "_parse_args"]
    names = {}
    exec(compile(ast.Module(functions, []), "script.py", "exec"), names)
    with mock.patch("sys.argv", ["script.py", *words]):
        return vars(names["_parse_args"]())


def assert_received(found, bound):
    assert set(found) == set(bound)
    for name, (kind, value) in bound.items():
        if kind.kind == "float":
            value = [float(each) for each in value] if kind.is_list else float(value)
        assert found[name] == value
        assert type(found[name]) is type(value)
        if kind.is_list:
            assert [type(each) for each in found[name]] == [type(each) for each in value]


@FEW
@given(bindings())
def test_values_reach_the_script_through_the_rule(bound):
    words = [f"--{name}={text_of(value)}" for name, (_, value) in bound.items()]
    assert_received(received(step_of(bound), words), bound)


def through_dvc(made, bound):
    values = {made.name: {name: value for name, (_, value) in bound.items()}}
    words = shlex.split(Context(values).resolve_str(command(made), key="cmd"))
    assert words[:2] == ["python", made.script]
    return words[2:]


def is_known_limit(bound):
    """What DVC's form cannot carry.

    An item that spells an option of the script ends its list, and DVC reads ``\\${`` as ``${``.
    """
    options = {f"--{name}" for name in bound}
    items = [each for kind, value in bound.values() if kind.is_list for each in value]
    if "\\\\${" in json.dumps([value for _, value in bound.values()]):
        return True
    return any(isinstance(each, str) and each.partition("=")[0] in options for each in items)


@FEW
@given(bindings())
def test_values_reach_the_script_through_dvc(bound):
    if not is_known_limit(bound):
        made = step_of(bound)
        assert_received(received(made, through_dvc(made, bound)), bound)


def as_literal(kind, value):
    if kind.kind != "float":
        return value
    return [float(each) for each in value] if kind.is_list else float(value)


@FEW
@given(bindings())
def test_literals_reach_the_script_through_stage_rule_and_default(bound):
    literals = {name: as_literal(*each) for name, each in bound.items()}
    made = step_of(bound, literals)
    assert_received(received(made, through_dvc(made, {})), bound)
    assert_received(received(made, rule_argv(command(made), made.name, {})[2:]), bound)
    assert_received(received(made, []), bound)


@FEW
@given(bindings())
def test_words_of_the_rule_come_from_the_stage(bound):
    made = step_of(bound)
    values = {f"{made.name}.{name}": value for name, (_, value) in bound.items()}
    expected = [f"--{name}={text_of(value)}" for name, (_, value) in bound.items()]
    found = rule_argv(command(made), made.name, values)
    assert sorted(found) == sorted(["python", made.script, *expected])


@FEW
@given(hostile | texts, st.booleans())
def test_quoted_word_reads_back_after_template_and_shell(word, with_another):
    template = f"{_quoted(word)} ${{a}}" if with_another else _quoted(word)
    words = shlex.split(Context({"a": "filled in"}).resolve_str(template))
    assert words == [word, *(["filled", "in"] if with_another else [])]


@pytest.mark.parametrize("spelling", ["--x_y=-5", "--x-y=-5", "--x_y -5", "--x-y -5"])
def test_script_takes_every_spelling(spelling):
    made = step(declare(":param int x_y:", ":dvc-out: o"), params={"x_y": 1})
    assert received(made, spelling.split()) == {"x_y": -5}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("--x", True),
        ("--no-x", False),
        ("--x=false", False),
        ("--no-x --x", True),
    ],
)
def test_script_takes_flags(words, value):
    made = step(declare(":param bool x:", ":dvc-out: o", body="x = True"), params={"x": False})
    assert received(made, words.split()) == {"x": value}


@pytest.mark.parametrize(
    "words",
    [[], ["--n=x"], ["--n"], ["--n=1", "--m=1"], ["--n=1", "extra"], ["--n=1.5"]],
    ids=" ".join,
)
def test_script_refuses_what_it_does_not_know(words, capsys):
    made = step(declare(":param int n:", ":dvc-out: o"), params={"n": 1})
    with pytest.raises(SystemExit) as raised:
        received(made, words)
    assert raised.value.code == 2
    assert "usage" in capsys.readouterr().err


SOURCE = declare(
    ":param float rate: how fast",
    ":param list[str] names:",
    ":dvc-in: data/in.csv",
    ":dvc-out: data/out.csv",
    ":dvc-extra: --rate 3",
    body="rate = 0.5\nnames = ['a']\n",
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutated(draw):
    """A notebook's fields with up to three places replaced or removed."""
    fields = nb_fields(("markdown", "# A"), SOURCE, "x = 1")
    for _ in range(draw(st.integers(1, 3))):
        place = fields
        for _ in range(draw(st.integers(0, 4))):
            keys = list(range(len(place))) if isinstance(place, list) else list(place)
            inner = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
            if not inner:
                break
            place = place[draw(st.sampled_from(inner))]
        keys = list(range(len(place))) if isinstance(place, list) else list(place)
        if keys and draw(st.booleans()):
            place[draw(st.sampled_from(keys))] = draw(JUNK)
        elif keys:
            del place[draw(st.sampled_from(keys))]
    return fields


@settings(max_examples=300)
@given(mutated())
def test_damaged_notebook_is_told_as_such(fields):
    with contextlib.suppress(NbsnakeError):
        spec = read_spec(parse_notebook(json.dumps(fields).encode(), "notebooks/a.ipynb"))
        if spec:
            compile_step(spec, None)


@settings(max_examples=100)
@given(st.binary())
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(NbsnakeError):
        parse_notebook(data, "notebooks/a.ipynb")


# fmt: off
LINES = st.sampled_from([
    *SOURCE.split("\n"), ":param", ":param x:", ":param int x: y", ":dvc-in x: a", ":dvc-out: b",
    ":dvc-extra: '", "# No effect", "%magic", "!ls", "x = ", "def f(", "x = (", "\\", '"""', "'''",
    "rate", "rate: float = 1", "names = [", "]", "é = 'ü'; rate = 3", "rate = names = 2", "\x0c",
    "\t", "\0",
])
# fmt: on


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=12) | st.lists(LINES, max_size=5).map(lambda x: ['"""', *x, '"""']))
def test_any_metadata_cell_is_read_or_refused(lines):
    with contextlib.suppress(NbsnakeError):
        spec = spec_of("\n".join(lines), "x = 1")
        if spec:
            compile(render_script(compile_step(spec, None)), "script.py", "exec", dont_inherit=True)


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,3}", fullmatch=True) | st.sampled_from(
    ["sys", "json", "argparse", "parser", "single", "words", "self", "args", "dest", "rate", "é"]
)


@FEW
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_every_name_that_is_accepted_works(names):
    fields = [f":param int {name}:" for name in names if not keyword.iskeyword(name)]
    with contextlib.suppress(NbsnakeError):
        spec = spec_of(declare(*fields, ":dvc-out: data/out.txt"))
        values = {param.name: 5 for param in spec.params}
        made = compile_step(spec, values)
        assert received(made, [f"--{name}=5" for name in values]) == values
