"""A literal of a notebook reaches its script exactly, or is named as no parameter."""

import ast
import contextlib
import math
import shlex
from pathlib import Path

import pytest
from builders import declare, nb, pipeline, received, rule_words, spec_of
from dvc.parsing.context import Context
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbsnake.compile.bind import script_arguments
from nbsnake.compile.compile import compile_step
from nbsnake.errors import PipelineError
from nbsnake.model.literals import literal_of
from nbsnake.model.notes import About
from nbsnake.notebook.read_step import read_any
from nbsnake.render.stage import command, takes_values_file
from nbsnake.render.values import OPTION, STDIN, to_json, values_path
from nbsnake.settings.seeding import seeded
from nbsnake.settings.settings import fits_params, read_yaml

TAGS = {2: ["parameters"]}
OUT = declare(":dvc-out: out.txt")
FEW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["", "--x", "-1", "2024-01-01", "12:30", "no", "null", "1e5", "0x1f", "~", "a\nb", "${x}", "é"]
)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
hashable = plain | st.binary(max_size=3) | st.complex_numbers(allow_nan=False)
anything = st.recursive(
    hashable | st.just(...),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(hashable, max_size=3)
        | st.dictionaries(hashable, inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module", autouse=True)
def _elsewhere(tmp_path_factory):
    with contextlib.chdir(tmp_path_factory.mktemp("literals")):
        yield


def is_same(found, wanted):
    """As equal as can be: 1 is not 1.0, and 0.0 not -0.0."""
    if type(found) is not type(wanted):
        return False
    if isinstance(wanted, dict):
        pairs = zip(found.items(), wanted.items(), strict=True)
        return len(found) == len(wanted) and all(
            is_same(a, c) and is_same(b, d) for (a, b), (c, d) in pairs
        )
    if isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(is_same, found, wanted))
    if isinstance(wanted, set):
        return sorted(map(repr, found)) == sorted(map(repr, wanted))
    return repr(found) == repr(wanted)


def source_of(value):
    """The literal as an author writes it; repr has none for infinities."""
    return repr(value).replace("inf", "1e999")


def is_literal(source):
    with contextlib.suppress(ValueError, SyntaxError):
        ast.literal_eval(source)
        return True
    return False


@FEW
@example((1, 2))
@example([1, 2.5])
@example({1, "a"})
@example([{"units": 3}])
@example({"a": (1, 2)})
@example([[1, 2.0], []])
@example({1: "a"})
@example(b"x")
@example(...)
@example(set())
@example(())
@example([1, "a", None, True])
@given(anything)
def test_any_literal_is_a_parameter_or_named(value):
    source = source_of(value)
    if not is_literal(source):
        return
    spec = spec_of(OUT, f"x = {source}", tags=TAGS)
    params = {param.name for param in spec.params}
    named = [note.text for note in spec.notes if note.about is About.NO_PARAM]
    assert (params, named != []) in ((set(), True), ({"x"}, False))
    if params:
        made = compile_step(spec, {})
        assert is_same(received(made)["x"], value)
        words = rule_words(made, pipeline(made))[2:]
        assert is_same(received(made, *words)["x"], value)


@FEW
@example((1, 2))
@example([1, 2.5])
@example({2, 1})
@example([{"units": (3.0)}, [1, "1"]])
@example([1, 1.0, -0.0, 1e300, 2**70])
@given(anything)
def test_the_value_in_params_yaml_is_the_literal_too(value):
    source = source_of(value)
    literal = literal_of(value)
    if not is_literal(source) or literal.unfit or not fits_params(literal.value):
        return
    Path("params.yaml").write_text(seeded("", {"a": {"x": literal.value}}))
    params = read_yaml("params.yaml")
    made = compile_step(spec_of(OUT, f"x = {source}", tags=TAGS), params)
    values = params["a"]
    path = Path(values_path("a", values))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(values))
    assert is_same(received(made, *rule_words(made, pipeline(made))[2:])["x"], value)
    words = shlex.split(Context({"a": values}).resolve_str(command(made), key="cmd"))
    if takes_values_file(made):
        assert words.pop() == STDIN
        words = [*words[4:], f"{OPTION}={path}"]
    assert is_same(received(made, *words[2:])["x"], value)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x: list = [1, 2]", [1, 2]),
        ("x: list = ['a']", ["a"]),
        ("x: list = [1, 'a']", [1, "a"]),
        ("x: tuple = (1, 2)", (1, 2)),
        ("x: tuple[int, int] = (1, 2)", (1, 2)),
        ("x: Tuple[int, str] = (1, 'a')", (1, "a")),
        ("x: tuple[float, ...] = (1, 2.5)", (1, 2.5)),
        ("x: Sequence[int] = [1]", [1]),
        ("x: typing.Sequence[int] = (1,)", (1,)),
        ("x: Sequence = ('a',)", ("a",)),
        ("x: set[int] = {1, 2}", {1, 2}),
        ("x: list[list[int]] = [[1], [2, 3]]", [[1], [2, 3]]),
        ("x: list[dict] = [{'a': 1}]", [{"a": 1}]),
        ("x: list[int | None] = [1, None]", [1, None]),
        ("x: dict[str, int] = {'a': 1}", {"a": 1}),
        ("x: Mapping[str, list] = {'a': [1, 2.0]}", {"a": [1, 2.0]}),
        ("x: int | float = 3", 3),
        ("x: 'int | float' = 2.5", 2.5),
        ("x: Union[int, float, None] = None", None),
        ("x: float = 1", 1),
        ("x: float | None = 1", 1),
        ("x: list[float] = [1, 2.5]", [1, 2.5]),
        ("x: Annotated[int, 'how many'] = 3", 3),
        ("x: Any = [1, 'a']", [1, "a"]),
        ("x: object = (1, 2)", (1, 2)),
        ("x: Path = 'a/b'", "a/b"),
        ("x: str = '2024-01-01'", "2024-01-01"),
        ("x: Optional[int] = None", None),
        ("x: bool = True", True),
    ],
)
def test_an_annotation_changes_no_value(line, value):
    spec = read_any(nb(line, tags={1: ["parameters"]}))
    assert spec.notes == ()
    made = compile_step(spec_of(OUT, line, tags=TAGS), {})
    assert is_same(received(made)["x"], value)
    assert is_same(received(made, *rule_words(made, pipeline(made))[2:])["x"], value)
    assert [arg.default for arg in script_arguments(spec)] == [made.arguments[0].default]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x: int = 'text'", "'text' is not of its type 'int'"),
        ("x: str = 3", "3 is not of its type 'str'"),
        ("x: bool = 1", "1 is not of its type 'bool'"),
        ("x: list[int] = [1, 'a']", "[1, 'a'] is not of its type 'list[int]'"),
        ("x: Literal['a', 'b'] = 'c'", "'c' is not of its type \"Literal['a', 'b']\""),
        ("x: int | str = 3", "no parameter can have the type 'int | str'"),
        ("x: np.ndarray = [1]", "no parameter can have the type 'np.ndarray'"),
        ("x = {'a': (1, 2)}", "it has a tuple inside, which params.yaml cannot hold"),
        ("x = [(1, 2)]", "it has a tuple inside, which params.yaml cannot hold"),
        ("x = [{1, 2}]", "it has a set inside, which params.yaml cannot hold"),
        ("x = {1: 'a'}", "it has the key 1, and only strings can be keys in params.yaml"),
        ("x = b'a'", "it has a bytes, which params.yaml cannot hold"),
        ("x = 3 + 4j", "it has a complex, which params.yaml cannot hold"),
        ("x = ...", "it has a value '...', which params.yaml cannot hold"),
        ("x = y = 1", "it is assigned together with others"),
        ("x, y = 1, 2", "it is assigned together with others"),
        ("help = 1", "the script needs the name 'help' itself"),
        (f"x = 0x{'f' * 4000}", "it has an integer of more than 4000 digits"),
    ],
)
def test_what_is_no_parameter_is_named_with_its_reason(line, reason):
    spec = read_any(nb("ok = 1\n" + line, tags={1: ["parameters"]}))
    assert [param.name for param in spec.params] == ["ok"]
    note = spec.notes[0]
    assert note.text == f"{line.split()[0].strip(':,')!r} is no parameter: {reason}"
    assert (note.where.cell, note.where.line) == (1, 2)
    assert line in spec.program.cells[0].source


@pytest.mark.parametrize("literal", ["'text'", "[1]", "{'a': (1,)}", "b'a'", "{1: 2}"])
def test_generate_and_convert_refuse_the_same(literal):
    source = declare(":param int x: number", ":dvc-out: out.txt", body=f"x = {literal}\n")
    with pytest.raises(PipelineError) as generated:
        compile_step(spec_of(source), {})
    with pytest.raises(PipelineError) as converted:
        script_arguments(read_any(nb(source, path="notebooks/a.ipynb")))
    assert str(converted.value) == str(generated.value)


def test_declared_types_keep_literals_too():
    fields = [":param list x:", ":param y:", ":param float z:", ":dvc-out: out.txt"]
    body = "x = [1, 2.5]\ny = (1, 'a')\nz = 3\n"
    made = compile_step(spec_of(declare(*fields, body=body)), {})
    assert repr(received(made)) == "{'x': [1, 2.5], 'y': (1, 'a'), 'z': 3}"


@pytest.mark.parametrize(
    ("literal", "word", "value"),
    [
        ("(1, 2)", "[3, 4, 5]", (3, 4, 5)),
        ("(1, 'a')", '["b", 2.5]', ("b", 2.5)),
        ("[1, 2.5]", "[3, 0.5]", [3, 0.5]),
        ("{1}", "[2, 2, 3]", {2, 3}),
        ("[[1], []]", "[[2.0]]", [[2.0]]),
        ("1", "2", 2),
    ],
)
def test_another_value_is_of_the_same_kind(literal, word, value):
    made = compile_step(spec_of(OUT, f"x = {literal}", tags=TAGS), {})
    assert is_same(received(made, f"--x={word}")["x"], value)


@pytest.mark.parametrize("word", ["1", "{}", "[1", "x"])
def test_what_is_no_list_is_refused(word, capsys):
    made = compile_step(spec_of(OUT, "x = [1, 'a']", tags=TAGS), {})
    with pytest.raises(SystemExit):
        received(made, f"--x={word}")
    assert "invalid items_of value" in capsys.readouterr().err


def test_infinities_stay_what_they_are():
    made = compile_step(spec_of(OUT, "x = 1e999\ny = [-1e999, 1]", tags=TAGS), {})
    assert received(made) == {"x": math.inf, "y": [-math.inf, 1]}
