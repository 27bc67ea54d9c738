"""A warning when generated files are older than the notebooks."""

from nbsnake.errors import NbsnakeError
from nbsnake.generate.unchanged import is_unchanged
from nbsnake.job.say import say


def warn_of_drift() -> NbsnakeError | None:
    """Say where the generated files, by which all is judged, are older than what gives them.

    A fault that prevents generation is reported and returned.
    """
    if is_unchanged():
        return None
    from nbsnake.generate.generate import check  # slow, and not needed where nothing has changed

    try:
        drifts = check()
    except NbsnakeError as error:
        say(f"nothing can be generated:\n{error}")
        return error
    if drifts:
        paths = ", ".join(drift.path for drift in drifts)
        say(
            f"older than the notebooks, the settings or the parameters: {paths}; "
            "run: nbsnake generate"
        )
    return None
