"""The values of expressions, as far as they can be known without running them."""

import ast
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from nbsnake.follow.expressions import (
    ATTRIBUTES,
    added,
    constant,
    formatted,
    joined,
    parent,
    percent,
)
from nbsnake.follow.noter import Noter
from nbsnake.follow.values import (
    Function,
    Items,
    Known,
    Matched,
    Space,
    Values,
    combined,
    known,
    united,
)

_MOST_PARENTS = 8  # folders above a path that code names


class Evaluator(Noter):
    """Evaluates expressions with what is known of names."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, Values] = {}

    @abstractmethod
    def _bind(self, target: ast.expr, values: Values) -> None: ...

    @abstractmethod
    def _others(self, node: ast.AST) -> None: ...

    @abstractmethod
    def _function(self, node: ast.Lambda) -> Function: ...

    @abstractmethod
    def _call(self, node: ast.Call) -> Values: ...

    def _value(self, node: ast.expr) -> Values:
        match node:
            case ast.Constant():
                value = constant(node)
                return () if value is None else (Known(value, self._at(node)),)
            case ast.Name(id=name):
                return self._names.get(name, ())
            case ast.Attribute(value=owner, attr=name):
                return self._attribute(node, self._value(owner), name)
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(node, left, op, right)
            case ast.JoinedStr(values=parts):
                texts = [self._part(each) for each in parts]
                return combined(texts, lambda *each: "".join(e.text for e in each), self._at(node))
            case ast.Call():
                return self._call(node)
            case ast.IfExp(test=test, body=body, orelse=other):
                self._value(test)
                return united([self._value(body), self._value(other)])
            case ast.BoolOp(values=values):
                return united([self._value(each) for each in values])
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return (Items(tuple(self._value(each) for each in items)),)
            case ast.Dict(keys=keys, values=values):
                found = [self._value(key) if key else () for key in keys]
                return (Items(tuple(map(self._value, values)), tuple(found)),)
            case ast.Subscript(value=owner, slice=index):
                return self._subscript(self._value(owner), self._value(index))
            case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item):
                return (Items((self._comprehension(node.generators, [item])[0],)),)
            case ast.DictComp(key=key, value=value):
                pair = self._comprehension(node.generators, [key, value])
                return (Items((pair[1],), (pair[0],)),)
            case ast.Lambda():
                return (self._function(node),)
            case ast.NamedExpr(target=target, value=value):
                bound = self._value(value)
                self._bind(target, bound)
                return bound
            case ast.Await(value=value) | ast.Starred(value=value):
                return self._value(value)
        self._others(node)
        return ()

    def _part(self, node: ast.expr) -> Values:
        """A part of an f-string; its texts are no literals that can change alone."""
        if not isinstance(node, ast.FormattedValue):
            return (Known(str(constant(node)), None),)
        parts = node.format_spec.values if isinstance(node.format_spec, ast.JoinedStr) else ()
        spec = "".join(str(each.value) for each in parts if isinstance(each, ast.Constant))
        values = self._value(node.value)
        return combined([values], formatted(spec, node.conversion), self._at(node))

    def _operation(
        self, node: ast.expr | ast.stmt, left: ast.expr, op: ast.operator, right: ast.expr
    ) -> Values:
        first, second = self._value(left), self._value(right)
        place = self._at(node if isinstance(node, ast.expr) else right)
        if isinstance(op, ast.Div):
            return self._joined([first, second], place.node)
        if isinstance(op, ast.Add):
            if any(isinstance(each, Items) for each in first) and not isinstance(node, ast.stmt):
                return (Items((united([self._each(first), self._each(second)]),)),)
            return combined([first, second], added, place) if any(known(first)) else ()
        if isinstance(op, ast.Mod):
            packed = [each for each in second if isinstance(each, Items)]
            arguments = packed[0].items if packed else (second,)
            return combined([first, *arguments], percent, place) if all(arguments) else ()
        return ()

    def _joined(self, parts: Sequence[Values], node: ast.expr) -> Values:
        """Paths behind one another; one of pathlib if any of them is."""
        maker = next((each.maker for part in parts for each in known(part) if each.maker), "")
        return combined(parts, joined, self._at(node, maker))

    def _attribute(self, node: ast.Attribute, owner: Values, name: str) -> Values:
        found: list[Values] = []
        for each in owner:
            if isinstance(each, Space):
                found.append(each.names.get(name, ()))
            elif isinstance(each, Known) and each.maker and name in ATTRIBUTES:
                make, is_path = ATTRIBUTES[name]
                maker = each.maker if is_path else ""
                own = Known(make(each), None, maker, each.literals, absolute=each.absolute)
                found.append((own,))
            elif isinstance(each, Known) and each.maker and name == "parents":
                found.append((Items(tuple(self._parents(each))),))
            elif isinstance(each, Items) and each.keys is not None:  # as OmegaConf has them
                found.append(self._subscript((each,), (Known(name),)))
        return united(found)

    def _parents(self, path: Known) -> Iterator[Values]:
        for _ in range(_MOST_PARENTS):
            path = replace(path, value=parent(path), origin=None, sources=path.literals)
            yield (path,)

    def _subscript(self, owner: Values, index: Values) -> Values:
        wanted = {each.value for each in known(index)}
        found: list[Values] = []
        for each in owner:
            if not isinstance(each, Items):
                continue
            if each.keys is None:
                chosen = [
                    each.items[n]
                    for n in wanted
                    if isinstance(n, int) and -len(each.items) <= n < len(each.items)
                ]
            else:
                chosen = [
                    item
                    for key, item in zip(each.keys, each.items, strict=True)
                    if wanted & {own.value for own in known(key)}
                ]
            found += chosen or each.items
        return united(found)

    def _comprehension(
        self, generators: Iterable[ast.comprehension], results: Iterable[ast.expr]
    ) -> list[Values]:
        outer, self._names = self._names, dict(self._names)
        for each in generators:
            self._bind(each.target, self._each(self._value(each.iter)))
            for test in each.ifs:
                self._value(test)
        found = [self._value(each) for each in results]
        self._names = outer
        return found

    def _each(self, values: Values) -> Values:
        """What a loop over the values gives."""
        files = tuple(each for each in values if isinstance(each, Matched))
        return files + united(each.each() for each in values if isinstance(each, Items))
