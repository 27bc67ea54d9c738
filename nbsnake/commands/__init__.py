"""One module for each command; each has ``add_arguments(parser)`` and ``run(args) -> exit code``.

The command line imports only the module of the command that is called.
"""

import os
from pathlib import Path

from nbsnake.discover import find_root


def enter_project() -> Path:
    """Make the project's root the working directory, on which all relative paths rest."""
    root = find_root(Path.cwd())
    os.chdir(root)
    return root
