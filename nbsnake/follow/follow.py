"""Following the strings of a notebook through its code to the calls that take them as paths.

Nothing is executed: assignments, joins, f-strings, loops over literal lists and the notebook's own
functions are followed, each statement once and in order.
"""

import ast
import re
from collections.abc import Iterable, Sequence

from nbsnake.follow.called import Caller
from nbsnake.follow.calls import How
from nbsnake.follow.cells import Line, Source
from nbsnake.follow.values import Function, Items, Known, Space, Values, united

_REDIRECTS = re.compile(r"(?<![<>=&\d-])>(>?)\s*([\w./-]*[\w-]\.\w+)(?=[\s;|&)]|$)")
_DEEPEST = 4  # calls of the notebook's own functions in one another
_MOST_CALLS = 400  # followed ones in one notebook


class Follower(Caller):
    """What the code cells mention, in order; :meth:`run` fills the lists."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._calls = 0
        self._entered: set[int] = set()
        self._returned: list[Values] = []

    def run(self, cells: Iterable[Source]) -> None:
        """Follow the code of the cells, then that of functions which nothing called."""
        for source in cells:
            self._cell, self._kept = source.number, source.kept
            for command in source.commands:
                if command.text.startswith(("%cd ", "cd ")):
                    self._move(command.text.split(None, 1)[1].strip("\"' "), command.line, "%cd")
                elif not self.folder:  # a step runs a command in the root, with paths from there
                    self._redirected(command)
            self._body(source.tree.body if source.tree else ())
        for function in [each for values in [*self._names.values()] for each in values]:
            if isinstance(function, Function) and id(function.node) not in self._entered:
                self._enter(function, {})

    def _redirected(self, command: Line) -> None:
        """The files to which a shell command writes what it prints."""
        for match in _REDIRECTS.finditer(command.text):
            how = How.BOTH if match[1] else How.WRITE
            self._mention(Known(match[2]), how, command.line, None)

    def _body(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self._statement(node)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                found = self._value(value)
                for target in targets:
                    self._bind(target, found)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, self._value(value))
            case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
                read = ast.copy_location(ast.Name(name, ast.Load()), target)
                self._bind(target, self._operation(node, read, op, value))
            case ast.For(target=target, iter=over, body=body, orelse=other):
                self._bind(target, self._each(self._value(over)))
                self._body([*body, *other])
            case ast.If(test=test, body=body, orelse=other):
                self._value(test)
                self._branches([body, other])
            case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=final):
                self._branches([[*body, *other], *(each.body for each in handlers)])
                self._body(final)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    found = self._value(item.context_expr)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, found)
                self._body(body)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._names[node.name] = (self._function(node),)
            case ast.ClassDef(name=name, body=body):
                self._names[name] = (self._space(body),)
            case ast.Return(value=ast.expr() as value):
                self._returned.append(self._value(value))
            case ast.Import(names=names):
                for alias in names:
                    self.modules[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=module, names=names):
                for alias in names:
                    self.modules[alias.asname or alias.name] = f"{module}.{alias.name}"
            case _:
                self._others(node)

    def _others(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._value(child)
            elif isinstance(child, ast.stmt):
                self._statement(child)
            else:
                self._others(child)

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]]) -> None:
        """Each body from the same beginning; afterwards a name has what any of them gave it."""
        before = dict(self._names)
        ends = []
        for body in bodies:
            self._names = dict(before)
            self._body(body)
            ends.append(self._names)
        names = dict.fromkeys(name for end in ends for name in end)
        self._names = {name: united(end.get(name, ()) for end in ends) for name in names}

    def _bind(self, target: ast.expr, values: Values) -> None:
        match target:
            case ast.Name(id=name):
                self._names[name] = values
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for position, each in enumerate(targets):
                    self._bind(each, self._item(values, position, len(targets)))
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                key = self._value(index)
                self._names[name] = tuple(
                    Items((*own.items, values), (*own.keys, key))
                    if isinstance(own, Items) and own.keys is not None
                    else own
                    for own in self._names.get(name, ())
                )
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                for held in self._names.get(name, ()):
                    if isinstance(held, Space):
                        held.names[attribute] = values

    def _item(self, values: Values, position: int, count: int) -> Values:
        """One of ``count`` parts of what is unpacked."""
        return united(
            each.items[position]
            for each in values
            if isinstance(each, Items) and each.keys is None and len(each.items) == count
        )

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Function:
        given = node.args
        names = [each.arg for each in (*given.posonlyargs, *given.args)]
        values = [self._value(each) for each in given.defaults]
        defaults = dict(zip(names[len(names) - len(values) :], values, strict=True))
        for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
            if default is not None:
                defaults[argument.arg] = self._value(default)
        return Function(node, self._cell, defaults)

    def _space(self, body: Sequence[ast.stmt]) -> Space:
        outer, self._names = self._names, dict(self._names)
        before = set(outer)
        self._body(body)
        own = {
            name: values
            for name, values in self._names.items()
            if name not in before or values is not outer[name]
        }
        self._names = outer
        return Space(own)

    def _enter_with(
        self, function: Function, arguments: list[Values], keywords: dict[str, Values]
    ) -> Values:
        given = function.node.args
        names = [each.arg for each in (*given.posonlyargs, *given.args)]
        return self._enter(function, dict(zip(names, arguments, strict=False)) | keywords)

    def _enter(self, function: Function, given: dict[str, Values]) -> Values:
        """What one of the notebook's own functions gives, and what it reads and writes."""
        self._entered.add(id(function.node))
        if self._depth >= _DEEPEST or self._calls >= _MOST_CALLS:
            return ()
        self._depth, self._calls = self._depth + 1, self._calls + 1
        arguments = function.node.args
        own = [
            each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        ]
        outer, cell, returned = self._names, self._cell, self._returned
        self._names = {**outer, **dict.fromkeys(own, ()), **function.defaults, **given}
        self._cell, self._returned = function.cell, []
        if isinstance(function.node, ast.Lambda):
            self._returned.append(self._value(function.node.body))
        else:
            self._body(function.node.body)
        found = united(self._returned)
        self._names, self._cell, self._returned = outer, cell, returned
        self._depth -= 1
        return found
