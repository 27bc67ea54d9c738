"""Values of params.yaml are changed in place: all other text stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.errors import PipelineError
from nbsnake.settings.changing import changed
from nbsnake.settings.seeding import loaded

TEXT = """\
# Hyperparameters
svm:            # the section
  c: 4.0        # how closely
  names: [a, b]  # two
  layers:       # of the net

    - 16        # first
    - 8

  note: |
    two
    lines
  empty:
  "quoted key": 'x'
shared: yes     # a word
"""


@pytest.mark.parametrize(
    ("keys", "value", "old", "new"),
    [
        (("svm", "c"), 0.5, "c: 4.0 ", "c: 0.5 "),
        (("svm", "c"), None, "c: 4.0 ", "c: null "),
        (("svm", "c"), 1e-05, "c: 4.0 ", "c: 1.0e-05 "),
        (("svm", "names"), ["a: b", "#"], "[a, b]", '["a: b", "#"]'),
        (("svm", "note"), "one", "|\n    two\n    lines\n", "one\n"),
        (("svm", "empty"), 3, "empty:\n", "empty: 3\n"),
        (("svm", "quoted key"), "on", "'x'", '"on"'),
        (("shared",), "a", "shared: yes", "shared: a"),
        (("svm", "new"), True, "'x'\n", "'x'\n  new: true\n"),
    ],
)
def test_only_the_text_of_the_value_changes(keys, value, old, new):
    assert TEXT.count(old) == 1
    assert changed(TEXT, keys, value) == TEXT.replace(old, new)


def test_comments_above_a_list_of_lines_stay():
    found = changed(TEXT, ("svm", "layers"), [1])
    assert found.startswith(TEXT[: TEXT.index("    - 16")])
    assert found.endswith(TEXT[TEXT.index("\n  note") :])
    assert loaded(found)["svm"]["layers"] == [1]


@pytest.mark.parametrize(
    "text", ["", "a: 1\n", "{}\n", "svm:\n", "svm: {}\n", "{svm: {c: 1}, b: 2}"]
)
def test_value_is_put_into_any_file(text):
    assert loaded(changed(text, ("svm", "c"), 7))["svm"] == {"c": 7}


def test_line_ends_stay():
    assert changed("a:\r\n  b: 1\r\n", ("a", "b"), 2) == "a:\r\n  b: 2\r\n"


def test_anchor_that_others_refer_to_is_not_lost():
    text = "a:\n  c: &x 1\nb:\n  c: *x\n"
    assert loaded(changed(text, ("a", "c"), 5)) == {"a": {"c": 5}, "b": {"c": 1}}
    assert loaded(changed(text, ("b", "c"), 5)) == {"a": {"c": 1}, "b": {"c": 5}}


def test_section_that_is_an_alias_is_refused():
    with pytest.raises(PipelineError, match=r"b\.c cannot be changed"):
        changed("a: &x {c: 1}\nb: *x\n", ("b", "c"), 2)


def test_value_that_a_merge_brings_is_overridden_in_its_section():
    found = changed("a: &x\n  c: 1\nb:\n  <<: *x\n  d: 2\n", ("b", "c"), 3)
    assert loaded(found) == {"a": {"c": 1}, "b": {"c": 3, "d": 2}}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = SCALARS | st.lists(SCALARS, max_size=3)


@given(first=VALUES, second=VALUES)
def test_any_value_takes_the_place_of_any_other(first, second):
    text = changed("a:\n  b: 0  # note\n  c: 1\n", ("a", "b"), first)
    found = changed(text, ("a", "b"), second)
    assert repr(loaded(found)) == repr({"a": {"b": second, "c": 1}})
    assert "# note\n  c: 1\n" in found
