"""Entries are added to params.yaml; what stood there stays, byte for byte."""

import re
import string

import pytest
import yaml as yaml11
from dvc.utils.serialize import parse_yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nbsnake.errors import Faults, PipelineError
from nbsnake.settings.seeding import seeded

FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NEW = {"train": {"rate": 0.1, "name": "a b"}}


def load(text):
    return YAML(typ="safe", pure=True).load(text) or {}


def merged(old, missing):
    added = {name: {**(old.get(name) or {}), **new} for name, new in missing.items() if new}
    return {**old, **added}


CASES = {
    "no file": ("", "train:\n  rate: 0.1\n  name: a b\n"),
    "comments alone": ("# Hi\n", "# Hi\ntrain:\n  rate: 0.1\n  name: a b\n"),
    "behind the section's own comments": (
        "train:\n  a: 'x'  # why\n  # b: 1\n\n# The other\nother: {}\n",
        "train:\n  a: 'x'  # why\n  # b: 1\n  rate: 0.1\n  name: a b\n\n# The other\nother: {}\n",
    ),
    "the section's indentation": (
        "train:\n    a: 1\nother:\n  b: 2\n",
        "train:\n    a: 1\n    rate: 0.1\n    name: a b\nother:\n  b: 2\n",
    ),
    "line ends of Windows": (
        "train:\r\n  a: 1\r\n\r\nb: 2\r\n",
        "train:\r\n  a: 1\r\n  rate: 0.1\r\n  name: a b\r\n\r\nb: 2\r\n",
    ),
    "no final newline": ("train:\n  a: 1", "train:\n  a: 1\n  rate: 0.1\n  name: a b\n"),
    "no value": (
        "train:  # why\nb: 1\n",
        "train:  # why\n  rate: 0.1\n  name: a b\nb: 1\n",
    ),
    "null": (
        "train: null  # why\nb: 1\n",
        "train:  # why\n  rate: 0.1\n  name: a b\nb: 1\n",
    ),
    "braces": (
        "train: {a: 1}  # why\nb: 1",
        "train: {a: 1, rate: 0.1, name: a b}  # why\nb: 1",
    ),
    "empty braces": ("train: {}", "train: {rate: 0.1, name: a b}"),
    "braces over lines": (
        "train: {\n  a: 1,\n  b: 2,  # why\n}\n",
        "train: {\n  a: 1,\n  b: 2, rate: 0.1, name: a b,  # why\n}\n",
    ),
    "an alias as the last value in braces": (
        "a: &a 1\ntrain: {b: *a}\n",
        "a: &a 1\ntrain: {b: *a, rate: 0.1, name: a b}\n",
    ),
    "braces around all": (
        '{"a": 1, "train": {"b": 2}}\n',
        '{"a": 1, "train": {"b": 2, rate: 0.1, name: a b}}\n',
    ),
    "new in braces around all": ("{a: 1}", "{a: 1, train: {rate: 0.1, name: a b}}"),
    "null in braces around all": ("{train: , a: 1}", "{train: {rate: 0.1, name: a b} , a: 1}"),
    "new without blank lines": (
        "a: 1\nother:\n    b: 2\n",
        "a: 1\nother:\n    b: 2\ntrain:\n    rate: 0.1\n    name: a b\n",
    ),
    "new with blank lines": (
        "a: 1\n\nother:\n  b: 2\n",
        "a: 1\n\nother:\n  b: 2\n\ntrain:\n  rate: 0.1\n  name: a b\n",
    ),
    "before the end of the document": (
        "---\nb: 2\n...\n",
        "---\nb: 2\ntrain:\n  rate: 0.1\n  name: a b\n...\n",
    ),
    "a merge": (
        "base: &base\n  a: 1\ntrain:\n  <<: *base\n",
        "base: &base\n  a: 1\ntrain:\n  <<: *base\n  rate: 0.1\n  name: a b\n",
    ),
    "what a merge brings is there": (
        "base: &base\n  rate: 2\ntrain:\n  <<: *base\n",
        "base: &base\n  rate: 2\ntrain:\n  <<: *base\n  name: a b\n",
    ),
    "a text that ends with blank lines": (
        "train:\n  a: |+\n    x\n\n\nb: 2\n",
        "train:\n  a: |+\n    x\n\n\n  rate: 0.1\n  name: a b\nb: 2\n",
    ),
    "no text can be put in": ("null\n", "train:\n  rate: 0.1\n  name: a b\n"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_entries_are_put_in_where_they_belong(text, expected):
    assert seeded(text, NEW) == expected


@pytest.mark.parametrize("missing", [{}, {"a": {}}, {"a": {"b": 2}}, {"a": {"b": 2}, "c": {}}])
def test_nothing_missing_is_the_very_same_text(missing):
    text = "a:   {b: 1 }\r\n# x"
    assert seeded(text, missing) is text


def test_hard_sections_do_not_spoil_the_others():
    text = "a:\n  b: |+\n    x\n\nc: {d: 'e'}  # why\n"
    found = seeded(text, {"a": {"f": 1}, "c": {"g": 2}})
    assert found == "a:\n  b: |+\n    x\n\n  f: 1\nc: {d: 'e', g: 2}  # why\n"


ALIAS = "'train' is an alias: what is added to it would be added to its anchor too"
OTHERS = "nothing can be added to 'train' with all else kept as it is"
FAULTS = {
    "an alias": (
        "base: &base\n  a: 1\ntrain: *base\n",
        f"params.yaml, line 3: {ALIAS}",
        "write below 'train:' instead: <<: *base, rate: 0.1, name: a b",
    ),
    "others use its anchor": (
        "train: &base\n  a: 1\nother: *base\n",
        f"params.yaml, line 1: {OTHERS}",
        "write below 'train:' by hand: rate: 0.1, name: a b",
    ),
    "it comes with a merge": (
        "base: &base\n  train: {a: 1}\n<<: *base\n",
        f"params.yaml: {OTHERS}",
        "write below 'train:' by hand: rate: 0.1, name: a b",
    ),
    "no mapping": (
        "\ntrain: 3\n",
        "params.yaml, line 2: 'train' is the name of a step but its value is not a mapping",
        "write the step's parameters below 'train:': rate: 0.1, name: a b",
    ),
}


@pytest.mark.parametrize(("text", "message", "hint"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_added_is_named(text, message, hint):
    with pytest.raises(PipelineError) as caught:
        seeded(text, NEW)
    assert str(caught.value) == f"{message}\n  hint: {hint}"


def test_several_faults_are_reported_together():
    with pytest.raises(Faults):
        seeded("a: &a {x: 1}\nb: *a\nc: *a\n", {"b": {"y": 1}, "c": {"y": 1}})


# fmt: off
WORDS = [
    "", " ", "a", "a b", " a", "a ", "1", "01", "1.0", "1e5", "1e-05", "1_000", "0x1f", "0o7",
    "1:30", "y", "No", "on", "OFF", "true", "null", "~", ".inf", ".nan", "=", "<<", "-", "- a",
    "?", "*a", "&a", "!a", "%a", "@a", "`a", "#a", "a #b", "a: b", "a:", "[a", "{a}", "a, b", "'",
    '"', "\\", "|", ">", "---", "...", "2001-01-01", "/a/b.csv", "a/b", "${a}", "é😀", "a\nb",
    "a\n", "\n", "\na", "a\n b\n\nc\n", "a\n\n", " a\nb", "a \nb", "a\n# b", "a\tb", "a\r\nb",
    "\0", "\x85", "\u2028", "\ufeff", "y" * 2000,
]
# fmt: on
names = st.text(string.ascii_letters + "_ é1", min_size=1, max_size=8) | st.sampled_from(
    [word for word in WORDS if len(word) < 1000]
)
numbers = st.sampled_from([1.0, 1e-05, 1e16, 1e300, -0.0, float("inf"), -float("inf"), 10**30])
characters = st.characters(exclude_categories=["Cs"])
scalars = (st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | numbers) | (
    st.sampled_from(WORDS) | st.text(characters) | st.text("ab \n#:-", max_size=12)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
missings = st.dictionaries(
    names | st.sampled_from("abc"), st.dictionaries(names, values, max_size=3), max_size=3
)


@FEW
@example({"a": {word: word for word in WORDS if len(word) < 1000}})
@example({"a": {f"x{number}": word for number, word in enumerate(WORDS)}})
@given(missings)
def test_every_reader_sees_the_values_that_were_given(missing):
    text = seeded("", missing)
    expected = repr(merged({}, missing))
    assert repr(load(text)) == expected
    assert repr(parse_yaml(text, "params.yaml")) == expected
    assert repr(yaml11.safe_load(text) or {}) == expected


# Entries of a section named {name}, and whole sections; ">" stands for the indentation.
ENTRIES = [
    ">{name}: 1\n",
    ">{name}:   'x'   # why\n",
    ">{name}: |\n>  # x\n>  y\n",
    ">{name}: |+\n>  x\n\n\n",
    ">{name}: >-\n>   x\n\n>   y\n\n",
    ">{name}:\n>- 1\n>-  {{a: 1,\n>    b: 2}}\n",
    ">{name}:\n> a: &{section}{name} 1\n> b: *{section}{name}\n",
    ">{name}: two\n>  lines\n",
]
NOTES = ["", "\n", "# note\n", "   # note\n", "\n# note\n\n", "  \n"]
ONE_LINE = ["{name}: {{}}\n", "{name}: {{a: 1, 'b': [x]}}  # why\n", "{name}: {{a: 1,}}\n"] + [
    f"{{name}}:{null}\n" for null in ("", " ", "  # why", " null", " ~  # why")
]


@st.composite
def sections(draw, name):
    if draw(st.integers(0, 2)) == 0:
        return draw(st.sampled_from(ONE_LINE)).format(name=name)
    entries = [
        draw(st.sampled_from(ENTRIES)).format(name=each, section=name)
        + draw(st.sampled_from(NOTES))
        for each in draw(st.sampled_from(["a", "ab", "abc"]))
    ]
    indent = " " * draw(st.integers(1, 4))
    return f"{name}:  # note\n" + "".join(entries).replace(">", indent).replace(
        f": {indent}-", ": >-"
    )


@st.composite
def files(draw):
    """A params.yaml whose sections are called t, u, v..."""
    text = draw(st.sampled_from(NOTES))
    for name in draw(st.sampled_from(["", "t", "tu", "tuv"])):
        text += draw(sections(name)) + draw(st.sampled_from(NOTES))
    if draw(st.integers(0, 3)) == 0:
        text += "w: 1"
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def is_subsequence(some, every):
    rest = iter(every)
    return all(each in rest for each in some)


@FEW
@given(
    files(), st.dictionaries(st.sampled_from("tuvxy"), st.dictionaries(names, values, max_size=2))
)
def test_all_that_stood_there_stays(text, missing):
    old = load(text)
    missing = {
        name: {key: value for key, value in new.items() if key not in (old.get(name) or {})}
        for name, new in missing.items()
    }
    found = seeded(text, missing)
    assert repr(load(found)) == repr(merged(old, missing))
    lines = text.splitlines()
    edited = [line for line in lines if re.match("[tuv]:(?!  # note)", line)]  # braces and null
    assert is_subsequence([line for line in lines if line not in edited], found.splitlines())
    assert is_subsequence(re.sub("null|~| ", "", text), found)
    assert ("\r\n" in found) == ("\r\n" in text)
    assert seeded(found, missing) is found
