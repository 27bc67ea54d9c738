"""Folders that the code still names, derived from a variable that carries a file in them."""

import ast

from nbsnake.adopt.draft import Draft
from nbsnake.adopt.facts import Folder
from nbsnake.adopt.proposal import Doubt
from nbsnake.adopt.spans import contains
from nbsnake.follow.values import Origin
from nbsnake.model.quote import string
from nbsnake.model.step import Role


def derive_folder(draft: Draft, folder: Folder) -> None:
    """A literal folder that is still used, as the folder of a file that a variable carries."""
    origin = folder.origin
    if draft.edits.replaces(origin) or not _is_used(draft, origin):
        return
    text = getattr(origin.node, "value", None)
    expression = _derived(draft, folder.path)
    if not isinstance(origin.node, ast.Constant):
        if expression is None or any(map(draft.edits.replaces, folder.sources)):
            return
        made = f"{origin.maker}({expression})" if origin.maker else expression
        draft.edits.replace(origin, made)
        return
    if expression is None or not isinstance(text, str):
        if folder.path != ".":
            text = f"names the folder {folder.path!r}"
            draft.unsure.append(Doubt(origin.cell, origin.node.lineno, text))
        return
    draft.edits.replace(origin, expression + (' + "/"' if text.endswith("/") else ""))


def derive_here(draft: Draft, here: Folder) -> None:
    """A folder that depends on where the notebook runs, from a variable that carries a file.

    A step runs in the root, and there the variable leads to the same file.
    """
    origin = here.origin
    if draft.edits.replaces(origin) or not _is_used(draft, origin):
        return
    named = [each for each in draft.files if each.name]
    carrier = next((each for each in named if each.role is Role.DEP), next(iter(named), None))
    if carrier is None or not (origin.maker or "os" in draft.taken):
        text = f"depends on the notebook's folder {here.path!r}, but a step runs in the root"
        draft.unsure.append(Doubt(origin.cell, origin.node.lineno, text))
        return
    item = f"{carrier.name}[0]" if carrier.is_list else carrier.name
    levels = carrier.paths[0].count("/")
    if origin.maker:
        above = f"{origin.maker.removesuffix('.cwd')}({item}).absolute().parents[{levels}]"
        text = f"({above} / {string(here.path)})"
    else:
        up = "/".join([*[".."] * (levels + 1), here.path])
        text = f"os.path.abspath(os.path.join({item}, {string(up)}))"
    draft.edits.replace(origin, text)


def _derived(draft: Draft, folder: str) -> str | None:
    """An expression for a folder, from a variable that carries a file in it."""
    if folder == ".":
        return None
    for each in draft.files:
        if each.name and each.paths[0] == folder and not each.is_list:
            return each.name
        if each.name and each.paths[0].startswith(f"{folder}/"):
            levels = each.paths[0].removeprefix(f"{folder}/").count("/") + 1
            item = f"{each.name}[0]" if each.is_list else each.name
            item += '.rstrip("/")' * each.is_dir  # a step passes a folder with its slash
            return f'{item}.rsplit("/", {levels})[0]'
    return None


def _is_used(draft: Draft, origin: Origin) -> bool:
    """Whether anything uses a literal but the expressions that are replaced."""
    name = _name_of(draft, origin)
    if name is None:
        return not draft.edits.covers(origin.cell, origin.node)
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and not draft.edits.covers(source.number, node)
        for source in draft.cells
        if source.tree is not None
        for node in ast.walk(source.tree)
    )


def _name_of(draft: Draft, origin: Origin) -> str | None:
    """The variable whose value a literal is, or is in."""
    for own in draft.assigned.values():
        value = own.node.value
        if own.source.number == origin.cell and value is not None and contains(value, origin.node):
            return own.name
    return None
