"""Values reach the code unchanged: through rules and through DVC, whatever they hold."""

import contextlib
import json
import keyword
import shlex
import string
from pathlib import Path

import pytest
from builders import (
    declare,
    nb_fields,
    pipeline,
    planned_words,
    received,
    rule_words,
    run_script,
    spec_of,
    step,
)
from dvc.parsing.context import Context
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbsnake.compile.compile import compile_step
from nbsnake.errors import NbsnakeError
from nbsnake.model.paramtype import KINDS, ParamType
from nbsnake.notebook.read import parse_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.render.script import render_script
from nbsnake.render.stage import _quoted, command, takes_values_file
from nbsnake.render.values import OPTION, STDIN, to_json, values_path

FEW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# YAML carries no lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]))
# fmt: off
HOSTILE = [
    "", " ", "-", "-x", "--", "--x", "--x=1", "-1", "$(x)", "`x`", "${a}", "\\${a}", "'", '"', "%",
    "true", "null", "None", "[]", "{}", "a=b", "@file", "~", "*", "\\", "é✓😀", "{x}", "--other",
    "1e5", "a#b", ";", "&", "|", ">", "!x", "$HOME", "a b", "a\nb", "\n", "a\r\nb", "a\x0cb\x1c",
    "\u2028", "\0", "--x0", "--x1=2", "--values-from", "--values-from=-", "\\\n", "${a", "a\\",
    "y" * 100_000,
]
# fmt: on
hostile = st.sampled_from(HOSTILE)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | hostile | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
SCALARS = {
    "str": hostile | texts,
    "int": st.integers(),
    "float": FLOATS | st.integers(-(2**53), 2**53),
    "bool": st.booleans(),
    "Path": hostile | texts,
    "dict": st.dictionaries(hostile | texts, JSON, max_size=3),
    "number": FLOATS | st.integers(),
    "json": JSON,
}
WORDS = st.text(string.ascii_letters + " '%{}$-é", max_size=5)


@st.composite
def types(draw):
    kind = draw(st.sampled_from(KINDS))
    if draw(st.integers(0, 9)) == 0:
        choices = draw(st.lists(st.integers() if draw(st.booleans()) else WORDS, min_size=1))
        kind = type(choices[0]).__name__
        return ParamType(kind, optional=draw(st.booleans()), choices=tuple(choices))
    if draw(st.integers(0, 4)) == 0:
        kind = draw(st.sampled_from(["number", "json"]))
        return ParamType(kind, is_list=kind == "json" or draw(st.booleans()))
    is_list = kind != "dict" and draw(st.booleans())
    return ParamType(kind, is_list, optional=draw(st.integers(0, 4)) == 0)


def values_of(kind):
    values = st.sampled_from(kind.choices) if kind.choices else SCALARS[kind.kind]
    values = st.lists(values, max_size=4) if kind.is_list else values
    return values | st.none() if kind.optional else values


@st.composite
def bindings(draw):
    """Parameters of every type with their values; ``x0``, ``x1``..."""
    kinds = draw(st.lists(types(), min_size=1, max_size=5))
    return {f"x{number}": (kind, draw(values_of(kind))) for number, kind in enumerate(kinds)}


def step_of(bound, literals=()):
    """A step with these values in params.yaml; those of ``literals`` are in its cell instead."""
    fields = [f":param {kind} {name}: text" for name, (kind, _) in bound.items()]
    body = "".join(f"{name} = {bound[name][1]!r}\n" for name in literals)
    values = {name: value for name, (_, value) in bound.items() if name not in literals}
    return step(declare(*fields, ":dvc-out: data/out.txt", body=body), params=values)


def expected(kind, value):
    """What the script makes of a value."""
    if isinstance(value, list) and kind.is_list:
        return [expected(ParamType(kind.kind), each) for each in value]
    if value is None or kind.kind not in ("float", "Path"):
        return value
    return float(value) if kind.kind == "float" else Path(value)


def assert_received(found, bound):
    assert set(found) == set(bound)
    for name, each in bound.items():
        # As text too, for 1 is not True, and a path is not its text.
        assert found[name] == expected(*each)
        if each[0].kind != "dict":
            assert repr(found[name]) == repr(expected(*each))


def through_dvc(made, bound):
    """The words that DVC gives to the script; a file is used for what comes through the pipe."""
    values = {name: value for name, (_, value) in bound.items()}
    words = shlex.split(Context({made.name: values}).resolve_str(command(made), key="cmd"))
    if takes_values_file(made):
        assert words[:4] == ["nbsnake", "params", made.name, "|"]
        assert words.pop() == STDIN
        words = [*words[4:], f"{OPTION}={values_path(made.name, values)}"]
    assert words[:2] == ["python", made.script]
    return words[2:]


def written(made, bound):
    """Write the file of values that a step's rule would write, where it needs one."""
    values = {name: value for name, (_, value) in bound.items()}
    if made.config and takes_values_file(made):
        path = Path(values_path(made.name, values))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(values), encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def _elsewhere(tmp_path_factory):
    with contextlib.chdir(tmp_path_factory.mktemp("values")):
        yield


TOLD = ["-x", "--x0", "--", "a\nb", "\\${a}", "y" * 100_000]


@FEW
@example({"x0": (ParamType("str", is_list=True), TOLD), "x1": (ParamType("int"), 1)})
@example({"x0": (ParamType("bool", optional=True), None), "x1": (ParamType("bool"), True)})
@given(bindings())
def test_values_of_params_file_reach_the_script_through_rule_and_dvc(bound):
    made = step_of(bound)
    written(made, bound)
    assert_received(received(made, *rule_words(made, pipeline(made))[2:]), bound)
    assert_received(received(made, *through_dvc(made, bound)), bound)


@pytest.mark.parametrize("value", HOSTILE, ids=[repr(text)[:20] for text in HOSTILE])
@pytest.mark.parametrize("kind", ["str", "Path", "list[str]", "str | None"])
def test_every_hostile_text_reaches_the_script(kind, value):
    made = step(
        declare(f":param {kind} x:", ":param list[str] names:", ":dvc-out: o"),
        params={"x": [value] if kind == "list[str]" else value, "names": ["--x", value]},
    )
    bound = {arg.name: (arg.type, arg.value) for arg in made.config}
    written(made, bound)
    assert_received(received(made, *rule_words(made, pipeline(made))[2:]), bound)
    assert_received(received(made, *through_dvc(made, bound)), bound)


def as_literal(kind, value):
    """The value as an author writes it: in Python, an int is no float."""
    if isinstance(value, list) and kind.is_list:
        return [as_literal(ParamType(kind.kind), each) for each in value]
    return float(value) if kind.kind == "float" and value is not None else value


@FEW
@given(bindings(), st.data())
def test_literals_reach_the_script_through_stage_rule_and_default(bound, data):
    bound = {name: (kind, as_literal(kind, value)) for name, (kind, value) in bound.items()}
    made = step_of(bound, literals=list(bound))
    assert_received(received(made, *through_dvc(made, {})), bound)
    assert_received(received(made, *rule_words(made, pipeline(made))[2:]), bound)
    assert_received(received(made), bound)


@FEW
@given(bindings(), st.data())
def test_literals_and_values_of_params_file_reach_the_script_together(bound, data):
    bound = {name: (kind, as_literal(kind, value)) for name, (kind, value) in bound.items()}
    literals = data.draw(st.sets(st.sampled_from(list(bound))))
    made = step_of(bound, literals)
    config = {name: each for name, each in bound.items() if name not in literals}
    written(made, config)
    assert_received(received(made, *through_dvc(made, config)), bound)
    assert_received(received(made, *rule_words(made, pipeline(made))[2:]), bound)


@FEW
@given(bindings(), st.data())
def test_plan_derives_the_words_of_the_rule_from_the_stage(bound, data):
    literals = data.draw(st.sets(st.sampled_from(list(bound))))
    made = step_of(bound, literals)
    line = pipeline(made)
    assert sorted(planned_words(made, line)) == sorted(rule_words(made, line))


@FEW
@given(bindings())
def test_command_is_short_and_of_one_line(bound):
    made = step_of(bound)
    filled = Context({made.name: {n: v for n, (_, v) in bound.items()}}) if made.config else None
    text = command(made) if takes_values_file(made) else filled.resolve_str(command(made))
    assert len(text.splitlines()) == 1
    assert len(text) < 100_000
    assert "\0" not in text


def test_very_many_values_of_params_file_go_through_a_file():
    values = {f"x{number}": "y" * 1000 for number in range(50)}
    made = step(declare(*(f":param str {name}:" for name in values), ":dvc-out: o"), params=values)
    assert takes_values_file(made)


def test_values_with_a_file_come_from_standard_input_too(tmp_path):
    made = step(
        declare(":param str x:", ":param int | None y:", ":param list[str] z:", ":dvc-out: o"),
        "print([x, y, z])",
        params={"x": "a\nb", "y": None, "z": ["--x"]},
    )
    text = to_json({arg.name: arg.value for arg in made.config})
    done = run_script(made, tmp_path, STDIN, input=text)
    assert (done.stdout, done.stderr) == ("['a\\nb', None, ['--x']]\n", "")


def test_file_of_values_is_named_after_them_in_any_order():
    one = values_path("a", {"x": 1, "y": {"a": 1, "b": 2}})
    assert one == values_path("a", {"y": {"b": 2, "a": 1}, "x": 1})
    assert one != values_path("a", {"x": 2, "y": {"a": 1, "b": 2}})
    assert one != values_path("b", {"x": 1, "y": {"a": 1, "b": 2}})


@FEW
@given(hostile | texts, st.booleans())
def test_quoted_word_reads_back_after_template_and_shell(word, with_another):
    template = f"{_quoted(word)} ${{a}}" if with_another else _quoted(word)
    words = shlex.split(Context({"a": "filled in"}).resolve_str(template))
    assert words == [word, *(["filled", "in"] if with_another else [])]


@pytest.mark.parametrize("spelling", ["--x_y=-5", "--x-y=-5", "--x_y -5", "--x-y -5"])
def test_script_takes_every_spelling(spelling):
    made = step(declare(":param int x_y:", ":dvc-out: o"), params={"x_y": 1})
    assert received(made, *spelling.split()) == {"x_y": -5}


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
    assert received(made, *words.split()) == {"x": value}


@pytest.mark.parametrize(
    "words",
    [[], ["--n=x"], ["--n"], ["--n=1", "--m=1"], ["--n=1", "extra"], ["--n=1.5"]],
    ids=" ".join,
)
def test_script_refuses_what_it_does_not_know(words, capsys):
    made = step(declare(":param int n:", ":dvc-out: o"), params={"n": 1})
    with pytest.raises(SystemExit) as raised:
        received(made, *words)
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
def test_damaged_notebook_is_reported_as_such(fields):
    with contextlib.suppress(NbsnakeError):
        spec = read_step(parse_notebook(json.dumps(fields).encode(), "notebooks/a.ipynb"))
        if spec:
            compile_step(spec, {})


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
            compile(render_script(compile_step(spec, {})), "script.py", "exec", dont_inherit=True)


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
        made = compile_step(spec, {spec.name: values})
        assert received(made, *(f"--{name}=5" for name in values)) == values
