"""Hooks of MkDocs: pages that lie at the top of the repository become pages of the site."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "policy.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples/digits/README.md": "examples/digits.md",
    "examples/reviews/README.md": "examples/reviews.md",
}
PICTURES = {"examples/reviews/docs/accuracy.svg": "examples/docs/accuracy.svg"}
LINK = re.compile(r"(\]\()([^)#\s]+)([^)]*\))")
GRAPH = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)


def on_files(files, config):
    """Add the pages and pictures."""
    for source, target in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        if target == "index.md":  # a picture of it, for nothing is loaded from elsewhere
            text = GRAPH.sub("![The steps of the example](pictures/digits.svg)\n", text)
        files.append(File.generated(config, target, content=linked(text, source)))
    for source, target in PICTURES.items():
        files.append(File.generated(config, target, content=(ROOT / source).read_bytes()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Lead links of the pages below docs/ to the pages that :func:`on_files` added."""
    path = page.file.src_uri
    return markdown if path in PAGES.values() else linked(markdown, f"docs/{path}")


def linked(text, source):
    """The text of a file of the repository with its links as they are on the site."""

    def changed(match):
        if re.match(r"\w+:", match[2]):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2]))
        target = place(path)
        if target is None:  # a file that is no page: its name is enough
            return f"](#{match[3]}" if match[3] == ")" else match[0]
        start = posixpath.dirname(place(source))
        return f"{match[1]}{posixpath.relpath(target, start or '.')}{match[3]}"

    return LINK.sub(changed, text)


def place(path):
    """Where a file of the repository is on the site; None where it is no part of it."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return PAGES.get(path, PICTURES.get(path))
