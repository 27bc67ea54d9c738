"""What a Python file does, as one string: two files with the same do the same.

Comments and formatting are free. Of a script that nbsnake generated, its cells count, and what its
options accept; the rest is nbsnake's own, and another version may write it in another way.
"""

import ast
import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator

from nbsnake.names import GENERATED

HEAD = 200  # characters within which a generated file says so
MARK = re.compile(r"^# %% (?:\[\w+\] )?cell (\d+)$", re.MULTILINE)
_KINDS = {"boolean": "bool", "BooleanOptionalAction": "bool", "mapping": "dict"}
_PLAIN = frozenset({"text", "str", "word", "pathlib", "argparse", ""})  # what strings need, too


def program_of(data: bytes) -> str | None:
    """A hash of the program in a file; None for what is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = [*_parts(data)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()


def _parts(data: bytes) -> Iterator[str]:
    tree = ast.parse(data)
    text = data.decode(errors="replace")
    first = MARK.search(text)
    if first is None or GENERATED not in text[:HEAD]:
        yield ast.dump(tree)
        return
    line = text.count("\n", 0, first.start()) + 1
    yield from sorted(map(repr, _options(node for node in tree.body if node.lineno < line)))
    for node in tree.body:
        if node.lineno >= line and not _is_text(node):
            yield ast.dump(node)


def _is_text(node: ast.stmt) -> bool:
    """A string that stands alone, such as the docstring that declares the step."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _options(nodes: Iterable[ast.stmt]) -> Iterator[tuple[str, ...]]:
    """The options of a script with their types and defaults, and what else its cells notice."""
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                yield ("from __future__", *(alias.name for alias in node.names))
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
                yield (ast.dump(node.args[0]), *_accepted(node))
            if isinstance(node, ast.Assign) and _sets_argv(node.targets[0]):
                yield ("sys.argv", ast.dump(node.value))


def _sets_argv(target: ast.expr) -> bool:
    """Whether that is what the notebook's own code reads of the command line."""
    return isinstance(target, ast.Subscript) and getattr(target.value, "attr", "") == "argv"


def _accepted(call: ast.Call) -> Iterator[str]:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    for key in ("default", "choices", "required", "const", "dest"):
        yield ast.dump(given[key]) if key in given else ""
    found = [node for key in ("type", "action") if key in given for node in ast.walk(given[key])]
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in found} - _PLAIN
    yield " ".join(sorted({_KINDS.get(name, name) for name in names}))
