"""Runs a notebook's script once, and reports which files it really reads and writes.

The standard library only, and a program of its own: ``python probe.py SCRIPT REPORT ROOT``, in the
notebook's folder. Three witnesses see different things: the arguments of the script's own calls
that name files (also those that libraries open in C), Python's audit events, and a look at all
files of the project before and after.
"""

import ast
import builtins
import json
import os
import sys
from typing import Any

MOST_ITEMS = 200  # of a list of paths
LONGEST = 300  # characters of a path
LEFT_OUT = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env"})
_UNWRAPPED = frozenset({"super", "locals", "globals", "vars", "dir", "eval", "exec", "_set_up"})
NAME = "_nbsnake_probe"


def snapshot(root: str) -> dict[str, tuple[int, int, int]]:
    """The files of the project with what changes when they are written; hidden ones left out."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if name[0] != "." and name not in LEFT_OUT
            if not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        ]
        for name in files:
            path = os.path.join(folder, name)
            state = state_of(path)
            if state is not None and name[0] != ".":
                found[path] = state
    return found


def state_of(path: str) -> "tuple[int, int, int] | None":
    """When and how a file was written last, None for no file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


class Probe:
    """What a run does with the files below ``root``; paths are absolute until they are reported."""

    def __init__(self, root: str) -> None:
        self.root = root + os.sep
        self.reads: dict[str, None] = {}
        self.writes: dict[str, None] = {}
        self.calls: list[dict[str, Any]] = []

    def inside(self, path: str) -> str:
        """The path as an absolute one, "" for one outside of the project or of a tool."""
        full = os.path.abspath(path)
        below = full[len(self.root) :].split(os.sep) if full.startswith(self.root) else []
        is_own = below and not any(part[:1] == "." or part in LEFT_OUT for part in below)
        return full if is_own else ""

    def paths_in(self, value: Any) -> "list[str]":
        """The paths of the project in an argument: a text, a Path, or a list of them."""
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if isinstance(value, str):
            is_short = 0 < len(value) < LONGEST and "\n" not in value and "\0" not in value
            found = self.inside(value) if is_short else ""
            return [found] if found else []
        if isinstance(value, list | tuple) and len(value) < MOST_ITEMS:
            return [path for each in value for path in self.paths_in(each)]
        return []

    def call(self, line: int, column: int, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A call of the script, by its place."""
        owner = getattr(function, "__self__", None)
        given = [*enumerate(args), *kwargs.items()]
        if isinstance(owner, os.PathLike):
            given.append(("self", owner))
        named = [(key, value, path) for key, value in given for path in self.paths_in(value)]
        before = {path: state_of(path) for _, _, path in named}
        result = function(*args, **kwargs)
        for key, value, path in named:
            after = state_of(path)
            if after is None or os.path.isdir(path):
                continue
            if after != before[path]:
                self.writes.setdefault(path)
            elif path not in self.writes:
                self.reads.setdefault(path)
            single = isinstance(value, str | os.PathLike)
            kind = "str" if isinstance(value, str) else "path" if single else "list"
            self.calls.append(
                {"place": [line, column], "argument": key, "path": path, "kind": kind}
            )
        return result

    def hear(self, event: str, arguments: "tuple[Any, ...]") -> None:
        """An audit hook: it must not raise."""
        if event != "open" or not isinstance(arguments[0], str):
            return
        path, mode, flags = arguments
        full = self.inside(path)
        if not full or full.endswith((".py", ".pyc", ".so")):
            return
        writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            self.writes.setdefault(full)
        elif full not in self.writes:
            self.reads.setdefault(full)


class Wrapper(ast.NodeTransformer):
    """Lets each call of the script go through the probe."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Wrap a call, unless it looks at its own frame."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _UNWRAPPED:
            return node
        place = [ast.Constant(node.lineno), ast.Constant(node.col_offset)]
        probe = ast.Name(NAME, ast.Load())
        new = ast.Call(probe, [*place, node.func, *node.args], node.keywords)
        return ast.copy_location(new, node)


def report(probe: Probe, before: "dict[str, Any]", after: "dict[str, Any]") -> "dict[str, Any]":
    """What the run read and wrote, as paths from the root, and the modules that it used."""

    def short(path: str) -> str:
        return path[len(probe.root) :].replace(os.sep, "/")

    writes = [path for path in (*probe.writes, *after) if path in after]
    changed = {path for path in writes if after[path] != before.get(path)}
    reads = [path for path in probe.reads if path in before and os.path.isfile(path)]
    files = [getattr(module, "__file__", None) for module in [*sys.modules.values()]]
    modules = {file for file in files if isinstance(file, str) and probe.inside(file)}
    return {
        "read": sorted({short(path) for path in reads} - {short(path) for path in modules}),
        "wrote": sorted(map(short, changed)),
        "calls": [{**each, "path": short(each["path"])} for each in probe.calls],
        "modules": sorted(map(short, modules)),
    }


def main() -> None:
    """Run the script, and write the report whatever becomes of it."""
    script, place, root = sys.argv[1:4]
    probe = Probe(os.path.realpath(root))
    before = snapshot(probe.root.rstrip(os.sep))
    with open(script, encoding="utf-8", newline="") as file:
        tree = Wrapper().visit(ast.parse(file.read()))
    code = compile(ast.fix_missing_locations(tree), script, "exec")
    setattr(builtins, NAME, probe.call)
    sys.argv = [script]
    if not sys.flags.safe_path:
        sys.path.pop(0)  # the probe's own folder
    sys.path.insert(0, os.path.dirname(os.path.realpath(script)))
    names = vars(sys.modules["__main__"])
    own = {"__name__": "__main__", "__builtins__": builtins, "__file__": script}
    sys.addaudithook(probe.hear)
    failure = ""
    try:
        names.clear()
        names.update(own)
        exec(code, names)  # noqa: S102  (the notebook, which the user asked to run)
    except SystemExit:
        pass
    except BaseException as error:
        import traceback  # only for a failure

        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == script]
        failure = f"{type(error).__name__}: {error}"
        line = lines[-1] if lines else 0
    else:
        line = 0
    found = report(probe, before, snapshot(probe.root.rstrip(os.sep)))
    found |= {"failure": failure, "line": line if failure else 0}
    with open(place, "w", encoding="utf-8") as out:
        json.dump(found, out)


if __name__ == "__main__":
    import importlib.util  # only where it is the program

    _spec: Any = importlib.util.spec_from_file_location("_nbsnake_adopt_probe", __file__)
    _module = sys.modules["_nbsnake_adopt_probe"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_module)
    _module.main()
