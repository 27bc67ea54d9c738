"""HTML of others as a document that runs nothing and asks nothing of a network.

It is shown in a sandboxed frame besides; what a sandbox would block is taken out, so that nothing
is tried.
"""

import re
from html import escape
from html.parser import HTMLParser

from nbsnake.escape import LAYOUT, escaped

# Elements that go with all that is in them, and those of which only the tag goes.
_GONE = frozenset(
    {"script", "iframe", "object", "applet", "frame", "frameset", "noscript", "template", "portal"}
    | {"audio", "video"}
)
_EMPTY = frozenset({"embed", "link", "meta", "base", "source", "track", "param"})
_VOID = frozenset({"br", "hr", "img", "input", "col", "wbr", "area"})
_REFERENCES = frozenset(
    {"src", "href", "xlink:href", "srcset", "data", "action", "formaction", "background", "poster"}
    | {"ping", "srcdoc", "http-equiv", "target", "autofocus", "contenteditable", "usemap"}
)
_LOADS = re.compile(r"url\s*\(|@import|image-set|expression\s*\(|src\s*\(", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
STYLE = (
    "<style>:root{color-scheme:light dark}body{margin:4px;font:13px/1.4 system-ui,sans-serif}"
    "table{border-collapse:collapse}td,th{padding:2px 8px;text-align:right}</style>"
)


def frame(html: str, title: str) -> str:
    """The HTML as a frame in which nothing runs; ``title`` names it for screen readers."""
    body = harmless(html)
    rows = body.count("<tr") + body.count("<p") + body.count("<li") + body.count("<br")
    height = min(60 + 24 * rows, 480)
    document = escape(f"<!doctype html><title>{escape(title)}</title>{STYLE}{body}")
    return (
        f'<iframe sandbox="" loading="lazy" title="{escape(title)}" '
        f'height="{height}" srcdoc="{document}"></iframe>'
    )


def harmless(html: str) -> str:
    """The HTML without scripts, handlers, frames, and all that loads something."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


class _Reader(HTMLParser):
    """Writes again what may stay; text in styles that loads something goes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._gone: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _GONE:
            self._gone.append(tag)
        elif not self._gone and tag not in _EMPTY and _is_name(tag):
            self._style = tag == "style"
            given = "".join(_attribute(tag, name, value or "") for name, value in attrs)
            self.parts.append(f"<{tag}{given}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._gone:
            del self._gone[self._gone.index(tag) :]
        elif not self._gone and tag not in _GONE | _EMPTY | _VOID and _is_name(tag):
            self._style = False
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._gone:
            return
        if self._style:
            safe = "<" not in data and not _LOADS.search(data) and "\\" not in data
            self.parts.append(data if safe else "")
        else:
            self.parts.append(escape(escaped(data, LAYOUT)))


def _is_name(tag: str) -> bool:
    return tag.isascii() and tag.replace("-", "").isalnum()


def _attribute(tag: str, name: str, value: str) -> str:
    if name.startswith("on") or not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        return ""
    if name in _REFERENCES:
        is_picture = (tag, name) == ("img", "src") and _PICTURE.fullmatch(value)
        return f' src="{escape(value)}"' if is_picture else ""
    if _LOADS.search(value) or "\\" in value:
        return ""
    return f' {name}="{escape(escaped(value))}"'
