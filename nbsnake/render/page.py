"""An executed notebook as one HTML page that asks nothing of the network."""

import re
from html import escape
from typing import Any

import nbformat

from nbsnake.errors import ToolError
from nbsnake.escape import LAYOUT, escaped

# No script, style, font or image comes from elsewhere, whatever the outputs contain.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"
# These lead elsewhere in spite of the policy.
LEADING = re.compile(r"<(?=/?(?:meta|link|base|i?frame|object|embed)[\s/>])", re.IGNORECASE)
STYLE = """\
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif;
  background: Canvas; color: CanvasText; color-scheme: light dark; }
pre { overflow-x: auto; white-space: pre-wrap; margin: 0.25rem 0; font: 0.9rem/1.4 monospace; }
.highlight { background: color-mix(in srgb, CanvasText 6%, Canvas); padding: 0.5rem;
  border-radius: 0.25rem; }
.prompt { opacity: 0.6; font: 0.8rem monospace; }
.output_error pre, .jp-RenderedText[data-mime-type*="stderr"] pre { color: #b3261e; }
img, svg { max-width: 100%; }
table { border-collapse: collapse; } td, th { padding: 0.1rem 0.5rem; text-align: right; }
"""


def notebook_page(notebook: dict[str, Any], title: str) -> str:
    """The page. Raises :class:`ToolError` where nbconvert is not installed, or refuses it."""
    try:
        from nbconvert import HTMLExporter  # an extra, and slow
    except ImportError:
        raise ToolError("nbconvert is not installed", hint="pip install nbconvert") from None
    # By default, templates and programs of a folder "basic" in the working directory come first.
    exporter: Any = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="basic", extra_template_basedirs=[], embed_images=True
    )
    try:
        body, _ = exporter.from_notebook_node(nbformat.from_dict(_visible(notebook)))
    except Exception as error:  # whatever a notebook that was tampered with makes nbconvert raise
        message = f"nbconvert cannot show the notebook: {type(error).__name__}: {error}"
        raise ToolError(message) from None
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{STYLE}</style></head><body>\n{LEADING.sub('&lt;', body)}\n</body></html>\n"
    )


def _visible(value: Any, key: str = "") -> Any:
    """A notebook in which code and what it printed hide nothing; colors and line ends stay."""
    if isinstance(value, dict):
        is_code = value.get("cell_type", "code") == "code"
        return {name: _visible(each, name if is_code else "") for name, each in value.items()}
    if isinstance(value, list):
        return [_visible(each, key) for each in value]
    shown = isinstance(value, str) and key in ("source", "text", "text/plain", "traceback")
    return escaped(value, f"{LAYOUT}\r\b\x1b") if shown else value
