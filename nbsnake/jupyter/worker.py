"""``python -m nbsnake.jupyter.worker OPERATION``: what the server asks about one project.

The working directory is the project's root. The request is a JSON object on standard input, whose
entries are the operation's arguments; the answer is one on standard output. An answer with
``fault`` says in words why there is no other.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from nbsnake.errors import NbsnakeError, UsageError, os_error_text
from nbsnake.generate.generate import generate as generate_files
from nbsnake.jupyter.fields import change, fields
from nbsnake.jupyter.overview import overview
from nbsnake.notebook.explain import explained
from nbsnake.programs import import_nothing_from_here

Answer = dict[str, Any]


def generate(notebook: str) -> Answer:
    """Write what follows from a notebook; one that is no step has nothing to write."""
    try:
        changes = generate_files([notebook])
    except UsageError:
        return {"changes": []}
    return {"changes": [change.path for change in changes]}


OPERATIONS: Mapping[str, Callable[..., Answer]] = {
    "change": change,
    "fields": fields,
    "generate": generate,
    "overview": overview,
}


def main(argv: list[str]) -> int:
    """Answer one request."""
    import_nothing_from_here()
    request = json.loads(sys.stdin.read() or "{}")
    try:
        answer = OPERATIONS[argv[0]](**request)
    except NbsnakeError as error:
        answer = {"fault": explained(error)}
    except OSError as error:
        answer = {"fault": os_error_text(error)}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
