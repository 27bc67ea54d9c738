"""Statements and filled-in values are those that IPython itself finds."""

import os

import pytest
from ipython_cases import LAWS, REFUSED, UNTOUCHED, translate

from nbsnake.ipython.expansion import Names, Refused, fill
from nbsnake.ipython.scopes import parse
from nbsnake.ipython.standins import _nb_filled
from nbsnake.ipython.syntax import Kind, pieces

ALIKE = [
    *UNTOUCHED,
    *LAWS,
    *REFUSED,
    *("foo ?", "??foo", "a[0]?", "a[x]?", "print('a')?", "a?;", "a? # c", "!ls ?", "x ?", "1?"),
    *("%time x ?", "!ls foo?", "x = !ls?", "!ls foo?bar", "%time 'foo?'", "x == !ls", "x != !ls"),
    *("f(x=!ls)", "x = 1 if y else !ls", "!echo 'it", "!echo \"it's", "!echo $(\nx", "x =! ls"),
    *("!echo '''\nx=1\n!ls", "!echo (\nx=1\n!ls", "%config a = 'b\n!ls", "lambda: !ls", "%", "?"),
    *("a = b = %time 1", "x\\\n=%time 2", "('''\n%time''', \n %time)", "(\n%time\n)", "% time x"),
    *(
        "x = % time 3",
        "%% time\nx",
        "%%foo?\nbar",
        "def f():\n\t!ls\n\treturn 1",
        "for x in y: !ls",
    ),
    *("x = [\n!ls\n]", "$foo", "a.b()?", "'a'?", "f'{x}'?", "if x:\n  foo?\n", "a\\\n?", "a???"),
    *("!=", "x\n!= 1", "%= 1", "//a", "/= 1", "!!= 1"),
    *("x = !ls; y = 1", "assert x, \\\n%ls", "x ==  1\\\n!ls", "a = 5 %b", "a = (%b)", "x = %"),
    *("f'''{x}\n%y\n{'''a'''}\n%z'''", "x = f'{a!r:>{b}}'\n%time x", "rf'\\{x}'\n%time x"),
    *("x = {'a': 1}\n%time x", "x = '\\''\n%time x", "b'''\n%x'''\n%time x", "R'\\'\n%x'\n%time x"),
    *(
        "'a\n%time x",
        "x = '''\\'''\n%a'''\n%time x",
        "#'''\n%time x\n#'''",
        "1;'''\n%x'''; %time y",
    ),
]


def _by_ipython(source):
    transform = pytest.importorskip("IPython.core.inputtransformer2")
    return transform.TransformerManager().transform_cell(source)


STRIPPED = [  # from strings, by IPython
    "x = '''\n!ls\n%%time\nfoo?\n   \n'''\n",
    'print("""\n%matplotlib inline\n>>> 1\n... 2\nIn [1]: x\n""")',
]


@pytest.mark.parametrize("source", [each for each in ALIKE if each not in STRIPPED])
def test_statements_are_ipythons_where_ipython_says_so(source):
    if set(source) & set("\r\x0c\0\ud800\u2028"):
        pytest.skip("IPython splits lines elsewhere, or not at all")
    (done,), faults = translate(source)
    if faults or parse(done) is None:
        return
    if _by_ipython(source).strip("\n") != source.strip("\n"):
        assert done.strip("\n") != source.strip("\n")
    else:  # names, await and magics without a sign come later in IPython
        assert all(piece.kind is Kind.PYTHON for piece in pieces(source))


FILLED = [
    *("ls", "echo $name", "echo '$name'", 'echo "$name"', "echo ${name}", "echo {name}", "{name}"),
    *("{n*2} {d['k'][0:1]}", "{{name}}", "$$name", "$$$name", "awk '{print $1}'", "echo $1"),
    *("$name.", "$os.sep", "{unknown} $name", "$unknown $name", "it's $name", "it's $name it's"),
    *("{name!r}", "{name!x}", "{name:3}", "{n:>3}", "{ name }", "{}", "{", "}", "{n}}", "{n,n}"),
    *("{[x for x in range(n)]}", "{(lambda: n)()}", "{n,}", "{'a'+name}", "$name$name", "$name-$n"),
    *(
        "a$",
        "$?",
        "$(ls) $name",
        "`$name`",
        "{d}",
        "{len(name)}",
        "$len",
        "{n # c}",
        "'{n}'",
        "$n_",
    ),
    *("{n if n else 0}", "{n == 3}", "{*d}", "{n!s:3}", "{d[k]}", '{d["k"]}', "$d['k']", "{n;n}"),
    *("\\$name", "{x for x in [1]}", "{{", "}}", "{{n}} {n}", "$ name", "{name.lower()}", "{'$n'}"),
    *(
        "'{'$n'}'",
        "{n:=3}",
        "{'{'}",
        "$name $name '$n' $n",
        "it's {n} $n 's",
        "{d['k'][1:]}",
        "$nä",
    ),
]


@pytest.mark.parametrize("text", FILLED)
def test_values_are_filled_in_as_ipython_does(text):
    shells = pytest.importorskip("IPython.core.interactiveshell")
    values = {"name": "N", "d": {"k": [1, 2]}, "n": 3, "os": os}
    shell = shells.InteractiveShell.instance()
    shell.user_ns.update(values)
    helpers = {"_nb_filled": _nb_filled}
    by_us = eval(fill(text, Names(frozenset(values))), {**values, **helpers})  # noqa: S307  (a part of a script)
    assert by_us == shell.var_expand(text)


def test_what_ipython_alone_could_fill_in_is_refused():
    with pytest.raises(Refused):
        fill("{get_ipython()}", Names())
