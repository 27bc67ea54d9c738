"""Plain YAML: whatever libyaml reads here has the values that ruamel.yaml, and so DVC, gives."""

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nbsnake.plain_yaml import NotPlainError, read_plain

# Where YAML 1.1 and 1.2 differ, and where the two readers do.
WORDS = r"""
yes no on off y n Yes NO true True TRUE tRUE false ~ null Null nULL NaN .nan .inf -.inf +.INF
0 -0 +1 007 0o17 0x1F 0b11 1_000 1:30 12:30:45 1e5 1e-3 1E+3 -1.5e-07 1. .5 -.5 +0.1 1.2.3 08 0o
1e 1e5.0 0.1.0 00.5 0x -0x1f 2001-12-14 2001-12-14T21:59:43Z 2001-1-1 1234-5-6 1-2 1.0-2 = << -
0.1e400 1e-400 .e5 +.e 1e+ 1_ _1 __ 1__0 0x1G 0b12 0o8 + +- 99999999999999999999 1,000 10:x 1st 3d
12ab e5 --- ... ? : -x ?x :x .x +x --x=1 -- a:b a::b :: a#b #c x, ${x} \${x} C:\x http://x//y
'q' "q" 'it''s' "\x41\u263a" "\/" "\ud83d\ude00" "\N" !x !!str !!int &a *a %a @a `a |x >x | > |#
[a] {a} [] {} [1,2] {a:1} {"a":1} [a:1] [a?b] [?a] [,] [a,] {a,b}
"""
LINES = [
    *WORDS.split(),
    "!!str 1",
    "&a 1",
    "{a: &a 1}",
    "a\u2028b",
    "a\x85b",
    "\ufeff",
    "\xe9",
    "\U0001f600",
]
FRAMES = ["{}", "a: {}", "{}: 1", "- {}", "a: [{}, 1]", "a: {{b: {}}}", "a: {{{}: 1}}"]
FRAMES += ["a:\n  b: {}", "a: {} # c", "a: {}\na: 1", "a: x\n  {}", "a: |\n  {}\n\n", "  {}"]
FRAMES += ["? {}\n: 1", "a: '{}\n\n  x'", "-\n  {}\n", "{}: {}", "a:\t{}", "a: {}\r\nb: 1"]
FRAMES += ["%YAML 1.1\n---\na: {}", "a: {}\n---\nb: 1", "a: {}\n...\n", 'a: "{}"', "a: '{}'"]
FRAMES += ['a: ["{}":1]', "a: [{}: 1]", 'a: ["{}": {{b: 1}}]']
FRAMES += ["a: >-\n  {}\n  x\n\n   y\n"]


def as_ruamel(text):
    return YAML(typ="safe", pure=True).load(text)


def same(one, other):
    """Equality that knows types, the sign of zero, and the order of keys."""
    return repr(one) == repr(other)


def differs(text):
    """Whether a text has two values."""
    try:
        plain = read_plain(text)
    except NotPlainError:
        return False
    try:
        return not same(plain, as_ruamel(text))
    except Exception:  # a fault for ruamel.yaml
        return True


@pytest.mark.parametrize("frame", FRAMES)
def test_what_is_read_is_what_ruamel_reads(frame):
    assert [line for line in LINES if differs(frame.format(line, line))] == []


@given(st.lists(st.tuples(st.sampled_from(FRAMES), st.sampled_from(LINES)), min_size=1, max_size=4))
def test_frames_inside_each_other_are_read_alike(parts):
    text = "x"
    for frame, line in parts:
        inner = text.replace("\n", "\n  ")
        text = f"{frame.format(line, line)}\nk{len(text)}:\n  {inner}\n"
    assert not differs(text)


MD5S = st.one_of(
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text("0123456789e", min_size=32, max_size=32),
    st.text("01", min_size=30, max_size=30).map(lambda bits: f"0b{bits}"),
    st.tuples(st.text("0123456789", min_size=28, max_size=28), st.sampled_from("abcdef")).map(
        lambda parts: f"{parts[0]}{parts[1]}123"
    ),
)


@given(MD5S)
def test_digests_are_read_alike_or_not_at_all(md5):
    assert not differs(f"md5: {md5}\nl: [{md5}]")


def test_most_digests_are_read():
    text = "2306b4377429730ee03a806cff76e92b"
    assert read_plain(f"a: {text}") == {"a": text}


@given(st.text(alphabet="ab01 :-?#'\"[]{},.&*!|>%\n\t~eE+_=<", max_size=24))
def test_any_text_is_read_alike_or_not_at_all(text):
    assert not differs(text)


SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
KEYS = st.text(max_size=9)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=9,
)


@given(st.dictionaries(KEYS, VALUES), st.booleans())
def test_what_ruamel_writes_is_read_alike(value, in_flow):
    yaml, stream = YAML(typ="safe", pure=True), io.StringIO()
    yaml.default_flow_style = in_flow
    yaml.dump(value, stream)
    assert not differs(stream.getvalue())


def test_what_projects_hold_is_plain():
    text = "train:\n  rate: 1e-3\n  on: yes\n  depth: 3\n  names: [a, 'b c', 0.5]\n# end\nx: ~\n"
    assert read_plain(text) == {
        "train": {"rate": 0.001, "on": "yes", "depth": 3, "names": ["a", "b c", 0.5]},
        "x": None,
    }
    assert math.copysign(1, read_plain("a: -0.0")["a"]) == -1
