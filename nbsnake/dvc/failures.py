"""DVC's errors as ours."""

import contextlib
from collections.abc import Iterator

from dvc.exceptions import DvcException

from nbsnake.errors import ToolError


@contextlib.contextmanager
def dvc_failures(doing: str, hint: str = "") -> Iterator[None]:
    """Raise :class:`ToolError` for what DVC raises: "DVC cannot {doing}: ..." on one line."""
    try:
        yield
    except (DvcException, OSError) as error:
        raise ToolError(f"DVC cannot {doing}: {one_line(error)}", hint=hint) from None


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks."""
    return " ".join(str(error).split())
