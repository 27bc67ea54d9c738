"""An executed notebook as HTML: code in colors, text as Markdown, outputs as what they are."""

import base64
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from nbsnake.escape import LAYOUT, escaped
from nbsnake.report.sanitize import frame

LARGEST = 200_000  # characters of an output; of a larger one, its plain text is shown
LONGEST = 20_000  # characters of a text
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="c-")
# HTML in Markdown stays text, and pictures, which are elsewhere, are links.
_MARKDOWN = MarkdownIt("js-default", {"linkify": False}).disable("image")


def notebook_html(document: Any) -> str:
    """The cells; "" for what is no notebook."""
    try:
        return "".join(_cell(cell, number) for number, cell in enumerate(document["cells"], 1))
    except (KeyError, TypeError, ValueError, AttributeError):
        return ""


def code_html(source: str) -> str:
    """Python in colors."""
    shown = highlight(escaped(source, LAYOUT), PythonLexer(), _FORMATTER)
    return f'<pre class="code">{shown}</pre>'


def text_html(text: str, kind: str = "") -> str:
    """Text as it was printed, without the colors of a terminal."""
    plain = escaped(_last_states(_COLORS.sub("", text)), LAYOUT)
    shown = plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}\n... {len(plain)} characters"
    return f'<pre class="out {kind}">{escape(shown)}</pre>'


def _last_states(text: str) -> str:
    """Of lines that a progress bar wrote again and again, the last state."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _cell(cell: dict[str, Any], number: int) -> str:
    index = cell["metadata"]["nbsnake"]["cell"]
    source = _joined(cell["source"])
    if cell["cell_type"] != "code":
        return f'<div class="cell">{_markdown(source)}</div>'
    seconds = cell["metadata"]["nbsnake"].get("seconds")
    took = f", {seconds:.2f} s" if isinstance(seconds, int | float) else ""
    outputs = "".join(_output(each, f"output of cell {index}") for each in cell["outputs"])
    return (
        f'<div class="cell"><p class="prompt">cell {int(index)}{took}</p>'
        f"{code_html(source)}{outputs}</div>"
    )


def _markdown(source: str) -> str:
    """Text in Markdown, with headings below those of the page."""
    html = _MARKDOWN.render(escaped(source, LAYOUT))
    return re.sub(
        r"<(/?)h([1-6])>", lambda match: f"<{match[1]}h{min(int(match[2]) + 3, 6)}>", html
    )


def _output(output: dict[str, Any], title: str) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return text_html(_joined(output["text"]), "stderr" if output["name"] == "stderr" else "")
    if kind == "error":
        return text_html("\n".join(output["traceback"]), "stderr")
    return next(_shown(output["data"], title), "")


def _shown(data: dict[str, Any], title: str) -> Iterator[str]:
    """The forms that an output has, the richest first."""
    for kind in _PICTURES:
        if kind in data and _BASE64.fullmatch(_joined(data[kind])):
            content = "".join(_joined(data[kind]).split())
            yield f'<img alt="{escape(title)}" src="data:{kind};base64,{content}">'
    if "image/svg+xml" in data:
        content = base64.b64encode(_joined(data["image/svg+xml"]).encode()).decode()
        yield f'<img alt="{escape(title)}" src="data:image/svg+xml;base64,{content}">'
    if "text/html" in data and len(_joined(data["text/html"])) <= LARGEST:
        yield frame(_joined(data["text/html"]), title)
    if "text/markdown" in data:
        yield _markdown(_joined(data["text/markdown"]))
    for kind in ("text/latex", "text/plain"):
        if kind in data:
            yield text_html(_joined(data[kind]))


def _joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(text)
