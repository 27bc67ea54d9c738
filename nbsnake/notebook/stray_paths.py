"""Paths in a step's code that lead out of the project, or that its docstring does not declare."""

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from nbsnake.errors import Where
from nbsnake.model.notes import About, Note
from nbsnake.model.step import Artifact
from nbsnake.names import is_reserved
from nbsnake.notebook.code import Code
from nbsnake.python.nodes import walk
from nbsnake.python.pathexpr import path_of
from nbsnake.python.references import added_to_path

_READS = frozenset(
    {"genfromtxt", "glob", "iglob", "imread", "iterdir", "listdir", "load", "loadtxt", "memmap"}
    | {"read_bytes", "read_csv", "read_excel", "read_feather", "read_hdf", "read_json"}
    | {"read_parquet", "read_pickle", "read_table", "read_text", "scandir", "walk"}
)
_WRITES = frozenset(
    {"dump", "imsave", "imwrite", "makedirs", "mkdir", "save", "savefig", "savetxt", "savez"}
    | {"savez_compressed", "to_csv", "to_excel", "to_feather", "to_hdf", "to_html", "to_json"}
    | {"to_parquet", "to_pickle", "touch", "urlretrieve", "write_bytes", "write_text"}
    | {
        "save_model",
        "write_csv",
        "write_parquet",
        "copy",
        "copyfile",
        "move",
        "rename",
        "_nb_write",
    }
)
_OPENS = _READS | _WRITES | {"open"}
_ON_PATHS = frozenset(
    {"glob", "iterdir", "mkdir", "open", "read_bytes", "read_text", "touch", "write_bytes"}
    | {"write_text"}
)
_FOLDERS = frozenset({"listdir", "scandir", "walk", "makedirs", "mkdir", "open"})
_KEYWORDS = frozenset(
    {"file", "filename", "filepath", "filepath_or_buffer", "fname", "fp", "io", "path"}
    | {"path_or_buf", "src", "dst"}
)
_PATH_LIKE = re.compile(r"(?!\w+:/)(?!select\b)[^\n]*(?:/[^\n]|\.\w{1,8}$)[^\n]*", re.IGNORECASE)
_ELSEWHERE = ("/dev/", "/tmp", "/proc/")  # noqa: S108  (where no result is kept)
_NOTICED = (ast.Call, ast.Assign, ast.AugAssign)  # the nodes that can mean a path
ROOT = "a step runs in the project's root"


class _Use(NamedTuple):
    path: str
    line: int
    writes: bool


def stray_paths(
    codes: Mapping[int, Code], params: Iterable[str], artifacts: Iterable[Artifact], notebook: str
) -> Iterator[Note]:
    """What to know of the paths in these cells; those that parameters carry are declared."""
    names, own = dict[str, str](), frozenset(params)
    declared = [artifact.path for artifact in artifacts]
    for index, code in codes.items():
        for node in walk(code.tree):
            if not isinstance(node, _NOTICED):
                continue
            where = Where(notebook, index, node.lineno)
            _learn(node, names, own)
            yield from _of_session(node, names, where)
            for use in _uses(node, names):
                if note := _note(use, where._replace(line=use.line), declared):
                    yield note


def _learn(node: ast.AST, names: dict[str, str], own: frozenset[str]) -> None:
    """Note a variable that is given a path."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in own:
            found = path_of(value, names)
            if found is not None:
                names[name] = found


def _of_session(node: ast.AST, names: Mapping[str, str], where: Where) -> Iterator[Note]:
    """What changes where code runs, and from where it imports."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="os" | "contextlib" as owner), attr="chdir")
        ):
            yield _elsewhere(f"{owner}.chdir", where)
        case ast.Call(func=ast.Name(id="chdir" | "_nb_cd" as name)):
            yield _elsewhere("%cd" if name == "_nb_cd" else name, where)
    for added in added_to_path(node):
        found = path_of(added, names)
        shown = f"{found!r}" if found is not None else "a folder that the code computes"
        text = f"'sys.path' gets {shown}, and {ROOT}"
        yield Note(About.PATH, where, text, _hint_for_path(found, where.file))


def _hint_for_path(found: str | None, notebook: str) -> str:
    """What to do about a folder of sys.path."""
    if found is None or not _leaves(found):
        return "make it a path from the project's root"
    inside = _from_root(found, notebook)
    if _leaves(inside):
        return "install the package that is there, or move it into the project"
    return f"write {inside!r}, or install the project's own package"


def _elsewhere(name: str, where: Where) -> Note:
    text = f"'{name}' changes the folder in which all that follows runs, and {ROOT}"
    return Note(About.PATH, where, text, "remove it, and write paths from the project's root")


def _uses(node: ast.AST, names: Mapping[str, str]) -> Iterator[_Use]:
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name not in _OPENS:
        return
    writes = name in _WRITES or (name == "open" and _is_writing(node))
    given = [*node.args[:2], *(each.value for each in node.keywords if each.arg in _KEYWORDS)]
    if name in _ON_PATHS and isinstance(node.func, ast.Attribute):
        given = [node.func.value, *(given if name in ("open", "glob") else [])][:1] or given
    for each in given:
        path = path_of(each, names)
        if path and (_PATH_LIKE.fullmatch(path) or (name in _FOLDERS and each is given[0])):
            yield _Use(path, each.lineno, writes)


def _is_writing(call: ast.Call) -> bool:
    modes = [*call.args[1:2], *(each.value for each in call.keywords if each.arg == "mode")]
    if isinstance(call.func, ast.Attribute):
        modes += call.args[:1]
    texts = [each.value for each in modes if isinstance(each, ast.Constant)]
    return any(isinstance(text, str) and set(text) & set("wax") for text in texts)


def _note(use: _Use, where: Where, declared: list[str]) -> Note | None:
    path = posixpath.normpath(use.path)
    if path.startswith(_ELSEWHERE) or path in (".", "-"):
        return None
    if _leaves(path) or path.startswith(("/", "~")):
        inside = _from_root(path, where.file)
        text = f"{path!r} is outside of the project: {ROOT}"
        hint = f"write {inside!r}" if not _leaves(inside) else "move the file into the project"
        return Note(About.PATH, where, text, hint)
    if is_reserved(path) or any(_covers(each, path) for each in declared):
        return None
    key, verb = (":dvc-out:", "written") if use.writes else (":dvc-in:", "read")
    text = f"{path!r} is {verb}, and the step does not declare it"
    return Note(About.PATH, where, text, f"add to the docstring: '{key} {path}'")


def _covers(declared: str, path: str) -> bool:
    """Whether a path is a declared one, inside of it, or a folder on the way to it."""
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(declared))
    inside = re.fullmatch(rf"{pattern}(?:/.*)?", path) is not None
    return inside or declared.startswith(f"{path}/")


def _leaves(path: str) -> bool:
    return path == ".." or path.startswith(("../", "/", "~"))


def _from_root(path: str, notebook: str) -> str:
    """A path as the notebook has it, from the project's root."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(notebook), path))
