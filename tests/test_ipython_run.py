"""What translated cells do when they run; IPython gives the same values."""

import ast
import json
import os
import subprocess
import sys

import pytest

from nbsnake.ipython.standins import helper_source
from nbsnake.ipython.translation import to_python
from nbsnake.model.step import Cell


def run(tmp_path, *sources, in_step=False):
    cells = [
        Cell(index=i, kind="code", source=text, count=i) for i, text in enumerate(sources, start=1)
    ]
    done, faults, *_ = to_python(cells, "notebooks/a.ipynb", in_step=in_step)
    assert faults == []
    helpers = helper_source({name for cell in done for name in cell.helpers})
    script = tmp_path / "script.py"
    texts = ["\n".join([*cell.above, cell.source, *cell.below]) for cell in done]
    script.write_text("\n\n".join([helpers, *texts]), encoding="utf-8")
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


def test_a_loop_is_running_as_in_jupyter(tmp_path):
    sources = [
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x",
        "loop = asyncio.get_event_loop()\nprint(loop.is_running())",
        "def g(run):\n    try: return run(f(1))\n    except RuntimeError as e: return str(e)",
        "import warnings; warnings.simplefilter('ignore')",
        "print(g(asyncio.run))\nprint(g(loop.run_until_complete))",
        "task = loop.create_task(f(3))\nprint(task.done())",
        "print(task.done(), await task, await f(4))",
        "import threading\nthread = threading.Thread(target=lambda: print(asyncio.run(f(5))))",
        "thread.start()\nthread.join()\nprint(asyncio.get_running_loop() is loop)",
    ]
    assert run(tmp_path, *sources) == (
        "True\nasyncio.run() cannot be called from a running event loop\n"
        "This event loop is already running\nFalse\nTrue 3 4\n5\nTrue\n"
    )


@pytest.mark.parametrize(
    ("sources", "printed"),
    [
        (["5", "1 + 1", "print(_1, _2, Out[2])"], "5 2 2\n"),
        (["5", "None", "_ + 1", "x = _ * 2", "print(x, _, __, Out)"], "12 6 5 {1: 5, 3: 6}\n"),
        (["1", "for _ in 'abc': pass", "99", "print(_, Out)"], "c {1: 1, 3: 99}\n"),
        (["1", "print(_)", "_ = 7", "8", "print(_)"], "1\n7\n"),
        (["6 # ;", "7; # x", "print(_)"], "6\n"),
        (["(1,\n 2)", "1, 2", "print(_, Out)"], "(1, 2) {1: (1, 2), 2: (1, 2)}\n"),
        (["def f(): return _", "7", "print(f())"], "7\n"),
        (["%time 3 + 4", "%timeit 8", "print(_)"], "7\n"),
        (["%%time\ny = 1\ny + 10", "print(_)"], "11\n"),
        (["3", "%%timeit -n1 -r1 -q\n8", "print(_, Out)"], "3 {1: 3}\n"),
        (["5", "!echo {_} $_1"], "5 5\n"),
        (["3", "4", "del _", "6", "print(_, __)"], "6 4\n"),
        (["x = 1", "print(In[1], len(In), [In[0]], _i, _i1)"], "x = 1 3 [''] x = 1 x = 1\n"),
    ],
)
def test_results_of_cells_are_kept_as_ipython_keeps_them(sources, printed, tmp_path):
    assert run(tmp_path, *sources) == printed


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
