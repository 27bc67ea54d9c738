"""The calls of ``get_ipython()``: magics in another spelling."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeGuard

from nbsnake.ipython.cellmagics import statement, translate, value
from nbsnake.ipython.celltext import Fault, Place, Translation, is_empty
from nbsnake.ipython.edit import Edit, edited
from nbsnake.ipython.expansion import Refused
from nbsnake.ipython.scopes import free_reads, parse
from nbsnake.ipython.syntax import lines
from nbsnake.ipython.timedcode import in_block
from nbsnake.python.nodes import walk


class _SessionCall(NamedTuple):
    """A statement ``get_ipython().…`` with literal arguments, written as a magic."""

    value: ast.expr
    session: ast.expr
    command: str
    is_assigned: bool


def session_calls(found: Translation, place: Place) -> Translation:
    """The calls of ``get_ipython()`` that are magics written out."""
    tree = parse(found.source) if "get_ipython" in found.source else None
    if tree is None or ("get_ipython" in place.bound and not place.imports_session):
        return found
    if whole := _whole_cell(tree):
        return session_calls(translate(whole, place.inside()), place)
    if "run_cell_magic" in found.source:
        found = _inner_cells(found, tree, place)
        tree = parse(found.source)
        if tree is None:
            return found
    read: dict[int, ast.expr] = {
        id(node): node for node in free_reads(tree) if node.id == "get_ipython"
    }
    read |= {id(node): node for node in walk(tree) if _is_attribute(node)}
    left_alone = {id(node) for top in _alternatives(tree) for node in walk(top)}
    edits, faults, rewritten = [], list(found.faults), set(found.lines)
    physical = lines(found.source)
    spot = replace(place, is_fresh=place.is_fresh and _begins_with_call(tree))
    for call in _calls(tree):
        if id(call.session) in read and id(call.session) not in left_alone:
            del read[id(call.session)]
            try:
                edits.append(Edit(call.value, _written_out(call, physical, spot)))
                rewritten.update(range(call.value.lineno, (call.value.end_lineno or 0) + 1))
            except Refused as refused:
                faults.append(Fault(call.value.lineno, refused.message, refused.hint))
    left = [node for node in read.values() if id(node) not in left_alone]
    used = _used(tree) if left else set[int]()
    faults += [
        _session_fault(node)
        for node in left
        # What IPython exports gives None in a script, and code can ask for that.
        if not (place.imports_session or isinstance(node, ast.Attribute)) or id(node) in used
    ]
    source = edited(found.source, edits)
    return found._replace(source=source, faults=tuple(faults), lines=frozenset(rewritten))


def _begins_with_call(tree: ast.Module) -> bool:
    """Whether the first call of ``get_ipython()`` comes before all other code."""
    for node in tree.body:
        match node:
            case ast.ImportFrom(module="IPython", names=[ast.alias(name="get_ipython")]):
                continue
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=function)))):
                return _is_session(function) and len(tree.body) <= 2
        return False
    return False


def _is_attribute(node: ast.AST) -> TypeGuard[ast.Attribute]:
    match node:
        case ast.Attribute(value=ast.Name(id="IPython"), attr="get_ipython"):
            return True
    return False


def _is_session(node: ast.AST) -> bool:
    return _is_attribute(node) or (isinstance(node, ast.Name) and node.id == "get_ipython")


def _used(tree: ast.Module) -> set[int]:
    """The ``get_ipython`` whose result is used without asking whether it is None."""
    asked = {
        node.id
        for top in walk(tree)
        if isinstance(top, ast.If | ast.IfExp | ast.BoolOp | ast.Compare | ast.Try | ast.Assert)
        for node in walk(top)
        if isinstance(node, ast.Name)
    }
    found, named = set[int](), dict[str, int]()
    for node in walk(tree):
        match node:
            case ast.Attribute(value=ast.Call(func=function)) if _is_session(function):
                found |= {id(function)} if "get_ipython" not in asked else set()
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function)) if (
                _is_session(function) and name not in asked
            ):
                named[name] = id(function)
    for node in walk(tree) if named else ():
        match node:
            case ast.Attribute(value=ast.Name(id=name)) if name in named:
                found.add(named[name])
    return found


def _session_fault(node: ast.expr) -> Fault:
    return Fault(
        node.lineno,
        "get_ipython() is used in a way that a script cannot follow",
        "guard it by 'try' and 'except NameError', or leave the cell out with '# No effect'",
    )


def _whole_cell(tree: ast.Module) -> str | None:
    """The cell magic that a cell is, if all that it does is to call it."""
    return _cell_magic(tree.body[0]) if len(tree.body) == 1 else None


def _cell_magic(statement: ast.AST) -> str | None:
    """The text of a cell magic that a statement calls with literal arguments."""
    match statement:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=session, args=[], keywords=[]), attr="run_cell_magic"
                ),
                args=[
                    ast.Constant(value=str(name)),
                    ast.Constant(value=str(line)),
                    ast.Constant(value=str(body)),
                ],
                keywords=[],
            )
        ) if _is_session(session):
            return f"%%{name} {line}\n{body}"
    return None


def _inner_cells(found: Translation, tree: ast.Module, place: Place) -> Translation:
    """The code with the cells in it that are handed to cell magics."""
    edits, faults = list[Edit](), list[Fault]()
    left_alone = {id(node) for top in _alternatives(tree) for node in walk(top)}
    physical = lines(found.source)
    for node in walk(tree):
        text = _cell_magic(node)
        if text is None or not isinstance(node, ast.Expr) or id(node.value) in left_alone:
            continue
        try:
            spot = place.at(node.lineno, is_indented=bool(node.col_offset)).inside().fixed()
            inner = session_calls(translate(text, spot), spot)
            rest = physical[(node.end_lineno or 1) - 1].encode()[node.end_col_offset or 0 :]
            if rest.strip() and not rest.strip().startswith(b"#"):
                raise Refused("code follows the call of a cell magic", "put it into the next line")
            edits.append(Edit(node, _as_block(inner.source, node.col_offset)))
            faults += [fault._replace(line=node.lineno) for fault in inner.faults]
        except Refused as refused:
            edits.append(Edit(node, lambda text: "pass" + "\n" * (len(lines(text)) - 1)))
            faults.append(Fault(node.lineno, refused.message, refused.hint))
    return found._replace(source=edited(found.source, edits), faults=(*found.faults, *faults))


def _as_block(source: str, indentation: int) -> Callable[[str], str]:
    """The change that puts code in the place of an indented statement."""
    code = source.rstrip() if not is_empty(source) else f"{source.rstrip()}\npass"
    block = in_block(code, indentation).lstrip(" ")
    return lambda text: block


def _calls(tree: ast.Module) -> Iterator[_SessionCall]:
    for node in walk(tree):
        match node:
            case ast.Expr(value=ast.Call() as value) | ast.Assign(value=ast.Call() as value):
                match value:
                    case ast.Call(
                        func=ast.Attribute(
                            value=ast.Call(func=session, args=[], keywords=[]), attr=attribute
                        ),
                        keywords=[],
                    ) if _is_session(session):
                        command = _as_command(attribute, value.args)
                        if command is not None:
                            is_assigned = isinstance(node, ast.Assign)
                            yield _SessionCall(value, session, command, is_assigned)


def _as_command(attribute: str, args: list[ast.expr]) -> str | None:
    texts = [each.value for each in args if isinstance(each, ast.Constant)]
    words = [text for text in texts if isinstance(text, str)]
    if len(words) != len(args):
        return None
    if attribute == "run_line_magic" and len(words) == 2:
        return f"%{words[0]} {words[1]}"
    if attribute == "magic" and len(words) == 1:
        return f"%{words[0].removeprefix('%')}"
    if attribute in ("system", "getoutput") and len(words) == 1:
        return f"!{words[0]}"
    return None


def _written_out(call: _SessionCall, physical: list[str], place: Place) -> Callable[[str], str]:
    """The change that writes a call as its magic."""
    node = call.value
    spot = place.at(node.lineno, is_indented=bool(node.col_offset))
    code = value(call.command, spot) if call.is_assigned else statement(call.command, spot)
    last = node.end_lineno or node.lineno
    rest = physical[last - 1].encode()[node.end_col_offset or 0 :].strip()
    if last > node.lineno and rest:
        raise Refused("the call of get_ipython() takes several lines", "write it as a magic")
    if not code:
        code = "pass" if rest or "\n" in call.command else f"pass  # {call.command}"
    return lambda text: code + "\n" * (len(lines(text)) - 1)


def _alternatives(tree: ast.AST) -> Iterator[ast.AST]:
    """Code that itself says what to do where there is no get_ipython."""
    for node in walk(tree):
        if isinstance(node, ast.Try) and any(map(_catches_names, node.handlers)):
            yield from node.body
        elif isinstance(node, ast.If | ast.IfExp | ast.BoolOp) and _asks_for_session(node):
            yield node


def _catches_names(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = [caught] if not isinstance(caught, ast.Tuple) else caught.elts
    return caught is None or any(
        isinstance(name, ast.Name) and name.id in ("NameError", "Exception", "BaseException")
        for name in names
    )


def _asks_for_session(node: ast.If | ast.IfExp | ast.BoolOp) -> bool:
    tests = node.values if isinstance(node, ast.BoolOp) else [node.test]
    return any(
        isinstance(each, ast.Compare)
        and isinstance(each.left, ast.Constant)
        and each.left.value == "get_ipython"
        for test in tests
        for each in walk(test)
    )
