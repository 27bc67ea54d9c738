"""nbsnake in Jupyter: the server extension, the extension of JupyterLab, and ``%nbsnake``.

The server imports little of nbsnake. What reads a project runs in a process of its own, whose
working directory is the project's root, so that the server's loop never waits for it.

Imports: dvc, errors, generate, job, model, names, notebook, programs, report, results, settings,
snakemake, tables.
"""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """What Jupyter's server loads, by the protocol of its extensions."""
    from nbsnake.jupyter.app import Extension  # needs jupyter_server, which the extra installs

    return [{"module": "nbsnake.jupyter", "app": Extension}]
