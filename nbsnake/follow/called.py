"""What calls give, as far as it can be known without running them; others are noted."""

import ast
import posixpath
from abc import abstractmethod
from dataclasses import replace

from nbsnake.follow.calls import ON_PATHS
from nbsnake.follow.configs import is_config_reader, read_config
from nbsnake.follow.evaluate import Evaluator
from nbsnake.follow.expressions import (
    DEFAULTS,
    HERE,
    MADE_ABSOLUTE,
    PATHS,
    SAME,
    SAME_METHODS,
    TO_ITEMS,
    filled,
    joined,
    parent,
    replaced,
    with_part,
)
from nbsnake.follow.mention import Here
from nbsnake.follow.values import (
    Function,
    Items,
    Known,
    Matched,
    Opened,
    Space,
    Values,
    combined,
    known,
    united,
)

_OPENS = frozenset({"open", "read_text", "read_bytes"})


class Caller(Evaluator):
    """Evaluates calls: of the notebook's own functions, and of those that only compute."""

    def __init__(self) -> None:
        super().__init__()
        self.modules: dict[str, str] = {}
        self.folder = ""  # of the notebook, from the root

    @abstractmethod
    def _enter_with(
        self, function: Function, arguments: list[Values], keywords: dict[str, Values]
    ) -> Values: ...

    def _call(self, node: ast.Call) -> Values:
        function = node.func
        owner = self._value(function.value) if isinstance(function, ast.Attribute) else ()
        local = self._value(function) if isinstance(function, ast.Name | ast.Attribute) else ()
        if not isinstance(function, ast.Name | ast.Attribute):
            self._value(function)
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        arguments = [self._value(each) for each in node.args]
        keywords = {each.arg or "": self._value(each.value) for each in node.keywords}
        for each in local:
            if isinstance(each, Function):
                return self._enter_with(each, arguments, keywords)
            if isinstance(each, Space):
                return (Space(dict(each.names)),)
        dotted = self._dotted(function)
        if name == "map" and node.args:
            return self._mapped(node, arguments)
        if dotted in ("os.chdir", "contextlib.chdir"):
            self._chdir(arguments, node, dotted)
            return ()
        made = self._made(node, name, dotted, owner, arguments)
        if made is not None:
            return made
        on_path = any(each.maker for each in known(owner)) and name in ON_PATHS
        found = self._used(node, name, dotted, owner if on_path else (), arguments, keywords)
        if is_config_reader(dotted) and arguments:
            return self._config(dotted, arguments[0])
        if name == "read" and (opened := [each for each in owner if isinstance(each, Opened)]):
            return tuple(opened)
        if dotted == "open" or (on_path and name in _OPENS):
            paths = owner if on_path else arguments[0] if arguments else ()
            return tuple(Opened(each.text) for each in known(paths) if not each.partial)
        return found

    def _config(self, dotted: str, source: Values) -> Values:
        """The values of a file of configuration, beside the notebook or from the root."""
        texts = [each.text for each in source if isinstance(each, Opened | Known)]
        if len(texts) != 1:
            return ()
        below = posixpath.join(self.folder, self._cwd, texts[0])
        return read_config(dotted, below) or read_config(dotted, texts[0])

    def _dotted(self, node: ast.expr) -> str:
        """The name of a function with its module, "" where that is not one of an import."""
        match node:
            case ast.Name(id=name):
                return self.modules.get(name, name if name in ("open", "str") else "")
            case ast.Attribute(value=owner, attr=name):
                known_as = self._dotted(owner)
                return f"{known_as}.{name}" if known_as else ""
        return ""

    def _mapped(self, node: ast.Call, arguments: list[Values]) -> Values:
        """``map(function, items)``, as a call with each item."""
        item = self._each(united(arguments[1:]))
        for each in arguments[0]:
            if isinstance(each, Function):
                return (Items((self._enter_with(each, [item], {}),)),)
        function = node.args[0]
        if self._dotted(function) in PATHS:
            made = tuple(replace(each, maker=ast.unparse(function)) for each in known(item))
            return (Items((made,)),)
        if isinstance(function, ast.Name | ast.Attribute):
            name = function.attr if isinstance(function, ast.Attribute) else function.id
            self._used(node, name, self._dotted(function), (), [item], {})
        return ()

    def _made(
        self, node: ast.Call, name: str, dotted: str, owner: Values, arguments: list[Values]
    ) -> Values | None:
        """What a call gives that only computes; None for another one."""
        first = arguments[0] if arguments else ()
        if dotted in PATHS:
            maker = ast.unparse(node.func)
            if len(arguments) == 1:
                return tuple(replace(each, maker=maker) for each in known(first))
            return combined(arguments, joined, self._at(node, maker))
        if dotted == "os.path.join":
            return combined(arguments, joined, self._at(node))
        if dotted in SAME:
            top = dotted in MADE_ABSOLUTE
            self._note_here(node, first if top else (), "")
            return tuple(
                replace(each, value=each.text, maker="", absolute=top or each.absolute)
                for each in known(first)
            )
        if dotted in HERE:
            maker = "Path" if dotted.endswith("cwd") and "Path" in dotted else ""
            self.heres.append(Here(self._at(node, ast.unparse(node.func) if maker else ""), "."))
            return (Known(".", self._at(node), maker, absolute=True),)
        if dotted == "os.path.dirname":
            return tuple(
                Known(parent(each), None, "", each.literals, absolute=each.absolute)
                for each in known(first)
            )
        if dotted in DEFAULTS:
            return arguments[1] if len(arguments) > 1 else ()
        if name in TO_ITEMS or name in ("enumerate", "zip"):
            return self._items_of(node, name, arguments)
        return self._made_of(node, name, owner, arguments)

    def _note_here(self, node: ast.expr, values: Values, maker: str) -> None:
        """An absolute path is computed from the folder in which the notebook runs."""
        texts = {each.text for each in known(values) if not each.absolute}
        if len(texts) == 1 and set(text := min(texts)) <= set("./"):
            self.heres.append(Here(self._at(node, maker), text or "."))

    def _made_of(
        self, node: ast.Call, name: str, owner: Values, arguments: list[Values]
    ) -> Values | None:
        """As :meth:`_made`, of methods."""
        paths = [each for each in known(owner) if each.maker]
        if name in SAME_METHODS and any(True for _ in known(owner)):
            if name in MADE_ABSOLUTE and paths:
                self._note_here(node, owner, paths[0].maker)
            return tuple(
                replace(
                    each,
                    maker="" if name == "as_posix" else each.maker,
                    absolute=each.absolute or name in MADE_ABSOLUTE,
                )
                for each in known(owner)
            )
        if paths and name == "joinpath":
            return self._joined([owner, *arguments], node)
        if paths and name in ("with_suffix", "with_name", "with_stem") and arguments:
            origin = self._at(node, paths[0].maker)
            return combined([owner, arguments[0]], lambda *each: with_part(name, *each), origin)
        if name == "format" and owner and all(arguments) and not node.keywords:
            return combined([owner, *arguments], filled, self._at(node))
        if name == "replace" and len(arguments) == 2 and not paths and owner:
            return combined([owner, *arguments], replaced, self._at(node))
        if name in ("items", "values", "keys") and not node.args:
            return self._of_mapping(name, owner)
        if name in ("append", "extend") and isinstance(node.func, ast.Attribute) and arguments:
            self._grow(node.func.value, arguments[0], extend=name == "extend")
        return None

    def _of_mapping(self, name: str, owner: Values) -> Values | None:
        found = [each for each in owner if isinstance(each, Items) and each.keys is not None]
        if not found:
            return None
        keys = tuple(key for each in found for key in each.keys or ())
        items = tuple(item for each in found for item in each.items)
        if name == "items":
            return (Items(((Items((united(keys), united(items))),),)),)
        return (Items(keys if name == "keys" else items),)

    def _grow(self, owner: ast.expr, item: Values, *, extend: bool) -> None:
        if isinstance(owner, ast.Name):
            new = self._each(item) if extend else item
            self._names[owner.id] = tuple(
                Items((*each.items, new)) if isinstance(each, Items) and each.keys is None else each
                for each in self._names.get(owner.id, ())
            )

    def _items_of(self, node: ast.Call, name: str, arguments: list[Values]) -> Values:
        if name == "zip":
            return (Items(((Items(tuple(map(self._each, arguments))),),)),)
        first = arguments[0] if arguments else ()
        if name == "enumerate":
            return (Items(((Items(((), self._each(first))),),)),)
        return tuple(
            Matched(each.pattern, self._at(node)) if isinstance(each, Matched) else each
            for each in first
            if isinstance(each, Items | Matched)
        )
