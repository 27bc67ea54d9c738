"""Types of parameters: which values they accept, and which words stand for which value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.paramtype import KINDS, ParamType, parse_type, text_of, type_of

VALUES = {"str": ["", "x"], "int": [0, -1], "float": [0.5, -1e300], "bool": [True, False]}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_type_accepts_its_own_values_and_floats_accept_ints(kind, other):
    fits = kind == other or (kind, other) == ("float", "int")
    for value in VALUES[other]:
        assert ParamType(kind).accepts(value) is fits
        assert ParamType(kind, is_list=True).accepts([*VALUES[kind], value]) is fits
        assert not ParamType(kind, is_list=True).accepts(value)
        assert not ParamType(kind).accepts([value])


@pytest.mark.parametrize("kind", KINDS)
def test_no_type_accepts_nothing_or_a_mapping(kind):
    for value in (None, {}, {"a": 1}, [None], [[1]], [{}]):
        assert not ParamType(kind).accepts(value)
        assert not ParamType(kind, is_list=True).accepts(value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_list", [False, True])
def test_type_reads_back_as_it_is_written(kind, is_list):
    assert parse_type(str(ParamType(kind, is_list))) == ParamType(kind, is_list)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("List[int]", ParamType("int", is_list=True)),
        ("list[ float ]", ParamType("float", is_list=True)),
        ("list", ParamType("str", is_list=True)),
        ("List", ParamType("str", is_list=True)),
    ],
)
def test_list_has_several_spellings(text, expected):
    assert parse_type(text) == expected


@pytest.mark.parametrize(
    "text", ["", "dict", "Str", "list[dict]", "list[list[int]]", "int[]", "lst"]
)
def test_other_types_are_unknown(text):
    with pytest.raises(ValueError, match="unknown type"):
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
    ],
)
def test_words_of_no_value_are_refused(kind, words):
    with pytest.raises(ValueError, match=r"\w"):
        ParamType(kind).parse(words)


scalars = st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False)


@given(scalars | st.lists(st.integers()) | st.lists(st.integers() | st.floats(allow_nan=False)))
def test_type_of_a_value_accepts_it(value):
    assert type_of(value).accepts(value)
