"""A message about a value of a YAML file names the line on which its key stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.errors import Where
from nbsnake.places import place_of

TEXT = """\
# The parameters
train:
  # of the model
  rate: 0.1
  layers:
    - 64
    - size: 32
  inline: {a: 1,
    b: [2,
      3]}
1:
  2: a number
base: &base
  a: 1
  b:
    c: 2
alias: *base
merge:
  <<: *base
  d: 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ((), None),
        (("absent",), None),
        (("train",), 2),
        (("train", "rate"), 4),
        (("train", "absent"), 2),
        (("train", "rate", "deeper"), 4),
        (("train", "layers", 0), 6),
        (("train", "layers", 1, "size"), 7),
        (("train", "layers", 9), 5),
        (("train", "layers", "0"), 5),
        (("train", "inline", "b", 1), 10),
        (("1", "2"), 12),
        ((1, 2), 12),
        (("alias",), 17),
        (("alias", "b", "c"), 16),
        (("merge", "d"), 20),
        (("merge", "a"), 18),
        (("merge", "b", "c"), 16),
    ],
    ids=str,
)
def test_place_is_the_line_of_the_deepest_key_there_is(file, keys, line):
    assert place_of(file, keys) == Where(file, line=line)


@pytest.mark.parametrize(
    "keys", [("train", "layers", 1, "size"), ("train", "inline", "b", 1), (1, 2)]
)
@pytest.mark.parametrize("kind", ["absent", "before", "0"])
def test_text_without_aliases_has_the_same_lines(file, tmp_path, keys, kind):
    plain = tmp_path / "plain.yaml"
    plain.write_text(TEXT.partition("base:")[0], encoding="utf-8")
    for path in (keys, keys[:-1], (*keys[:1], kind), (*keys, kind)):
        assert place_of(str(plain), path).line == place_of(file, path).line


NO_GOOD = ["a: [", "a: 1\na: 2\n", "a: 2001-99-99\n", "a: !!int x\n", "a: *b\n", "a: \ud800"]
NO_GOOD += ["", "- 1\n", "a: 1\n---\na: 2\n", "[" * 5000]


@pytest.mark.parametrize("text", NO_GOOD, ids=[ascii(text[:20]) for text in NO_GOOD])
def test_file_that_is_no_good_has_no_lines(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    assert place_of(str(path), ("a",)) == Where(str(path))


def test_file_that_cannot_be_read_has_no_lines(tmp_path):
    for path in (tmp_path / "absent.yaml", tmp_path):
        assert place_of(str(path), ("a",)) == Where(str(path))


def test_place_follows_the_file(file, tmp_path):
    (tmp_path / "params.yaml").write_text(f"\n{TEXT}", encoding="utf-8")
    assert place_of(file, ("train", "rate")).line == 5


@given(st.text("ab:-&*[]{}!|>'\"# \n1<?"), st.lists(st.sampled_from(["a", "b", "1", 0, 1])))
def test_no_file_is_too_strange(tmp_path_factory, text, keys):
    path = tmp_path_factory.getbasetemp() / "strange.yaml"
    path.write_text(text, encoding="utf-8")
    assert place_of(str(path), keys).file == str(path)
