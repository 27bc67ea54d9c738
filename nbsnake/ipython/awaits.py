"""``await`` and its like at the top level of a cell, which only IPython knows."""

import ast
import re
from collections.abc import Iterator

from nbsnake.ipython.celltext import Fault, Translation
from nbsnake.ipython.edit import Edit, edited
from nbsnake.ipython.scopes import in_scope, parse
from nbsnake.ipython.syntax import lines
from nbsnake.model.quote import string
from nbsnake.python.nodes import walk

_WAITING = re.compile(r"\b(?:await|async)\b")


def without_awaits(translation: Translation) -> Translation:
    """Top-level ``await x`` as a call; statements where that cannot be are handed over as text."""
    tree = parse(translation.source) if _WAITING.search(translation.source) else None
    if tree is None:
        return translation
    faults, edits, rewritten = list[Fault](), list[Edit](), set(translation.lines)
    for statement in tree.body:
        if found := [*_async_faults(statement)]:
            faults += found
            edits.append(Edit(statement, _nothing_instead))
        elif any(map(_is_hard, in_scope([statement]))):
            edits.append(Edit(statement, _text_instead))
            faults += string_faults(statement, translation.lines)
            rewritten.difference_update(range(statement.lineno, (statement.end_lineno or 0) + 1))
        else:
            awaits = (node for node in in_scope([statement]) if isinstance(node, ast.Await))
            edits += [Edit(node, _call_instead) for node in awaits]
    source = edited(translation.source, edits)
    faults = [*translation.faults, *faults]
    return translation._replace(source=source, faults=tuple(faults), lines=frozenset(rewritten))


def string_faults(tree: ast.AST, rewritten: frozenset[int]) -> Iterator[Fault]:
    """A last look: no rewritten line may be inside a string."""
    for node in walk(tree) if rewritten else ():
        if isinstance(node, ast.Constant | ast.JoinedStr):
            inside = range(node.lineno + 1, (node.end_lineno or 0) + 1)
            for line in sorted(rewritten.intersection(inside)):
                hint = "write the string in another way"
                yield Fault(line, "a magic cannot be distinguished from part of a string", hint)


def _call_instead(text: str) -> str:
    return f"_nb_await(lambda: {text.removeprefix('await').lstrip(' ')})"


def _text_instead(text: str) -> str:
    texts = "\n    ".join(string(line) for line in lines(text))
    return f"_nb_async({texts}, globals())"


def _nothing_instead(text: str) -> str:
    return "pass" + "\n" * (len(lines(text)) - 1)


def _async_faults(statement: ast.stmt) -> Iterator[Fault]:
    for node in in_scope([statement]):
        match node:
            case ast.ClassDef(body=body) if any(isinstance(e, ast.Await) for e in in_scope(body)):
                hint = "put it into an 'async def', and await that"
                yield Fault(node.lineno, "'await' in the body of a class is not supported", hint)


def _is_hard(node: ast.AST) -> bool:
    """Whether something waits that no call in its place can wait for."""
    match node:
        case ast.AsyncFor() | ast.AsyncWith():
            return True
        case ast.Await():
            return _holds(node.value, ast.Await) or _holds(node.value, ast.NamedExpr)
        case ast.JoinedStr():
            return _holds(node, ast.Await)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return _is_async(node)
    return False


def _holds(tree: ast.AST, kind: type[ast.AST]) -> bool:
    return any(isinstance(node, kind) for node in walk(tree))


def _is_async(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
    outside = {id(each) for each in walk(node.generators[0].iter)}
    return any(
        isinstance(each, ast.Await) or (isinstance(each, ast.comprehension) and each.is_async)
        for each in walk(node)
        if id(each) not in outside
    )
