"""Laws of the translation for cells of any text and length."""

import ast
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipython_cases import one, translate

from nbsnake.ipython.scopes import parse
from nbsnake.ipython.syntax import pieces

SNIPPETS = [
    "x = 1",
    "s = '''\n%time x\n!ls\nfoo?\n'''",
    's = """\n>>> a\n... b\n%%bash\n"""',
    "s = 'a\\\n%b'",
    "if x:\n    y = '# !ls'\n    z = {'a': \"it's\"}",
    "def f(a=(1,\n  2)):\n    '''Doc?'''\n    return f'{a!r:>{b}} {\"?\"}'",
    "t = (\n'%a'\n\"!b?\"\n)",
    'u = rb\'\\d\' + b"""\n%x\n"""',
    "v = f'''{x}\n%y {z['''a''']}\n!q'''" if sys.version_info >= (3, 12) else "v = 1",
    "w = x if x else \\\n y",
    '# %a \'b """ (',
    "print('é\u2028%x')",
]
MAGICS = [
    "%matplotlib inline",
    "!echo 'it''s' (",
    '!echo """ [ \'',
    "%config a = '''",
    "%time x = 'a'",
    "foo?",
    "r = !ls {",
    "%pip install 'a",
    "!ls \\\n  '''",
]


def _strings(tree):
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 11)), max_size=12))
def test_strings_of_python_are_preserved_among_magics(choices):
    parts = [
        MAGICS[number % len(MAGICS)] if is_magic else SNIPPETS[number]
        for is_magic, number in choices
    ]
    python = [part for (is_magic, _), part in zip(choices, parts, strict=True) if not is_magic]
    (done,), faults = translate("\n".join(parts))
    assert faults == []
    tree = ast.parse(done)
    left = _strings(tree)
    for text in _strings(ast.parse("\n".join(python))):
        assert text in left
        left.remove(text)
    assert done.count("\n") == "\n".join(parts).count("\n")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [*"%!?=(){}[]'\"#\\\n\r\t\x0c,;/$:.", "'''", '"""', "f'", "%%", "In [1]: "]
            ),
            st.sampled_from(
                ["time", "timeit", "bash", "x", "await", "get_ipython()", ">>> ", "..."]
            ),
            st.text(max_size=3),
        ),
        max_size=25,
    ).map("".join)
)
def test_any_text_is_translated_or_refused_but_never_fails(source):
    (done,), _ = translate(source)
    if parse(source) is not None and not source.lstrip().startswith("In ["):
        assert "".join(piece.text for piece in pieces(source)) == source
    assert isinstance(done, str)


@pytest.mark.parametrize(
    "unit",
    [
        *("if a:\n  !echo $a\n", "a = !echo $a $b\n", "plt.plot(a)\n", "def f(): plt.plot(f)\n"),
        *("!ls $a 'b'\n", "x = 'a'\n", "%time x\n", "(", "f'{", "'''", "x = !ls\n", "await f()\n"),
        *("'", "{a}$b", "%time ", "foo?\n", "!echo ${a} {", "[f'{x}',\n", "\\\n", "%x \\\n", "a"),
    ],
)
def test_time_grows_with_the_cell(unit):
    short, long = (f"!ls\n{unit * (size // len(unit))}" for size in (10_000, 40_000))
    assert grows_in_proportion([short], [long])


def test_time_grows_with_the_number_of_cells():
    cells = [f"x{i} = f(x{i - 1})\n%time y{i} = x{i}\nl{i} = !echo {{x{i}}}" for i in range(600)]
    assert grows_in_proportion(cells[:150], cells)


def grows_in_proportion(short, long):
    """Whether four times as much takes no sixteen times as long; one of three tries is enough.

    A busy machine can slow down a single try, but what grows by squares fails in all of them.
    """
    return any(cpu_seconds(*long) < 10 * cpu_seconds(*short) for _ in range(3))


def cpu_seconds(*cells):
    """Of this process, so that others on the machine do not count; at least a moment."""
    began = time.process_time()
    translate(*cells)
    return max(time.process_time() - began, 0.02)


def test_time_grows_with_the_functions_that_draw():
    """Each calls the next one, of which only the last draws."""
    short, long = (
        [
            "import matplotlib.pyplot as plt",
            *(f"def f{i}():\n    f{i + 1}()\nf{i}()\n!echo $x{i}\nx{i} = 1" for i in range(size)),
            f"def f{size}():\n    plt.plot(1)",
        ]
        for size in (100, 400)
    )
    assert grows_in_proportion(short, long)


def test_a_session_is_reset_only_where_nothing_has_run():
    assert translate("%reset -f", "x = 1")[1] == []
    assert translate("x = 1", "%reset -f")[1] == [
        "2:1: the magic %reset is supported only above all other code"
    ]


@pytest.mark.parametrize(
    "magic",
    [
        *("pwd", "env HOME", "who_ls", "%precision 3", "%config InlineBackend.rc", "%%!\nls"),
        *("%timeit -n1 -o 1", "%%timeit -qo\n1", "%%sx\nls", "%%system\nls", "%prun -r f()"),
    ],
)
def test_a_result_of_a_magic_that_is_read_is_refused(magic):
    faults = translate("5", magic, "print(_)")[1]
    assert "3:1: '_' is of a magic in cell 2" in faults


@pytest.mark.parametrize("magic", ["%timeit -n1 -r1 1", "%prun -q f()", "%cd -q /"])
def test_a_magic_without_a_value_leaves_the_last_result(magic):
    assert translate("5", magic, "print(_)")[1] == []


def test_a_name_of_the_notebook_is_no_magic():
    assert translate("pwd = 4", "pwd", "print(_)")[1] == []


def test_lines_keep_their_numbers():
    done = one("%config a \\\n b\n!ls \\\n -l\n%time x\nfoo?\nmarker = 1\n")
    assert done.split("\n").index("marker = 1") == 6
