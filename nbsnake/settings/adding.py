"""Adding ``uses:`` to nbsnake.yaml, with the rest of its text unchanged, comments as well. Pure.

The result is read back before it counts.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from nbsnake.errors import PipelineError, Where
from nbsnake.model.paramtype import Value
from nbsnake.settings.seeding import holds, loaded
from nbsnake.settings.yaml_text import inline

_LINE_END = r"[ \t]*(?:#[^\n]*)?\r?\n"
_LIST = re.compile(rf"^uses:{_LINE_END}(?:{_LINE_END})*(?P<indent> *)(?=- )", re.MULTILINE)
Uses = Sequence[Mapping[str, Value]]


def with_uses(text: str, uses: Uses, file: str) -> str:
    """The text of the settings in ``file`` with further uses, before those that it has.

    Raises :class:`PipelineError` where that cannot be done with all other values kept.
    """
    settings = loaded(text)
    wanted = {**settings, "uses": [*map(dict, uses), *(settings.get("uses") or ())]}
    for found in _attempts(text, uses):
        if holds(found, wanted):
            return found
    raise PipelineError(
        "uses cannot be added without changing other settings",
        where=Where(file),
        hint=f"add by hand:\n{_lines('', uses, chr(10))}",
    )


def _attempts(text: str, uses: Uses) -> Iterator[str]:
    """Texts that may be the one that is wanted, best first."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if match := _LIST.search(text):
        start = match.start("indent")
        yield text[:start] + _lines(match["indent"], uses, newline) + text[start:]
    else:
        above = f"{text.rstrip()}{newline}" if text.strip() else ""
        yield f"{above}uses:{newline}{_lines('', uses, newline)}"
    yield from _dumped(text, uses, newline)


def _lines(indent: str, uses: Uses, newline: str) -> str:
    lines = [
        f"{indent}{'  ' if number else '- '}{inline(name)}: {inline(value)}{newline}"
        for use in uses
        for number, (name, value) in enumerate(use.items())
    ]
    return "".join(lines)


def _dumped(text: str, uses: Uses, newline: str) -> Iterator[str]:
    """The last resort, which keeps all values but not all of their looks."""
    yaml = YAML()
    yaml.width = 4096  # never fold a text of the user's
    yaml.preserve_quotes = True
    yaml.line_break = newline  # type: ignore[assignment]
    stream = io.StringIO()
    try:
        document = yaml.load(text) or CommentedMap()
        document["uses"] = [*yaml.load(_lines("", uses, "\n")), *(document.get("uses") or ())]
        yaml.dump(document, stream)
    except (YAMLError, TypeError):
        return
    yield stream.getvalue()
