"""Reading what MLV-tools generated, and what DVC made of it: scripts, command files, stage files.

A script, the bash file that hands it to ``dvc run``, and the stage file that this left behind all
say how a notebook is used. Where they say just what the notebook says, nothing in them is anyone's
own; all else may be written by hand. Pure.
"""

import ast
import io
import posixpath
import re
import shlex
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbsnake.model.step import Notebook, Role
from nbsnake.names import script_path
from nbsnake.notebook.dvc_cmd import NamedFile, Variables, read_dvc_cmd
from nbsnake.notebook.spec import StepSpec

SCRIPT_NAME = re.compile(r"mlvtools_\w+\.py")
_HEADER = re.compile(r"#!.*\n# Generated from (.+\.ipynb)[ \t]*\n")
_ASSIGNMENT = re.compile(r'^[ \t]*([A-Za-z]\w*)="(.*)"[ \t]*$', re.MULTILINE)
_DVC_RUN = re.compile(r"^[ \t]*dvc run\b(?:.*\\\n)*.*$", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_BOILERPLATE = re.compile(
    r"""#!/bin/bash.*|usage\(\) .*|NO_CACHE_OPT='.*'|options=\$\(getopt .*|eval set -- .*"""
    r"""|while true; do|case \$1 in|-h\|--help\) .*|usage|--no-cache\) .*|--\)|shift|break;;|;;"""
    r"""|esac|done|pushd "[^"]*"|set -x|# META FILENAME, MODIFY IF DUPLICATE|popd|"""
)
_PLUMBING = re.compile(
    r"parser = argparse\.ArgumentParser\(description='Command for script \w+'\)"
    r"|parser\.add_argument\('--[^']*', type=\w+, required=True(, nargs='\+')?, help=.*\)"
    r"|args = parser\.parse_args\(\)"
    r"|\w+\((args\.\w+(, args\.\w+)*)?\)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Use:
    """One way to run a script: its files, and the words of the command with its bare name."""

    files: frozenset[NamedFile]
    words: tuple[str, ...]

    def __str__(self) -> str:
        reads = sorted(file.path for file in self.files if file.role is Role.DEP)
        writes = sorted(file.path for file in self.files if file.role is not Role.DEP)
        return (
            f"reads {', '.join(reads) or 'nothing'}; writes {', '.join(writes) or 'nothing'}; "
            f"runs {' '.join(self.words)}"
        )


def script_stem(notebook: str) -> str:
    """How MLV-tools called the script of a notebook."""
    name = posixpath.basename(notebook).removesuffix(".ipynb")
    return "mlvtools_" + re.sub(r"\W+", "_", name).lower()


def notebook_of_script(text: str) -> str | None:
    """The notebook that the head of a generated script names, None for any other file."""
    found = _HEADER.match(text)
    return posixpath.normpath(found[1].strip()) if found else None


def is_command_file(text: str, variables: Variables) -> bool:
    """Whether the text is a bash file that hands a generated script to ``dvc run``."""
    names = dict(_ASSIGNMENT.findall(text))
    return text.startswith("#!/bin/bash") and {variables.path, variables.meta} <= names.keys()


def script_of_command_file(text: str, variables: Variables) -> str:
    """The bare name of the script that the bash file runs."""
    values: dict[str, str] = dict(_ASSIGNMENT.findall(text))
    return posixpath.basename(values[variables.path])


def script_of_command(command: str, known: Iterable[str]) -> str | None:
    """The first of the known scripts, by bare name, that a stage's command runs."""
    names = "|".join(map(re.escape, known))
    found = re.search(rf"(?<![\w.-])(?:{names})(?![\w.-])", command) if names else None
    return found[0] if found else None


def use_of_notebook(spec: StepSpec, script: str) -> Use:
    """How the notebook's docstring says that its script is used, in MLV-tools' own order."""
    files = frozenset(NamedFile(each.path, each.role, each.cache) for each in spec.artifacts)
    if spec.command:
        text = spec.command.text.replace(script_path(spec.name), script)
        return Use(files, _words(text, script))
    order = [Role.DEP, Role.OUT, Role.PERSIST, Role.METRIC, Role.PLOT]
    carried = sorted(
        (each for each in spec.artifacts if each.param), key=lambda each: order.index(each.role)
    )
    options = [(f"--{each.param}".replace("_", "-"), each.path) for each in carried]
    given = [*(word for word, _ in spec.extras), *(word for option in options for word in option)]
    return Use(files, (script, *map(_plain, given)))


def use_of_command_file(text: str, variables: Variables) -> Use | None:
    """What the bash file does, None for one that does more than ``dvc run``, or cannot be read."""
    run = _DVC_RUN.search(text)
    rest = _ASSIGNMENT.sub("", _DVC_RUN.sub("", text, count=1))
    if run is None or not all(_BOILERPLATE.fullmatch(line.strip()) for line in rest.splitlines()):
        return None
    values: dict[str, str] = dict(_ASSIGNMENT.findall(text))
    command = re.sub(r"\\\n", " ", run[0]).replace("${NO_CACHE_OPT}", "")
    try:
        call = read_dvc_cmd(_expanded(command, values), "", variables)
        words = _words(call.command.text, posixpath.basename(values[variables.path]))
    except ValueError:
        return None
    if call.command.params:
        return None
    files = (file._replace(path=posixpath.normpath(file.path)) for file in call.files)
    return Use(frozenset(files), words)


def _expanded(command: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda name: values.get(name[1] or name[2], name[0]), command)


def use_of_stage(folder: str, fields: Mapping[str, Any], script: str) -> Use | None:
    """What a stage file runs; ``folder`` is where it lies. None for what cannot be read."""
    top = posixpath.join(folder, fields.get("wdir") or ".")
    files = [_named_file(top, each, is_output=False) for each in fields.get("deps") or []]
    files += [_named_file(top, each, is_output=True) for each in fields.get("outs") or []]
    try:
        return Use(frozenset(files), _words(fields["cmd"], script))
    except ValueError:
        return None


def _named_file(top: str, entry: Mapping[str, Any], *, is_output: bool) -> NamedFile:
    role = Role.OUT if is_output else Role.DEP
    for key, special in (("metric", Role.METRIC), ("plot", Role.PLOT), ("persist", Role.PERSIST)):
        role = special if entry.get(key) else role
    path = posixpath.normpath(posixpath.join(top, entry["path"]))
    return NamedFile(path, role, cache=entry.get("cache", True) is not False)


def _words(command: str, script: str) -> tuple[str, ...]:
    """The words of a command, with the script's bare name and plain paths.

    Raises :class:`ValueError` for a quote that nothing closes.
    """
    words = map(_plain, shlex.split(command))
    return tuple(script if posixpath.basename(word) == script else word for word in words)


def _plain(word: str) -> str:
    return posixpath.normpath(word) if "/" in word else word


def is_same_code(script: str, notebook: Notebook, ignore_keys: Iterable[str]) -> bool:
    """Whether a generated script is still what MLV-tools made of the notebook.

    Formatting does not count, as MLV-tools reformatted. In doubt the answer is no.
    """
    words = tuple(ignore_keys)
    cells = [cell.source for cell in notebook.cells if cell.kind == "code" and cell.source.strip()]
    kept = [source for source in cells if not any(word in source for word in words)]
    try:
        tree = ast.parse(script)
        bodies = [_statements(ast.parse("\n".join(each))) for each in (kept[1:], kept)]
        first = ast.parse(kept[0]) if kept else ast.Module([], [])
        comments = list(_comments(script))
    except (SyntaxError, ValueError, tokenize.TokenError, RecursionError):
        return False
    function = next((node for node in tree.body if isinstance(node, ast.FunctionDef)), None)
    if function is None or not all(map(_is_plumbing, _around(tree, function))):
        return False
    if _squeezed(ast.get_docstring(function)) != _squeezed(ast.get_docstring(first)):
        return False
    has_docstring = ast.get_docstring(function) is not None
    body = _statements(ast.Module(function.body[has_docstring:], []))
    texts = _squeezed("\n".join(cell.source for cell in notebook.cells))
    is_same = body in bodies or (body == ["Pass()"] and [] in bodies)
    return is_same and all(each in texts for each in comments)


def _statements(tree: ast.Module) -> list[str]:
    """The statements as texts; in strings, which MLV-tools indented, blanks do not count."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = _squeezed(node.value)
    return [ast.dump(node) for node in tree.body]


def _around(tree: ast.Module, function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """All statements but those of the function."""
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
            yield from (*node.body, *node.orelse)
        elif node is not function:
            yield node


def _is_plumbing(node: ast.stmt) -> bool:
    text = ast.unparse(node)
    return text in ("import argparse", "from typing import List") or bool(_PLUMBING.fullmatch(text))


def _comments(script: str) -> Iterator[str]:
    """The comments behind the head; MLV-tools put ``# `` in front of markdown lines."""
    for token in tokenize.generate_tokens(io.StringIO(script).readline):
        if token.type == tokenize.COMMENT and token.start[0] > 2:
            yield _squeezed(token.string.lstrip("# "))


def _squeezed(text: str | None) -> str:
    return " ".join((text or "").split())
