"""Types of parameters: which values they accept, and which words stand for which value."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.model.paramtype import KINDS, ParamType, parse_type, text_of, type_of

VALUES = {
    "str": ["", "x"],
    "int": [0, -1],
    "float": [0.5, -1e300],
    "bool": [True, False],
    "Path": ["data/x.csv", "a b"],
    "dict": [{}, {"a": {"b": [1, None, "x", 2.5, True]}}],
}
# What YAML and Python cannot distinguish, or do not need to.
ALSO_FITS = {("float", "int"), ("str", "Path"), ("Path", "str")}
LISTED = [kind for kind in KINDS if kind != "dict"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_type_accepts_its_own_values_and_floats_accept_ints(kind, other):
    fits = kind == other or (kind, other) in ALSO_FITS
    for value in VALUES[other]:
        assert ParamType(kind).accepts(value) is fits
        assert ParamType(kind, optional=True).accepts(value) is fits
        assert ParamType(kind, is_list=True).accepts([*VALUES[kind], value]) is fits
        assert not ParamType(kind, is_list=True).accepts(value)
        assert not ParamType(kind).accepts([value])


@pytest.mark.parametrize("kind", KINDS)
def test_only_an_optional_type_accepts_nothing(kind):
    for is_list in (False, True):
        assert not ParamType(kind, is_list).accepts(None)
        assert ParamType(kind, is_list, optional=True).accepts(None)
    assert not ParamType(kind, is_list=True, optional=True).accepts([None])


@pytest.mark.parametrize("kind", LISTED)
def test_only_a_mapping_type_accepts_mappings(kind):
    for value in ({}, {"a": 1}, [[1]], [{}]):
        assert not ParamType(kind).accepts(value)
        assert not ParamType(kind, is_list=True).accepts(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {2: 3}}, {"a": object()}, {"a": [b"x"]}, [], ""])
def test_mapping_type_accepts_only_what_json_can_say(value):
    assert not ParamType("dict").accepts(value)


def test_choices_accept_nothing_else_and_no_other_type():
    numbers, words = ParamType("int", choices=(0, 1)), ParamType("str", choices=("0", "1"))
    assert [numbers.accepts(value) for value in (0, 1, 2, "1", True, 1.0)] == [True, True] + [
        False
    ] * 4
    assert [words.accepts(value) for value in ("0", "2", 0)] == [True, False, False]


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_list", [False, True])
def test_type_reads_back_as_it_is_written(kind, is_list, optional):
    if kind != "dict" or not is_list:
        made = ParamType(kind, is_list, optional)
        assert parse_type(str(made)) == made


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("choices", [("a",), ("it's", '"', "50%", "é", ""), (1, 2), (-1, 0)])
def test_choices_read_back_as_they_are_written(choices, optional):
    made = ParamType(type(choices[0]).__name__, optional=optional, choices=choices)
    assert parse_type(str(made)) == made


INT = ParamType("int", optional=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("List[int]", ParamType("int", is_list=True)),
        ("typing.List[int]", ParamType("int", is_list=True)),
        ("list[ float ]", ParamType("float", is_list=True)),
        ("list[Path]", ParamType("Path", is_list=True)),
        ("list", ParamType("str", is_list=True)),
        ("List", ParamType("str", is_list=True)),
        ("pathlib.Path", ParamType("Path")),
        ("Dict", ParamType("dict")),
        ("dict[str, int]", ParamType("dict")),
        ("Dict[str, list[int]]", ParamType("dict")),
        ("int?", INT),
        ("int | None", INT),
        ("None|int", INT),
        ("Optional[int]", INT),
        ("typing.Optional[int]", INT),
        ("Union[int, None]", INT),
        ("Union[None, int]", INT),
        ("Optional[int] | None", INT),
        ("'int | None'", INT),
        ("list[int] | None", ParamType("int", is_list=True, optional=True)),
        ("list[int]?", ParamType("int", is_list=True, optional=True)),
        ("Literal['a', None]", ParamType("str", optional=True, choices=("a",))),
        ("typing.Literal[3]", ParamType("int", choices=(3,))),
        (" str ", ParamType("str")),
        ("int | float", ParamType("number")),
        ("Union[float, int]", ParamType("number")),
        ("float | int | None", ParamType("number", optional=True)),
        ("list[int | float]", ParamType("number", is_list=True)),
        ("list[dict]", ParamType("json", is_list=True)),
        ("list[list[int]]", ParamType("json", is_list=True)),
        ("list[int | None]", ParamType("json", is_list=True)),
        ("list[Any]", ParamType("json", is_list=True)),
        ("Sequence[int]", ParamType("int", is_list=True)),
        ("tuple", ParamType("str", is_list=True, makes="tuple")),
        ("tuple[int, int]", ParamType("int", is_list=True, makes="tuple")),
        ("Tuple[int, ...]", ParamType("int", is_list=True, makes="tuple")),
        ("tuple[int, str]", ParamType("json", is_list=True, makes="tuple")),
        ("tuple[int, float]", ParamType("number", is_list=True, makes="tuple")),
        ("set[str]", ParamType("str", is_list=True, makes="set")),
        ("Mapping[str, int]", ParamType("dict")),
        ("Annotated[int, 'x']", ParamType("int")),
    ],
)
def test_type_has_several_spellings(text, expected):
    assert parse_type(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "Str", "int[]", "lst", "date", "Any", "?", "|ist", "list[date]"),
        *("None", "int | str", "Union[int, str]", "Union[int, str, None]", "Optional[int, str]"),
        *("list[int, str]", "Literal[1, 'a']", "Literal"),
        *("Literal[1.5]", "Literal[True]", "Literal[None]", "Literal[x]", "Literal[f'{x}']"),
        *("int)", "a b", "\0", "print()", "lambda: 1", "str; int", "'" * 3, "[" * 300),
    ],
)
def test_other_types_are_unknown(text):
    with pytest.raises(ValueError, match="unknown type"):
        parse_type(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(("string", "str"), ("integer", "int"), ("boolean", "bool"), ("number", "float")),
        *(("flaot", "float"), ("path", "Path"), ("list[string]", "str")),
    ],
)
def test_slip_in_a_type_is_guessed(text, meant):
    with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
        parse_type(text)


@pytest.mark.parametrize("kind", KINDS)
def test_words_read_back_as_the_values_they_stand_for(kind):
    for value in VALUES[kind]:
        assert ParamType(kind).parse([text_of(value)]) == value
    words = [text_of(value) for value in VALUES[kind]]
    assert ParamType(kind, is_list=True).parse(words) == VALUES[kind]
    assert ParamType(kind, is_list=True).parse([]) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("int", ["x"]),
        ("int", ["1.5"]),
        ("int", []),
        ("int", ["1", "2"]),
        ("float", [""]),
        ("bool", ["yes"]),
        ("bool", ["1"]),
        ("str", []),
        ("str", ["a", "b"]),
        ("dict", ["[]"]),
        ("dict", ["{"]),
        ("dict", ["None"]),
    ],
)
def test_words_of_no_value_are_refused(kind, words):
    with pytest.raises(ValueError, match=r"\w"):
        ParamType(kind).parse(words)


JSON = st.recursive(
    st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
scalars = st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False) | st.none()
numbers = st.lists(st.integers() | st.floats(allow_nan=False))


@given(scalars | st.lists(st.integers()) | numbers | st.dictionaries(st.text(), JSON))
def test_type_of_a_value_accepts_it(value):
    assert type_of(value).accepts(value)


@given(JSON)
def test_type_of_a_value_is_one_that_an_author_could_write(value):
    found = type_of(value)
    assert parse_type(str(found)) == found


@given(st.dictionaries(st.text(), JSON))
def test_mapping_is_written_as_json(value):
    assert json.loads(text_of(value)) == value
