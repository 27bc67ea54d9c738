"""Whether what was generated is older than the notebooks: told before anyone relies on it."""

import sys

from nbsnake.errors import NbsnakeError
from nbsnake.generate.unchanged import is_unchanged


def warn_of_drift() -> NbsnakeError | None:
    """Say where the generated files, by which all is judged, are older than what gives them.

    The fault for which nothing can be generated is told, and given back.
    """
    if is_unchanged():
        return None
    from nbsnake.generate.generate import check  # slow, and not needed where nothing has changed

    try:
        drifts = check()
    except NbsnakeError as error:
        print(f"nbsnake: nothing can be generated:\n{error}", file=sys.stderr)
        return error
    if drifts:
        paths = ", ".join(drift.path for drift in drifts)
        print(
            f"nbsnake: older than the notebooks, the settings or the parameters: {paths}; "
            "run: nbsnake generate",
            file=sys.stderr,
        )
    return None
