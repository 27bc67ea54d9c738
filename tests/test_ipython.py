"""What only IPython understands becomes plain Python, or is refused; nothing else changes."""

import ast
import json
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbsnake.ipython.expansion import Names, Refused, fill
from nbsnake.ipython.scopes import parse
from nbsnake.ipython.standins import helper_source
from nbsnake.ipython.syntax import Kind, pieces
from nbsnake.ipython.translation import to_python
from nbsnake.model.step import Cell


def translate(*sources, path="notebooks/a.ipynb", in_step=True):
    """The new sources, and the faults as 'cell:line: message'."""
    cells = [Cell(index=i, kind="code", source=text) for i, text in enumerate(sources, start=1)]
    done, faults = to_python(cells, path, in_step=in_step)
    shown = [f"{fault.where.cell}:{fault.where.line}: {fault.message}" for fault in faults]
    return [cell.source for cell in done], shown


def one(source, **more):
    """The translation of a notebook of one cell that has no faults."""
    (done,), faults = translate(source, **more)
    assert faults == []
    return done


UNTOUCHED = [
    "",
    "\n\n",
    "x = 1",
    "x = 1\r\ny = '''a\r\n%b'''\r\n",
    "x = '''\n!ls\n%%time\nfoo?\n   \n'''\n",
    'print("""\n%matplotlib inline\n>>> 1\n... 2\nIn [1]: x\n""")',
    "x = (1\n%y\n)",
    "x = 1 \\\n%y",
    "x = 'a\\\n%b\\\n!c'",
    "# %time x\n# !ls",
    "x = 5  # what?",
    "x = 'what?'",
    "def f():\n    '''Say.\n\n    >>> f()\n    ...\n    '''\n\x0c\nx = '\u2028%a'",
    "for _ in range(3):\n    print(_)",
    "from gettext import gettext as _\nprint(_('a'))",
    "a, _ = 1, 2\n_",
    "def f(_, Out):\n    return _, Out, [__ for __ in _]",
    "class A:\n    _ = 1\n    In = _",
    "def display(x):\n    pass\ndisplay(1)",
    "async def f():\n    await g()\n    async for x in y:\n        pass\n    [await x for x in y]",
    "ls = 3\nls",
    "ls == 3 and 4\n",
    "x = 1\nls\n",
    "try:\n    get_ipython()\n    jupyter = True\nexcept NameError:\n    jupyter = False",
    "try:\n    get_ipython().run_line_magic('time', 'x')\nexcept:\n    pass",
    "if 'get_ipython' in globals():\n    ip = get_ipython()",
    "x = get_ipython().kernel if 'get_ipython' in dir() else None",
    "def get_ipython():\n    return 1\nget_ipython().foo",
    "from IPython import get_ipython\nif get_ipython() is not None:\n    1",
    "import IPython\nip = IPython.get_ipython()\nif ip:\n    ip.magic('matplotlib inline')",
    "match x:\n  case {'a': _, **rest}:\n    print(rest)\n  case [__, *_]:\n    print(__)",
    "time.sleep(3)",
    "import time\ntime\n",
    "not python at all(",
    "if x: %time 1",
    "x = y = !ls",
    "x += !ls",
    "x = 1; !ls",
    "f(a)?",
    "\ufeffx = 1",
    "\x00",
    "\ud800",
]


@pytest.mark.parametrize("source", UNTOUCHED)
def test_what_is_not_ipythons_stays_as_it_is(source):
    assert translate(source) == ([source], [])


def test_cells_of_other_kinds_pass():
    cells = [
        Cell(index=3, kind="markdown", source="%time x"),
        Cell(index=4, kind="raw", source="!"),
    ]
    assert to_python(cells, "a.ipynb", in_step=True) == (cells, [])


LAWS = {
    # dropped
    "%matplotlib inline": "# %matplotlib inline",
    "%matplotlib inline\nimport os\n%load_ext autoreload\n%autoreload 2\nx = 1\n": (
        "# %matplotlib inline\nimport os\n# %load_ext autoreload\n# %autoreload 2\nx = 1\n"
    ),
    "if x:\n  %config a\nelse:\n\t%who": "if x:\n  pass  # %config a\nelse:\n\tpass  # %who",
    "%config a \\\n   = 1\nx": "# %config a \\\n   # = 1\nx",
    "%matplotlib inline\r\nx = 1\r\n": "# %matplotlib inline\r\nx = 1\r\n",
    "foo?": "# foo?",
    "x = foo.bar??\ny = 1": "# x = foo.bar??\ny = 1",
    "?foo\n*int*?\n%time?": "# ?foo\n# *int*?\n# %time?",
    "%%html\n<a>\n\n  <b>": "# %%html\n# <a>\n#\n#   <b>",
    "\n\n%%javascript\nlet x = '''": "\n\n# %%javascript\n# let x = '''",
    "%%bash\n# a\npip install a\n\nconda install b": (
        "# %%bash\n# # a\n# pip install a\n#\n# conda install b"
    ),
    "%pip install -q foo": "# %pip install -q foo",
    "%conda list": "# %conda list",
    "!pip install foo": "# !pip install foo",
    "!pip3 -q install 'foo; python_version<\"3\"' | tail -1": (
        "# !pip3 -q install 'foo; python_version<\"3\"' | tail -1"
    ),
    "!{sys.executable} -m pip install foo > /dev/null 2>&1": (
        "# !{sys.executable} -m pip install foo > /dev/null 2>&1"
    ),
    "!sudo apt-get update && sudo apt-get -y install foo": (
        "# !sudo apt-get update && sudo apt-get -y install foo"
    ),
    "!cd src && A=1 python -m pip install -e .": "# !cd src && A=1 python -m pip install -e .",
    "!yes | conda install foo": "# !yes | conda install foo",
    "!pip list": '_nb_shell("pip list")',
    "%env": "# %env",
    "%env HOME": "# %env HOME",
    "%pwd": "# %pwd",
    # runs
    "%time x = f()": "x = f()",
    "    %time x = f()": "x = f()",
    "if a:\n    %time x = f()  # slow\nelse:\n    y": "if a:\n    x = f()  # slow\nelse:\n    y",
    "x = %time f(1, 2)": "x = f(1, 2)",
    "x, y = %time f()\n": "x, y = f()\n",
    "%time": "# %time",
    "%time for i in x: print(i)": "for i in x: print(i)",
    "%time !ls": '_nb_shell("ls")',
    "%time %time x": "x",
    "%%time\nx = '''\n!a'''\n!ls\n": "# %%time\nx = '''\n!a'''\n_nb_shell(\"ls\")\n",
    "%%capture --no-stderr out\n%%time\nx": "# %%capture --no-stderr out\n# %%time\nx",
    "%prun -s cumulative -l 5 f(x)": "f(x)",
    "%%prun -q f()\ng()": "f()\ng()",
    "%memit -r 3 f(x)": "f(x)",
    "%%memit\nf(x)": "# %%memit\nf(x)",
    "%lprun -f g -T 'a b' f(x)": "f(x)",
    "%timeit -n 10 -r3 f(x)": "f(x)",
    "%timeit -o [i for i in x]": "[i for i in x]",
    "%timeit y = f(x)": '_nb_once("y = f(x)", globals())',
    "def f():\n  %timeit y = 'a'": ("def f():\n  _nb_once(\"y = 'a'\", {**globals(), **locals()})"),
    "%%timeit\nf(x)": "# %%timeit\nf(x)",
    "%%timeit -n 3 print(1)\nf(x)": "print(1)\nf(x)",
    "%%timeit x = 1\n\ny = '''\na'''\n# b\nfor i in x:\n\tz": (
        "def _nb_timeit():\n\n    x = 1; y = '''\na'''\n    # b\n    for i in x:\n    \tz\n"
        "_nb_timeit(); del _nb_timeit\n"
    ),
    # commands
    "!ls -l": '_nb_shell("ls -l")',
    "!!ls": '_nb_shell("ls")',
    "!ls \\\n  -l \\\n  -a\nx": '_nb_shell("ls    -l    -a")\n\n\nx',
    "!echo 'a' \"b\"": '_nb_shell("echo \'a\' \\"b\\"")',
    "x = !ls": 'x = _nb_lines("ls")',
    "a.b[1], c = !ls \\\n -l": 'a.b[1], c = _nb_lines("ls   -l")\n',
    "x: list = !ls": 'x: list = _nb_lines("ls")',
    "if x == 1: y = !ls": 'if x == 1: y = _nb_lines("ls")',
    "x = \\\n  !ls\ny": 'x = \\\n  _nb_lines("ls")\ny',
    "%sx ls": '_nb_shell("ls")',
    "x = %system ls": 'x = _nb_lines("ls")',
    "%%sx\nls\npwd": '_nb_shell(\n    "ls\\n"\n    "pwd\\n")\n',
    # shell commands that install packages, where they may
    "! [ -e /content ] && pip install -Uqq fastbook": (
        "# ! [ -e /content ] && pip install -Uqq fastbook"
    ),
    "!test -d x || pip install x > /dev/null": "# !test -d x || pip install x > /dev/null",
    "!export A=1 && pip install x && pip list": "# !export A=1 && pip install x && pip list",
    # what is for another place, or for another version
    "%tensorflow_version 2.x": "# %tensorflow_version 2.x",
    "try:\n  %tensorflow_version 2.x\n  x = 1\nexcept Exception:\n  x = 2": (
        'try:\n  raise NameError("only Colab has %tensorflow_version")\n  x = 1\n'
        "except Exception:\n  x = 2"
    ),
    "% matplotlib inline": "# % matplotlib inline",
    "%\ttime x": "x",
    "# a\n\n%matplotlib inline\n%reset -sf\nx = 1": (
        "# a\n\n# %matplotlib inline\n# %reset -sf\nx = 1"
    ),
    "from IPython import get_ipython\nget_ipython().magic('reset -sf')": (
        "from IPython import get_ipython\npass  # %reset -sf"
    ),
    "import IPython\nIPython.get_ipython().run_line_magic('time', 'x')": "import IPython\nx",
    "%dotenv": (
        "import dotenv as _nb_dotenv;"
        ' _nb_dotenv.load_dotenv(_nb_dotenv.find_dotenv(".env", usecwd=True))'
    ),
    "%dotenv -o ../.env": (
        "import dotenv as _nb_dotenv;"
        ' _nb_dotenv.load_dotenv(_nb_dotenv.find_dotenv(".env", usecwd=True), override=True)'
    ),
    "%ls -a": '_nb_shell("ls -F -a")',
    "%lf /tmp": '_nb_shell("ls -F -o /tmp | grep ^-")',
    "%mkdir a": '_nb_shell("mkdir a")',
    "!": "# !",
    # scripts and files
    "%%bash\necho 'a'\n\necho b": (
        '_nb_script("bash",\n    "echo \'a\'\\n"\n    "\\n"\n    "echo b\\n")\n'
    ),
    "%%script false --no-raise-error\nx": '_nb_script("false",\n    "x\\n", check=False)\n',
    "%%bash -s a 'b c'\nx\n": '_nb_script("bash -s a \'b c\'",\n    "x\\n")\n',
    "%%python3\nprint(1)": '_nb_script("python3",\n    "print(1)\\n")\n',
    "%%writefile ../a.txt\nx\n  \n'\\n'": (
        '_nb_write("a.txt",\n    "x\\n"\n    "\\n"\n    "\'\\\\n\'\\n")\n'
    ),
    "%%file -a 'a b'\nx": '_nb_write("notebooks/a b",\n    "x\\n", append=True)\n',
    "%%writefile /a\nx": '_nb_write("/a",\n    "x\\n")\n',
    # environment
    "%env A=b c": '_nb_setenv("A", "b c")',
    "%env A b=c": None,
    "%env A b": '_nb_setenv("A", "b")',
    "%set_env A='b'": '_nb_setenv("A", "\'b\'")',
    "x = %env A": 'x = _nb_getenv("A")',
    "x = %pwd": "x = _nb_pwd()",
    "%cd /tmp": '_nb_cd("/tmp")',
    "%cd -q '~/a b'": '_nb_cd("~/a b")',
    "%cd": '_nb_cd("~")',
    "%run lib.py": 'globals().update(_nb_run("notebooks/lib.py"))',
    "%run ../src/lib a 'b c'": "globals().update(_nb_run(\"src/lib a 'b c'\"))",
    "%aimport a, -b, c.d": "import a, c.d",
    "%pylab --no-import-all inline": (
        "import numpy; import matplotlib; from matplotlib import pylab, mlab, pyplot;"
        " np = numpy; plt = pyplot"
    ),
    "%xdel -n x": "del x",
    # prompts and indentation
    ">>> x = 1\n>>> for i in y:\n...     %time i\n...\n": None,
    ">>> x = 1\n>>> if x:\n...     y = '''\n...   z'''\n": "x = 1\nif x:\n    y = '''\n  z'''\n",
    "In [1]: x = 3\n   ...: y = 4\n": "x = 3\ny = 4\n",
    "  x = 1\n  if x:\n    y": "x = 1\nif x:\n  y",
    # magics without a sign
    "ls": '_nb_shell("ls -F")',
    "ls -l *.txt\n": '_nb_shell("ls -F -l *.txt")\n',
    "pip install foo": "# pip install foo",
    "matplotlib inline": "# matplotlib inline",
    "\ntime f(x)\n": "\nf(x)\n",
    # get_ipython()
    "get_ipython().run_line_magic('matplotlib', 'inline')\nx": "pass  # %matplotlib inline\nx",
    "x = 'ä'; get_ipython().run_line_magic('who', ''); y": "x = 'ä'; pass; y",
    "if x:\n    get_ipython().system('ls')": 'if x:\n    _nb_shell("ls")',
    "get_ipython().magic('%time x')": "x",
    "x = get_ipython().getoutput('ls')": 'x = _nb_lines("ls")',
    "get_ipython().run_line_magic(\n    'time', 'x')\ny": "x\n\ny",
    "get_ipython().run_cell_magic('time', '', 'x = 1\\ny = 2\\n')\n": "# %%time\nx = 1\ny = 2\n",
    "from IPython import get_ipython\nget_ipython().run_line_magic('time', 'x')": (
        "from IPython import get_ipython\nx"
    ),
    # await
    "await f()": "_nb_await(lambda: f())",
    "x = 'ä', await f(\n  1), await (g)  # a": (
        "x = 'ä', _nb_await(lambda: f(\n  1)), _nb_await(lambda: (g))  # a"
    ),
    "[i for i in await f()]": "[i for i in _nb_await(lambda: f())]",
    "if await f():\n    y = -await g() ** 2": (
        "if _nb_await(lambda: f()):\n    y = -_nb_await(lambda: g()) ** 2"
    ),
    "await f(await g())": '_nb_async("await f(await g())", globals())',
    "x\nasync for y in z:\n    await y\nx": (
        'x\n_nb_async("async for y in z:\\n"\n    "    await y", globals())\nx'
    ),
    "[await x for x in y]": '_nb_async("[await x for x in y]", globals())',
    "f'{await x}'": "_nb_async(\"f'{await x}'\", globals())",
    "await f(x := 1)": '_nb_async("await f(x := 1)", globals())',
    "t = asyncio.create_task(f())": '_nb_async("t = asyncio.create_task(f())", globals())',
    "await asyncio.gather(f())": "_nb_await(lambda: asyncio.gather(f()))",
    "%time x = await f()": "x = _nb_await(lambda: f())",
    "def f(x=await g()):\n    return x": "def f(x=_nb_await(lambda: g())):\n    return x",
}


@pytest.mark.parametrize("source", [key for key, value in LAWS.items() if value is not None])
def test_ipython_becomes_python(source):
    done = one(source)
    assert done == LAWS[source]
    assert parse(done) is not None
    assert one(done) == done


def test_values_are_filled_in_where_the_notebook_binds_the_names():
    (first, second, third), faults = translate(
        "import os\nname = 'a'\ndef f(local):\n    !echo $local {name}",
        "!cp {name} $HOME\n!echo $name {os.sep!r} $$ {{x}}\nx = !echo '$name' {name}",
        "!echo $local\n!awk '{print $1}' {name}\n%env A=$name\n%%time",
    )
    assert first.endswith('_nb_shell("echo {} {}".format(local, name))')
    assert second == (
        '_nb_shell("cp {name} $HOME")\n'
        '_nb_shell("echo {} {!r} $$ {{x}}".format(name, os.sep))\n'
        "x = _nb_lines(\"echo '$name' {}\".format(name))"
    )
    assert third.splitlines()[:3] == [
        '_nb_shell("echo $local")',
        "_nb_shell(\"awk '{print $1}' {name}\")",
        '_nb_setenv("A", "{}".format(name))',
    ]
    assert faults == ["3:4: the cell magic %%time is not in the cell's first line"]


def test_values_are_filled_into_the_lines_of_cell_magics():
    (_, script, file), faults = translate(
        "name = 'a'", "%%bash -s $name\nx", "%%writefile {name}.txt\n{name}"
    )
    assert faults == []
    assert script == '_nb_script("bash -s {}".format(name),\n    "x\\n")\n'
    assert file == '_nb_write("{}.txt".format(name),\n    "{name}\\n")\n'


def test_helpers_are_those_that_the_cell_calls():
    cells = [
        Cell(index=1, kind="code", source="!ls"),
        Cell(index=2, kind="code", source="display(1)"),
        Cell(index=3, kind="code", source="%timeit x = display(%time 1)"),
        Cell(index=4, kind="code", source="from IPython.display import display\ndisplay(1)"),
        Cell(index=5, kind="code", source="%timeit x = display(1)\nawait y"),
    ]
    done, _ = to_python(cells, "a.ipynb", in_step=True)
    assert [sorted(cell.helpers) for cell in done] == [
        ["_nb_child", "_nb_shell"],
        ["display"],
        [],
        [],
        ["_nb_await", "_nb_once"],
    ]


def test_a_path_in_a_script_of_its_own_stays_as_it_is():
    assert one("%run lib.py", in_step=False) == 'globals().update(_nb_run("lib.py"))'
    assert one("%cd ..", in_step=False) == '_nb_cd("..")'


REFUSED = {
    "x = 1\n%foo a": "1:2: the magic %foo is not known",
    "%matplotlb inline": "1:1: the magic %matplotlb is not known",
    "%%foo\nx": "1:1: the magic %%foo is not known",
    "\n%%R\nx": "1:2: the magic %%R is not supported",
    "%store x": "1:1: the magic %store is not supported",
    "# a\n%%time\nx": "1:2: the cell magic %%time is not in the cell's first line",
    "%%time\n%%bogus\nx": "1:2: the magic %%bogus is not known",
    "%%time\nx\n%bogus": "1:3: the magic %bogus is not known",
    "%time %bogus": "1:1: the magic %bogus is not known",
    "%%time x\ny": "1:1: '%%time' takes no statement in its own line",
    "%%time": "1:1: the cell of %%time is empty",
    "%time f(1,\n 2)": "1:1: 'f(1,' is not a whole statement",
    "x = %time y = 1": "1:1: the magic %time gives no value that a script has",
    "x = %matplotlib inline": "1:1: the magic %matplotlib gives no value that a script has",
    "x = %timeit -o f()": "1:1: the magic %timeit gives no value that a script has",
    "%timeit -v x f()": "1:1: '%timeit -v' would put a measurement under a name",
    "%timeit -x": "1:1: the option -x of %timeit is not known",
    "%timeit await f()": "1:1: %timeit cannot run 'await', 'return' and 'yield'",
    "%%timeit x = 1\nfor i in x:\n  y = i": (
        "1:1: the setup of '%%timeit' cannot come before the code"
    ),
    "/f x": "1:1: '/f x' is IPython's way to call a function",
    "%%bash --out x\ny": "1:1: the option '--out' is not supported",
    "%%bash --bg\ny": "1:1: the option '--bg' is not supported",
    "%%script\ny": "1:1: the program is missing",
    "!sleep 3 &": "1:1: IPython runs no commands in the background",
    "!pip install x && python y.py": (
        "1:1: the command installs packages, which belong to the project's environment, and more"
    ),
    "!echo x > a.txt && pip install -r a.txt": (
        "1:1: the command installs packages, which belong to the project's environment, and more"
    ),
    "%dotenv a b": "1:1: '%dotenv a b' cannot be read",
    "x = 1\n%reset -f": "1:2: the magic %reset is supported only above all other code",
    "%reset -f in": "1:1: the magic %reset is supported only above all other code",
    "x = 1\nget_ipython().magic('reset -f')": (
        "1:2: the magic %reset is supported only above all other code"
    ),
    "%%px\nx": "1:1: the magic %%px is not supported",
    "import IPython\nIPython.get_ipython().events.register(x)": (
        "1:2: get_ipython() is used in a way that a script cannot follow"
    ),
    "from IPython import get_ipython\nip = get_ipython()\nip.magic('time x')": (
        "1:2: get_ipython() is used in a way that a script cannot follow"
    ),
    "x = !pip install y": "1:1: what an installation prints is used",
    "%pip freeze > a.txt": "1:1: this does more than to install or list packages",
    "%uv run x": "1:1: this does more than to install or list packages",
    "%cd ..": "1:1: '%cd ..' would lead elsewhere: a step runs in the project's root",
    "%cd -": "1:1: '%cd -' depends on where the session has been",
    "%env A b=c": "1:1: the environment variable that is set is unknown",
    "%run -i a.py": "1:1: '%run' with options is not supported",
    "%run a.ipynb": "1:1: '%run a.ipynb' does not name a Python file",
    "%run a.py *.txt": "1:1: patterns name files that are found later",
    "%%writefile a b\nx": "1:1: the path of one file is needed",
    "%%writefile a\n>>> x": "1:1: the cell contains prompts (>>>), which IPython removes",
    "%debug f()": "1:1: '%debug' would run a statement in the debugger",
    "from a import *\n!echo $x": (
        "1:2: it is unknown whether 'x' is a name of the notebook, to be filled in"
    ),
    "!echo {_}": "1:1: '_' is filled in, which only IPython binds",
    "x = 1\n%%sx\necho $x": "1:2: the cell magic %%sx is not in the cell's first line",
    "x = 1\npip install y": "1:2: 'pip' is a magic only if the cell has nothing else",
    "ip = get_ipython()": "1:1: get_ipython() is used in a way that a script cannot follow",
    "get_ipython().run_line_magic('bogus', '')": "1:1: the magic %bogus is not known",
    "x = 1\nprint(_)": "1:2: '_' is what IPython records of its session, and no cell binds it",
    "Out[3]": "1:1: 'Out' is what IPython records of its session, and no cell binds it",
    "def f():\n    return _i2": (
        "1:2: '_i2' is what IPython records of its session, and no cell binds it"
    ),
    "exit": "1:1: 'exit' ends IPython, but not a script",
    "class A:\n    x = await y": "1:1: 'await' in the body of a class is not supported",
    "!ls\n_nb_shell = 1": "1:2: '_nb_shell' is a name that the script needs itself",
    "x = !ls\nprint(x.n)": "1:2: 'x.n' is for IPython's lists, but 'x' is a plain list",
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_a_script_cannot_do_is_refused(source):
    (done,), faults = translate(source)
    assert faults == [REFUSED[source]]
    compile(done, "<cell>", "exec")


def test_all_faults_of_all_cells_are_reported_at_once():
    _, faults = translate("%foo\n%bar", "x = 1", "%%baz\nx")
    assert [fault.partition(": ")[0] for fault in faults] == ["1:1", "1:2", "3:1"]


def test_what_capture_catches_may_not_be_read():
    assert translate("%%capture out\nf()", "out = 1")[1] == []
    for reader in ("print(out)", "!echo {out.stdout}", "!echo $out"):
        _, faults = translate("%%capture out\nf()", reader)
        assert faults == ["1:1: 'out' is what '%%capture' caught, and another cell reads it"]


def test_names_that_another_cell_binds_are_the_notebooks():
    sources = ["ls", "_, display, In = 1, 2, 3", "_ + In", "def f():\n    return display"]
    assert translate("x = 1", *sources[1:]) == (["x = 1", *sources[1:]], [])
    assert translate("ls", "ls = 2")[0] == ["ls", "ls = 2"]
    assert translate("ls\n", "from a import *")[0] == ["ls\n", "from a import *"]


# With IPython as the judge.

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
    by_us = eval(fill(text, Names(frozenset(values))), dict(values))
    assert by_us == shell.var_expand(text)


@pytest.mark.parametrize("text", ["$_", "{_}", "$In", "{Out[1]}", "{get_ipython()}"])
def test_what_ipython_alone_could_fill_in_is_refused(text):
    with pytest.raises(Refused):
        fill(text, Names())


# What comes of it, run.


def run(tmp_path, *sources, in_step=False):
    cells = [Cell(index=i, kind="code", source=text) for i, text in enumerate(sources, start=1)]
    done, faults = to_python(cells, "notebooks/a.ipynb", in_step=in_step)
    assert faults == []
    helpers = helper_source({name for cell in done for name in cell.helpers})
    script = tmp_path / "script.py"
    script.write_text("\n\n".join([helpers, *(cell.source for cell in done)]), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-S", str(script)], cwd=tmp_path, capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode()


def test_commands_run(tmp_path):
    sources = [
        "name = 'a b'\nfor i in range(2):\n    !echo {i} \"$name\" \\; echo $((1 + 1))",
        "%env WORD=$name\nx = !echo $WORD; echo c >&2\nprint(x)\n!exit 3",
        "%%bash -s '$name' $name\necho $1 $3",
        "%%script false --no-raise-error\nx",
        "%%python3\nprint('''\n   \n''')",
    ]
    assert run(tmp_path, *sources) == (
        "0 a b ; echo 2\n1 a b ; echo 2\n['a b', 'c']\n$name b\n\n\n\n"
    )


def test_files_are_written_and_run(tmp_path):
    (tmp_path / "notebooks").mkdir()
    sources = [
        "%%writefile lib.py\nimport sys\ns = '''a\\n\n{b}'''\n\nprint(sys.argv[1:])",
        "%run lib.py x 'y z'\nprint([s])\n%xdel s\nprint('s' in globals())",
    ]
    assert run(tmp_path, *sources, in_step=True) == "['x', 'y z']\n['a\\n\\n{b}']\nFalse\n"
    assert (tmp_path / "notebooks" / "lib.py").is_file()


def test_statements_that_wait_run(tmp_path):
    sources = [
        "import asyncio\nasync def f():\n  for x in 'ab':\n    await asyncio.sleep(0)\n    yield x",
        'async for _ in f():\n    print(_, """c\n  d""")\n    display(_)\n    !echo $_\nprint(_)',
        "found = [x async for x in f()]\nasync def g():\n  return 'g'",
        "print(found, f'{await g()}')",
        "task = asyncio.create_task(g())\nboth = asyncio.gather(g(), task)\ntask.done()",
        "async with asyncio.timeout(5), asyncio.Lock() as lock:\n    y = await both",
        "print(y, lock, task.done(), (await asyncio.gather(g(), g())))",
        "import traceback",
        "try:\n  async for x in f():\n    1 / 0\nexcept Exception:\n  e = traceback.format_exc()",
        "print('    1 / 0' in e)",
    ]
    assert run(tmp_path, *sources) == (
        "a c\n  d\n'a'\na\nb c\n  d\n'b'\nb\nb\n['a', 'b'] g\n"
        "['g', 'g'] None True ['g', 'g']\nTrue\n"
    )


def test_waiting_and_timing_run(tmp_path):
    sources = [
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0.01)\n    return x",
        "async def start():\n    return asyncio.create_task(f(3))\ntask = await start()",
        "print(await task + await f(4), [x for x in await f('ab')])",
        "x = 1\n%timeit x = 2\n%timeit -n1 print('once')",
        "%%timeit y = [1]\nx = '''a\nb'''\nprint(y, x)",
        "print(x, 'y' in globals(), '_nb_timeit' in globals())\ndisplay('a')",
    ]
    assert run(tmp_path, *sources) == "7 ['a', 'b']\nonce\n[1] a\nb\n1 False False\n'a'\n"


KERNEL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
cells, names = json.loads(sys.stdin.read())
for cell in cells:
    assert shell.run_cell(cell).success, cell
print("\\nVALUES", json.dumps({name: repr(shell.user_ns.get(name)) for name in names}))
"""
SAME = [
    "a = 'A b'\nx = !echo \"{a}\" $a '$a' $$a {{a}} {a!r}\ny = !echo '{a}' | tr a-z A-Z; false",
    "%env NB_TEST=$a\nz = %env NB_TEST\n%set_env NB_C 'c'\nimport os\nc = os.environ['NB_C']",
    "%time t = '''%x'''\nu = %time t * 2\n%prun -q v = [t]\n%timeit -n1 -r1 -q a = 0",
    "%%timeit -n1 -r1 -q w = 0\nw += 1\na = w",
    "%%capture\nb = 'caught'\nprint(b)\n!exit 3",
    "  d = 1\n  if d:\n    %time e = 2\n    e = !printf 'x y\\nz'",
    ">>> f = '''\n... %y\n... '''\n>>> %time g = f\n",
    "%%writefile nb_test.txt\nä\n\n  {a}\\n '\"",
    "with open('nb_test.txt') as file:\n    h = file.read()",
    "%%writefile -a nb_test.txt\n \nend",
    "i = !cat nb_test.txt",
    '%%bash -s $a "q r"\necho "$1-$3" > nb_test.txt',
    "j = !cat nb_test.txt",
    "import asyncio\nasync def p(x):\n    await asyncio.sleep(0)\n    return x",
    "q = await p(3), [x for x in await p('ab')]",
    "s = [1] # ?\ns?\n%xdel s",
    "def k(n):\n    m = !echo {n} $n\n    return m\nm = k(7)",
    "n = !echo $UNBOUND {print} {a}",
]
SAME_WITH_RUN = [
    "a = 3",
    "%%file nb_test.py\nimport sys\n_k, l = sys.argv[1:]\n__name__",
    "%run nb_test 'm n' {a!s}\no = __name__",
]


@pytest.mark.parametrize("cells", [SAME, SAME_WITH_RUN], ids=["", "run"])
def test_scripts_leave_the_values_that_ipython_leaves(tmp_path, cells):
    pytest.importorskip("IPython")
    names = [*"abcdefhijlmnoqstuvwxyz", "_k"]
    kernel, script = tmp_path / "kernel", tmp_path / "script"
    kernel.mkdir()
    script.mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", KERNEL],
        input=json.dumps([cells, names]).encode(),
        cwd=kernel,
        env={**os.environ, "SHELL": "/bin/bash", "IPYTHONDIR": str(kernel)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout.decode() + ended.stderr.decode()
    expected = json.loads(ended.stdout.decode().rpartition("VALUES")[2])
    show = f"print({{name: repr(globals().get(name)) for name in {names}}})"
    assert ast.literal_eval(run(script, *cells, show).splitlines()[-1]) == expected


# Laws for all cells.

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
        *("!ls $a 'b'\n", "x = 'a'\n", "%time x\n", "(", "f'{", "'''", "x = !ls\n", "await f()\n"),
        *("'", "{a}$b", "%time ", "foo?\n", "!echo ${a} {", "[f'{x}',\n", "\\\n", "%x \\\n", "a"),
    ],
)
def test_time_grows_with_the_cell(unit):
    source = unit * (100_000 // len(unit))
    began = time.perf_counter()
    translate(f"!ls\n{source}")
    assert time.perf_counter() - began < 15


def test_time_grows_with_the_number_of_cells():
    cells = [f"x{i} = f(x{i - 1})\n%time y{i} = x{i}\nl{i} = !echo {{x{i}}}" for i in range(600)]
    began = time.perf_counter()
    translate(*cells)
    assert time.perf_counter() - began < 8


def test_a_session_is_reset_only_where_nothing_has_run():
    assert translate("%reset -f", "x = 1")[1] == []
    assert translate("x = 1", "%reset -f")[1] == [
        "2:1: the magic %reset is supported only above all other code"
    ]


def test_lines_keep_their_numbers():
    done = one("%config a \\\n b\n!ls \\\n -l\n%time x\nfoo?\nmarker = 1\n")
    assert done.split("\n").index("marker = 1") == 6
