"""What scripts carry: each function alone, run as a script runs it."""

import ast
import os
import subprocess
import sys

import pytest

from nbsnake.ipython.standins import HELPERS, helper_source, needed


def run(tmp_path, name, code, **environment):
    """What a script with this helper does, by exit code, output and errors."""
    script = tmp_path / "script.py"
    script.write_text(f"{helper_source([name])}\n\n{code}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("name", HELPERS)
def test_source_stands_alone_and_is_without_annotations(name):
    tree = ast.parse(helper_source([name]))
    assert [node.name for node in tree.body] == sorted(needed([name]))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.returns is None
        if isinstance(node, ast.arg):
            assert node.annotation is None
    assert "noqa" not in helper_source([name])


def test_helpers_come_sorted_and_with_what_they_call():
    assert needed(["_nb_shell"]) == {"_nb_shell", "_nb_child"}
    source = helper_source(["_nb_write", "_nb_shell"])
    names = [node.name for node in ast.parse(source).body]
    assert names == ["_nb_child", "_nb_shell", "_nb_write"]
    assert helper_source([]) == ""


def test_display_prints_each_value(tmp_path):
    assert run(tmp_path, "display", "display(1, 'a', metadata={})") == (0, "1\n'a'\n", "")


def test_a_command_prints_in_order_and_its_failure_is_reported(tmp_path):
    code = "print('a')\n_nb_shell('echo b; echo c >&2; exit 3')\nprint('d')"
    assert run(tmp_path, "_nb_shell", code) == (
        0,
        "a\nb\nd\n",
        "c\nexit code 3: !echo b; echo c >&2; exit 3\n",
    )


def test_a_command_reads_no_input_and_is_read_by_bash(tmp_path):
    assert run(tmp_path, "_nb_shell", "_nb_shell('cat; echo {1..3}')")[1] == "1 2 3\n"


def test_redirected_output_catches_commands(tmp_path):
    code = (
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()) as caught:\n"
        "    _nb_shell('echo a; echo b >&2')\n"
        "print([caught.getvalue()])"
    )
    assert run(tmp_path, "_nb_shell", code) == (0, "['a\\nb\\n']\n", "")


def test_lines_hold_errors_as_well(tmp_path):
    code = "print(_nb_lines('echo a; echo b >&2; echo; false'))"
    assert run(tmp_path, "_nb_lines", code) == (
        0,
        "['a', 'b', '']\n",
        "exit code 1: !echo a; echo b >&2; echo; false\n",
    )


def test_a_script_gets_its_text_and_arguments(tmp_path):
    code = "print('a')\n_nb_script('bash -s \"x y\"', 'echo $1\\necho ü >&2\\n')"
    assert run(tmp_path, "_nb_script", code) == (0, "a\nx y\n", "ü\n")


def test_a_failing_script_raises_unless_it_need_not_be_checked(tmp_path):
    code, _, err = run(tmp_path, "_nb_script", "_nb_script('bash', 'exit 3\\n')")
    assert code == 1
    assert "CalledProcessError" in err
    assert run(tmp_path, "_nb_script", "_nb_script('bash', 'exit 3\\n', check=False)")[0] == 0


def test_files_are_written_and_added_to(tmp_path):
    code = "_nb_write('a', 'ä\\n')\n_nb_write('a', 'b', append=True)\n_nb_write('~/c', 'd')"
    assert run(tmp_path, "_nb_write", code, HOME=str(tmp_path)) == (0, "", "")
    assert (tmp_path / "a").read_bytes() == "ä\nb".encode()
    assert (tmp_path / "c").read_bytes() == b"d"


def test_folder_and_environment(tmp_path):
    (tmp_path / "sub").mkdir()
    code = "_nb_cd('~/sub')\nimport os\nprint(os.getcwd())"
    assert run(tmp_path, "_nb_cd", code, HOME=str(tmp_path))[1] == f"{tmp_path}/sub\n"
    assert run(tmp_path, "_nb_pwd", "print(_nb_pwd())")[1] == f"{tmp_path}\n"
    code = "_nb_setenv('A', ' b ')\nimport os\nprint([os.environ['A']])"
    assert run(tmp_path, "_nb_setenv", code)[1] == "['b']\n"
    assert run(tmp_path, "_nb_getenv", "print(_nb_getenv('A'))", A="x")[1] == "x\n"
    assert run(tmp_path, "_nb_getenv", "_nb_getenv('NOT_THERE')")[0] == 1


PROGRAM = """\
import sys, lib
print(__name__, sys.argv, lib.there)
_private, public = 1, 2
def f():
    return public
class C: pass
if __name__ == "__main__":
    sys.exit(0)
"""


def test_a_file_runs_as_a_program_and_leaves_its_names(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "prog.py").write_text(PROGRAM)
    (tmp_path / "sub" / "lib.py").write_text("there = True")
    code = (
        "import sys, pickle\n"
        "before = sys.argv, sys.path[:], sys.modules['__main__']\n"
        "globals().update(_nb_run('sub/prog x \"y z\"'))\n"
        "print(_private, public, f(), __name__, type(pickle.loads(pickle.dumps(C()))) is C)\n"
        "print(before == (sys.argv, sys.path, sys.modules['__main__']), __file__[-9:])"
    )
    assert run(tmp_path, "_nb_run", code) == (
        0,
        "__main__ ['sub/prog.py', 'x', 'y z'] True\n1 2 2 __main__ True\nTrue script.py\n",
        "",
    )


def test_a_program_that_fails_ends_the_script(tmp_path):
    (tmp_path / "prog.py").write_text("raise SystemExit(3)")
    assert run(tmp_path, "_nb_run", "_nb_run('prog.py')")[0] == 3


def test_code_runs_once_and_leaves_no_names(tmp_path):
    code = "y = [1]\n_nb_once('x = 2; y.append([x for _ in y])', globals())\n"
    code += "print(y, 'x' in globals())"
    assert run(tmp_path, "_nb_once", code) == (0, "[1, [2]] False\n", "")
    code = "def f(z):\n    _nb_once('a = z; print(a)', {**globals(), **locals()})\nf(3)"
    assert run(tmp_path, "_nb_once", code) == (0, "3\n", "")


def test_all_waiting_shares_one_loop(tmp_path):
    code = (
        "import asyncio\n"
        "async def start():\n"
        "    return asyncio.get_running_loop(), asyncio.create_task(asyncio.sleep(0.01, 'done'))\n"
        "loop, task = _nb_await(lambda: start())\n"
        "never = _nb_await(lambda: start())\n"
        "_nb_await(lambda: asyncio.sleep(0))\n"
        "print(_nb_await(lambda: task), loop is never[0])"
    )
    assert run(tmp_path, "_nb_await", code) == (0, "done True\n", "")
