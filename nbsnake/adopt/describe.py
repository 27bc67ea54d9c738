"""The words of a proposal: what the step is, and what is not known of it."""

import ast
import re
from collections.abc import Iterator

from nbsnake.adopt.facts import Certainty, Facts
from nbsnake.adopt.proposal import Doubt
from nbsnake.adopt.spans import is_text
from nbsnake.follow.cells import Source
from nbsnake.model.step import Notebook


def description(notebook: Notebook, host: Source | None, step: str) -> str:
    """What the first cell says, else the first heading of the notebook, else its name."""
    if host and host.tree and is_text(host.tree.body[0]):
        return ast.get_docstring(host.tree) or step
    for cell in notebook.cells:
        if cell.kind == "markdown" and (match := re.search(r"^#+\s*(.+)$", cell.source, re.M)):
            plain = re.sub(r"[*_`#\\\"]|<[^>]*>|\[([^]]*)\]\([^)]*\)", r"\1", match[1]).strip()
            if plain and not plain.startswith(":"):
                return plain.rstrip(".:") + "."
    return f"{step.replace('_', ' ').capitalize()}."


def doubts(facts: Facts) -> Iterator[Doubt]:
    """What only one witness knows, and calls whose paths are not known."""
    for file in facts.files if facts.ran else ():
        if file.certainty is Certainty.READING:
            text = f"names {file.path!r}, which the run did not read or write"
            yield Doubt(file.where.cell or 0, file.where.line or 0, text)
    for file in facts.asked:
        text = f"may read or write {file.path!r}"
        yield Doubt(file.where.cell or 0, file.where.line or 0, text)
    for where, name in facts.gaps:
        yield Doubt(where.cell or 0, where.line or 0, f"{name} takes a path that is computed")
