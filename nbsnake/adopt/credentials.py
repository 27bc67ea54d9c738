"""Credentials in cells: what must not become a parameter, nor go into git."""

import ast
import re
from collections.abc import Iterable, Iterator

from nbsnake.adopt.facts import Hazard
from nbsnake.errors import Where
from nbsnake.follow.cells import Source

_NAME = re.compile(
    r"(?:.*_)?(?:api_?key|secret(?:_key)?|access_key(?:_id)?|auth_?token|token|password|passwd|pwd"
    r"|credentials?|private_key|connection_string)",
    re.IGNORECASE,
)
# Keys of services, by the marks that these give them, and URLs with a password.
_VALUE = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|github_pat_\w{30,}|sk-[\w-]{20,}|xox[abprs]-[\w-]{10,}"
    r"|AIza[\w-]{30,}|hf_\w{30,}|glpat-[\w-]{20}|-----BEGIN [A-Z ]*PRIVATE KEY|\w+://[^/\s:@]+:[^/\s:@]+@"
)
_PLACEHOLDER = re.compile(r"[<{$\[].*|x+|\*+|\.+|your.*|none|null|todo|changeme", re.IGNORECASE)


def is_credential(name: str, value: object) -> bool:
    """Whether a string under a name is a password, token or key."""
    if not isinstance(value, str) or len(value) < 6 or _PLACEHOLDER.fullmatch(value):
        return False
    is_named = _NAME.fullmatch(name) and not re.search(r"[\s/]", value)
    return bool(is_named or _VALUE.search(value))


def find_credentials(cells: Iterable[Source], notebook: str) -> Iterator[Hazard]:
    """The credentials in the cells, each with its place; never with its text."""
    for source in cells:
        for name, node in _strings(source.tree) if source.tree else ():
            if is_credential(name, node.value):
                shown = f"{name} is a credential" if name else "a credential"
                variable = re.sub(r"\W", "_", name or "api_key").upper()
                yield Hazard(
                    Where(notebook, source.number, node.lineno),
                    f"{shown} in the code",
                    f'write os.environ["{variable}"], and replace the credential where it is valid',
                )


def hidden(text: str, cells: Iterable[Source]) -> str:
    """A text without the credentials of the cells."""
    for source in cells:
        for name, node in _strings(source.tree) if source.tree else ():
            if is_credential(name, node.value):
                text = text.replace(str(node.value), "***")
    return text


def _strings(tree: ast.Module) -> Iterator[tuple[str, ast.Constant]]:
    """The strings of a cell with the name or keyword that they are given to, "" for none."""
    named: dict[int, str] = {}
    for node in ast.walk(tree):
        pairs: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [(_last_name(each), node.value) for each in node.targets]
        elif isinstance(node, ast.AnnAssign):
            pairs = [(_last_name(node.target), node.value)]
        elif isinstance(node, ast.keyword) and node.arg:
            pairs = [(node.arg, node.value)]
        elif isinstance(node, ast.Dict):
            pairs = [
                (key.value, value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
        named |= {id(value): name for name, value in pairs if value is not None}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield named.get(id(node), ""), node


def _last_name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""
