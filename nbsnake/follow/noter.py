"""Noting what calls do with the strings that they are given."""

import ast

from nbsnake.follow.calls import (
    PATH_LIKE,
    How,
    expects_path,
    how_of,
    is_pair,
    mode_position,
    takes_any_text,
)
from nbsnake.follow.expressions import joined
from nbsnake.follow.mention import Gap, Here, Mention, Move
from nbsnake.follow.values import Items, Known, Matched, Origin, Values, flat, known

_OF_MACHINES = frozenset({"mount"})  # calls whose paths are no files of a project
_NO_PATHS = frozenset({"sep", "delimiter", "date_format", "encoding", "mode", "format", "engine"})


class Noter:
    """The mentions of paths so far, in order, in the cell that is followed."""

    def __init__(self) -> None:
        self.mentions: list[Mention] = []
        self.gaps: list[Gap] = []
        self.moves: list[Move] = []
        self.heres: list[Here] = []
        self._cell = 0
        self._kept = True
        self._cwd = "."

    def _at(self, node: ast.expr, maker: str = "") -> Origin:
        return Origin(self._cell, node, maker)

    def _move(self, folder: str | None, line: int, name: str) -> None:
        self.moves.append(Move(self._cell, line, folder, name))
        if folder is not None:
            self._cwd = joined(Known(self._cwd), Known(folder)) or "."

    def _used(
        self,
        node: ast.Call,
        name: str,
        dotted: str,
        owner: Values,
        arguments: list[Values],
        keywords: dict[str, Values],
    ) -> Values:
        """Note what a call does with paths, and give the files that it finds."""
        if name in _OF_MACHINES:
            return ()
        position = mode_position(name, on_path=bool(owner))
        modes = keywords.get("mode") or (
            arguments[position] if position is not None and len(arguments) > position else ()
        )
        mode = next((each.text for each in known(modes)), None)
        how = how_of(name, dotted, mode, on_path=bool(owner))
        if owner:
            return self._paths(node, how or How.PASS, owner, name, arguments)
        if is_pair(name, dotted):
            for each, done in zip(arguments, (How.READ, How.WRITE), strict=False):
                self._paths(node, done, each, name, arguments)
            return ()
        given = arguments if position is None else arguments[:position]
        others = [values for key, values in keywords.items() if key not in _NO_PATHS]
        for order, values in enumerate([*given, *others]):
            is_first = not order and bool(given) and takes_any_text(name)
            chosen = tuple(each for each in flat(values) if is_first or _looks_like_path(each))
            self._paths(node, how or How.PASS, chosen, name, arguments)
        if node.args and given and self._kept and expects_path(name) and not _is_known(given[0]):
            self.gaps.append(Gap(self._cell, node.lineno, name))
        if how is How.GLOB:
            return tuple(
                Matched(each.text, self._at(node)) for each in known(given[0] if given else ())
            )
        return ()

    def _paths(
        self, node: ast.Call, how: How, values: Values, name: str, arguments: list[Values]
    ) -> Values:
        """Note paths; of a Path that globs, those of the files that it finds."""
        found: list[Matched] = []
        for each in flat(values):
            if how is How.GLOB and each.maker:
                patterns = [own.text for own in known(arguments[0] if arguments else ())]
                below = "**/" * (name == "rglob")
                text = f"{each.text}/{below}{patterns[0] if patterns else '*'}"
                each = Known(text, None, each.maker, each.literals, partial=True)
                self._mention(each, How.READ, node.lineno, self._at(node))
                found.append(Matched(text, None))
            else:
                place = self._at(node) if how is How.GLOB else None
                self._mention(each, how, node.lineno, place, is_database=name == "connect")
        return tuple(found)

    def _mention(
        self,
        path: Known,
        how: How,
        line: int,
        origin: Origin | None,
        *,
        is_database: bool = False,
    ) -> None:
        """Note one path; ``origin`` is the expression that finds it, if it is not its own."""
        self.mentions.append(
            Mention(
                text=path.text,
                how=how,
                cell=self._cell,
                line=line,
                origin=origin or path.origin,
                cwd=self._cwd,
                kept=self._kept,
                sources=path.literals,
                partial=path.partial,
                is_database=is_database,
            )
        )

    def _chdir(self, arguments: list[Values], node: ast.Call, name: str) -> None:
        folders = list(known(arguments[0])) if arguments else []
        self._move(folders[0].text if len(folders) == 1 else None, node.lineno, name)


def _looks_like_path(value: Known) -> bool:
    return isinstance(value.value, str) and PATH_LIKE.fullmatch(value.text) is not None


def _is_known(values: Values) -> bool:
    return any(isinstance(each, Known | Items | Matched) for each in values)
