"""The code blocks of pages, the files that they name, and a shell that runs them."""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from builders import nb_fields

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path):
    """The code blocks of a page, each with its language."""
    return _BLOCK.findall(path.read_text(encoding="utf-8"))


def put(folder, found):
    """Write the files that blocks name; blocks of one notebook are its cells."""
    cells = defaultdict(list)
    for language, text in found:
        head, _, body = text.partition("\n")
        if language in ("python", "csv") and (named := re.fullmatch(r"# (\S+/?\S+\.\w+)", head)):
            cells[named[1]].append(body)
    for name, parts in cells.items():
        put_file(folder / name, parts)


def put_file(path, parts):
    """Write a file from its parts, which are the cells of a notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sources = [part.rstrip("\n") for part in parts]
    is_notebook = path.suffix == ".ipynb"
    path.write_text(json.dumps(nb_fields(*sources)) if is_notebook else "".join(parts))


class Shell:
    """Runs commands as a user's shell does, with a home of its own."""

    def __init__(self, home):
        home.mkdir()
        (home / ".gitconfig").write_text("[user]\n name = A\n email = a@example.com\n")
        kept = {k: value for k, value in os.environ.items() if not k.startswith(("GIT", "DVC"))}
        own = {"HOME": str(home), "DVC_SITE_CACHE_DIR": str(home / "site"), "DVC_NO_ANALYTICS": "1"}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._env = {**kept, **own, "PATH": path}

    def __call__(self, text, folder):
        """What the commands print; none of them may fail."""
        command = ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(command, cwd=folder, env=self._env, capture_output=True, text=True)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout
