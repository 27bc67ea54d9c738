"""DVC's errors as ours."""

import contextlib
from collections.abc import Iterator

from dvc.exceptions import DvcException

from nbsnake.errors import NbsnakeError, ToolError
from nbsnake.job.inside import UnsafePathError


@contextlib.contextmanager
def dvc_failures(doing: str, hint: str = "") -> Iterator[None]:
    """Raise :class:`ToolError` for what DVC raises: "DVC cannot {doing}: ..." on one line."""
    try:
        yield
    except (NbsnakeError, UnsafePathError):
        raise
    except Exception as error:  # for files that are not what they should be, DVC raises anything
        kind = "" if isinstance(error, DvcException | OSError) else f"{type(error).__name__}: "
        raise ToolError(f"DVC cannot {doing}: {kind}{one_line(error)}", hint=hint) from None


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks."""
    return " ".join(str(error).split())
