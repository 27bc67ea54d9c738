"""Cells with what is IPython's, and what becomes of them; the tests of translation share them."""

from nbsnake.ipython.translation import to_python
from nbsnake.model.step import Cell


def translate(*sources, path="notebooks/a.ipynb", in_step=True):
    """The new sources, and the faults as 'cell:line: message'."""
    cells = [
        Cell(index=i, kind="code", source=text, count=i) for i, text in enumerate(sources, start=1)
    ]
    done, faults, *_ = to_python(cells, path, in_step=in_step)
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
    "t = asyncio.create_task(f())",
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
    "%run -p -l 5 lib.py": 'globals().update(_nb_run("notebooks/lib.py"))',
    "%run -i -n lib.py a": '_nb_run_as("notebooks/lib.py a", name="lib", space=globals())',
    "%run -e lib.py": 'globals().update(_nb_run_as("notebooks/lib.py", ignore_exit=True))',
    "%run -m lib a": 'globals().update(_nb_run_module("lib a"))',
    "%run -G lib.py *.txt": 'globals().update(_nb_run("notebooks/lib.py *.txt"))',
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
    "x\nget_ipython().run_cell_magic('time', '', 'y = 1\\nz')": "x\n# %%time\ny = 1\nz",
    "if x:\n  get_ipython().run_cell_magic('html', '', '<b>')\n  y": (
        "if x:\n  # %%html\n  # <b>\n  pass\n  y"
    ),
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
    "await asyncio.gather(f())": "_nb_await(lambda: asyncio.gather(f()))",
    "%time x = await f()": "x = _nb_await(lambda: f())",
    "def f(x=await g()):\n    return x": "def f(x=_nb_await(lambda: g())):\n    return x",
}

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
    "%time f(1,\n 2)": (
        "1:1: the magic %time ends with its line, and 'f(1,' is not a whole statement"
    ),
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
    "%run -d a.py": ("1:1: '%run -d' starts the debugger, which waits for someone at a keyboard"),
    "%run -N3 -t a.py": "1:1: '%run -N' would run the file several times",
    "%run -p -D prof a.py": "1:1: '%run -p' would write its profile into a file",
    "%run -x a.py": "1:1: the option -x of %run is not known",
    "%run": "1:1: '%run' names no file",
    "%run a.ipy": "1:1: '%run a.ipy' runs a file of IPython's own syntax",
    "%run a.ipynb": "1:1: the notebook 'a.ipynb' is not known",
    "if x:\n    %run a.ipynb": "1:2: '%run a.ipynb' is inside a block, where its cells cannot be",
    "x = 1\n%run $x": "1:2: the file of '%run $x' is known only when the line runs",
    "%run a.py *.txt": "1:1: patterns name files that are found later",
    "%%writefile a b\nx": "1:1: the path of one file is needed",
    "%%writefile a\n>>> x": "1:1: the cell contains prompts (>>>), which IPython removes",
    "%debug f()": "1:1: '%debug' would run a statement in the debugger",
    "x = 1\n%%sx\necho $x": "1:2: the cell magic %%sx is not in the cell's first line",
    "x = 1\npip install y": "1:2: 'pip' is a magic only if the cell has nothing else",
    "ip = get_ipython()": "1:1: get_ipython() is used in a way that a script cannot follow",
    "get_ipython().run_line_magic('bogus', '')": "1:1: the magic %bogus is not known",
    "!echo {get_ipython()}": "1:1: 'get_ipython' is filled in, which only IPython binds",
    "_exit_code": "1:1: '_exit_code' is what IPython records of its session, and no cell binds it",
    "Out[3]": "1:1: 'Out[3]' is no result when all cells run in order: there are 1",
    "_1": "1:1: '_1' is the result of cell 1, which runs later",
    "def f():\n    return _i2": (
        "1:2: '_i2' is what IPython records of its session, and no cell binds it"
    ),
    "exit": "1:1: 'exit' ends IPython, but not a script",
    "class A:\n    x = await y": "1:1: 'await' in the body of a class is not supported",
    "!ls\n_nb_shell = 1": "1:2: '_nb_shell' is a name that the script needs itself",
    "x = !ls\nprint(x.n)": "1:2: 'x.n' is for IPython's lists, but 'x' is a plain list",
}
