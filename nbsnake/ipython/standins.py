"""What scripts carry to do without IPython.

Each function is self-contained: what it needs is imported in its body, or is another one of these.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from nbsnake.ipython.kernelcalls import KERNEL_CALLS
from nbsnake.ipython.kernelstandins import KERNEL_STANDINS, _nb_await


def display(*values: object, **options: object) -> None:
    """Print each value as Python writes it; how to display it is IPython's business."""
    for value in values:
        print(repr(value))


def _nb_child(words: list[str], text: str, merged: bool) -> int:
    """Run a program on a text, its output in order with ours; its exit code."""
    import subprocess
    import sys

    sys.stdout.flush()
    sys.stderr.flush()
    if sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__:
        return subprocess.run(words, input=text.encode(), check=False).returncode
    errors = subprocess.STDOUT if merged else subprocess.PIPE
    done = subprocess.run(
        words, input=text.encode(), stdout=subprocess.PIPE, stderr=errors, check=False
    )
    sys.stdout.write(done.stdout.decode(errors="replace"))
    sys.stderr.write((done.stderr or b"").decode(errors="replace"))
    return done.returncode


def _nb_run_as(
    line: str,
    space: dict[str, object] | None = None,
    name: str = "__main__",
    ignore_exit: bool = False,
) -> dict[str, object]:
    """Run a Python file in a namespace, or under a name; the names that it leaves."""
    import os
    import shlex
    import sys

    path, *arguments = map(os.path.expanduser, shlex.split(line))
    if not os.path.isfile(path) and os.path.isfile(path + ".py"):
        path += ".py"
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    names: dict[str, object] = {} if space is None else space
    saved = sys.argv, names.get("__name__")
    sys.argv = [path, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    names.update(__name__=name, __file__=path)
    try:
        exec(code, names)  # noqa: S102  (this is what %run is for)
    except SystemExit as end:
        if end.code and not ignore_exit:
            raise
    finally:
        sys.argv, names["__name__"] = saved
        sys.path.pop(0)
    return {key: value for key, value in names.items() if not key.startswith("__")}


def _nb_run_module(line: str) -> dict[str, object]:
    """Run a module with arguments, as a program; the names that it leaves."""
    import runpy
    import shlex
    import sys

    module, *arguments = shlex.split(line)
    saved = sys.argv
    sys.argv = [module, *arguments]
    try:
        names = runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sys.argv = saved
    return {key: value for key, value in names.items() if not key.startswith("__")}


def _nb_filled(text: str, fill: Callable[[], str]) -> str:
    """The text with its values filled in; as it is where one has none, as in IPython."""
    try:
        return fill()
    except Exception:
        return text


def _nb_shell(command: str) -> None:
    """Run a shell command; its failure is reported, but does not end the script."""
    import sys

    code = _nb_child(["bash", "-c", command], "", True)
    if code:
        print(f"exit code {code}: !{command}", file=sys.stderr)


def _nb_lines(command: str) -> list[str]:
    """Run a shell command; the lines that it prints."""
    import subprocess
    import sys

    sys.stdout.flush()
    sys.stderr.flush()
    done = subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        print(f"exit code {done.returncode}: !{command}", file=sys.stderr)
    return done.stdout.decode(errors="replace").splitlines()


def _nb_script(program: str, text: str, check: bool = True) -> None:
    """Hand a text to a program; raise CalledProcessError if it fails, unless not to check."""
    import shlex
    import subprocess

    words = shlex.split(program)
    code = _nb_child(words, text, False)
    if code and check:
        raise subprocess.CalledProcessError(code, words)


def _nb_write(path: str, text: str, append: bool = False) -> None:
    """Write a text to a file, or add it at the file's end."""
    import os

    with open(os.path.expanduser(path), "a" if append else "w", encoding="utf-8") as file:
        file.write(text)


def _nb_cd(path: str) -> None:
    """Change the working directory."""
    import os

    os.chdir(os.path.expanduser(path))


def _nb_pwd() -> str:
    """The working directory."""
    import os

    return os.getcwd()


def _nb_setenv(name: str, value: str) -> None:
    """Set an environment variable."""
    import os

    os.environ[name] = value.strip()


def _nb_getenv(name: str) -> str:
    """The value of an environment variable."""
    import os

    return os.environ[name]


def _nb_run(line: str) -> dict[str, object]:
    """Run a Python file with arguments, as a program of its own; the names that it leaves."""
    import os
    import shlex
    import sys
    import types

    path, *arguments = map(os.path.expanduser, shlex.split(line))
    if not os.path.isfile(path) and os.path.isfile(path + ".py"):
        path += ".py"
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    program = types.ModuleType("__main__")
    program.__file__ = path
    own = {*vars(program), "__annotations__", "__annotate__", "__builtins__"}
    saved = sys.argv, sys.modules["__main__"]
    folder = os.path.dirname(os.path.abspath(path))
    sys.argv = [path, *arguments]
    sys.modules["__main__"] = program
    sys.path.insert(0, folder)
    try:
        exec(code, vars(program))  # noqa: S102  (this is what %run is for)
    except SystemExit as end:
        if end.code:
            raise
    finally:
        sys.argv, sys.modules["__main__"] = saved
        if folder in sys.path:
            sys.path.remove(folder)
    return {name: value for name, value in vars(program).items() if name not in own}


def _nb_out(number: int, value: object) -> None:
    """Keep the result of a cell as IPython does: as _, as _1 and in Out; None is no result."""
    kept = vars(_nb_out).setdefault("kept", ["", "", ""])
    names = ("_", "__", "___")
    space = globals()
    if value is not None:
        is_own = all(space.get(name, old) is old for name, old in zip(names, kept, strict=True))
        kept[:] = [value, *kept[:2]]
        if is_own:  # the notebook has bound none of them to something else
            space.update(zip(names, kept, strict=True))
        space["Out"][number] = space[f"_{number}"] = value


def _nb_once(code: str, names: dict[str, object]) -> None:
    """Run some code once, in a function, so that what it binds does not stay."""
    scope: dict[str, Callable[[], None]] = {}
    exec(f"def once():\n    {code}\n", names, scope)  # noqa: S102  (the notebook's own code)
    scope["once"]()


def _nb_async(code: str, names: dict[str, object]) -> None:
    """Run a statement inside the event loop of all cells, as Jupyter does; it may wait."""
    import ast
    import sys
    from collections.abc import Awaitable

    place = sys._getframe(1)  # noqa: SLF001
    text = "\n" * (place.f_lineno - 1) + code  # so that tracebacks show its lines
    ready = compile(text, place.f_code.co_filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    async def run() -> None:
        found = eval(ready, names)  # noqa: S307  (the notebook's own code)
        if isinstance(found, Awaitable):
            await found

    _nb_await(run)


_ALL: tuple[Callable[..., object], ...] = (
    *(
        display,
        _nb_async,
        _nb_cd,
        _nb_child,
        _nb_filled,
        _nb_getenv,
        _nb_lines,
        _nb_once,
        _nb_out,
        _nb_pwd,
        _nb_run,
        _nb_run_as,
        _nb_run_module,
    ),
    *(_nb_script, _nb_setenv, _nb_shell, _nb_write),
    *KERNEL_STANDINS,
    *KERNEL_CALLS,
)
HELPERS: Mapping[str, Callable[..., object]] = {each.__name__: each for each in _ALL}


def needed(names: Iterable[str]) -> frozenset[str]:
    """These functions and those that they call in turn."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _calls(name)
    return frozenset(found)


def helper_source(names: Iterable[str]) -> str:
    """The source of these functions and of all that they call, for a script's prelude."""
    return "\n\n".join(_source(name) for name in sorted(needed(names)))


@cache
def _calls(name: str) -> frozenset[str]:
    tree = ast.parse(_source(name))
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return frozenset(read & HELPERS.keys() - {name})


@cache
def _source(name: str) -> str:
    """A function's source without annotations, which scripts have no imports for."""
    text = re.sub(r"  # (?:noqa|type:).*", "", inspect.getsource(HELPERS[name]))
    lines = text.splitlines(keepends=True)
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)]
    for node in functions:
        lines[node.lineno - 1 : node.body[0].lineno - 1] = [_header(node)]
    return re.sub(r"^( +\w+): [^=\n]+ = ", r"\1 = ", "".join(lines), flags=re.MULTILINE)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _header(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    return f"{' ' * node.col_offset}{word} {node.name}({ast.unparse(node.args)}):\n"
