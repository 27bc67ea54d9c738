"""What the script of a notebook that runs in a Jupyter kernel carries: starting it, giving it the
values of parameters in its language, executing code in it. :mod:`nbsnake.ipython.standins` has the
rule for such functions.
"""

from collections.abc import Callable
from typing import Any


def _nb_kernel(name: str, language: str) -> None:
    """Start the Jupyter kernel of this name in the working directory; it ends with the script."""
    import atexit
    import contextlib
    import os
    import signal
    import sys

    try:
        import nbclient
        import nbformat
    except ImportError:
        sys.exit("a step that runs in a kernel needs nbclient: pip install 'nbsnake[kernels]'")
    from jupyter_client.kernelspec import NoSuchKernel

    class Client(nbclient.NotebookClient):  # type: ignore[misc]
        def output(self, outs: Any, msg: Any, *more: Any) -> Any:
            content = msg["content"]
            if msg["msg_type"] == "stream":
                stream = sys.stdout if content["name"] == "stdout" else sys.stderr
                stream.write(content["text"])
                stream.flush()
            elif "data" in content:
                _nb_shown(content["data"])
            return super().output(outs, msg, *more)

    client = Client(nbformat.v4.new_notebook(), timeout=None, kernel_name=name)
    # The inline backend of a Python kernel draws only where nothing else is asked for.
    environment = {key: text for key, text in os.environ.items() if key != "MPLBACKEND"}
    stack = contextlib.ExitStack()
    atexit.register(stack.close)

    def stop(*_: Any) -> None:
        client.shutdown_kernel = "immediate"
        sys.exit(143)

    # Without this a kernel, which has a session of its own, would outlive a job that is stopped.
    signal.signal(signal.SIGTERM, stop)
    try:
        stack.enter_context(client.setup_kernel(env=environment, cwd=os.getcwd()))
    except NoSuchKernel:
        sys.exit(f"there is no Jupyter kernel {name!r} here; known: jupyter kernelspec list")
    vars(_nb_kernel)["client"] = client


def _nb_execute(code: str) -> None:
    """Run code in the kernel, and show what it shows; raises RuntimeError for its error."""
    import nbformat
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    client = vars(_nb_kernel)["client"]
    cell = nbformat.v4.new_code_cell(code)
    client.nb.cells.append(cell)
    try:
        client.execute_cell(cell, len(client.nb.cells) - 1)
    except CellExecutionError as error:
        message = f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        message = "the kernel died"
    else:
        return
    raise RuntimeError(message.strip())


def _nb_shown(data: dict[str, Any]) -> None:
    """Print what a kernel shows as text; ``data`` are its representations by media type."""
    if text := data.get("text/plain"):
        print("".join(text))


def _nb_assigned(form: str, text: Callable[[Any], str], values: dict[str, Any]) -> str:
    """One assignment a line; raises ValueError, with the name, for a value without a literal."""
    lines = []
    for name, value in values.items():
        try:
            lines.append(form.format(name, text(value)))
        except ValueError as error:
            raise ValueError(f"the value of {name!r}: {error}") from None
    return "\n".join(lines)


def _nb_in_r(*integers: str, **values: Any) -> str:
    """Assignments in R: lists of one kind become vectors, mappings lists with names.

    ``integers`` are the names whose whole numbers are integers; others are doubles.
    """

    def quoted(value: str) -> str:
        if "\0" in value:
            raise ValueError("R has no strings with null bytes")
        known = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
        return '"' + "".join(known.get(each, shown(each)) for each in value) + '"'

    def shown(char: str) -> str:
        return char if " " <= char <= "~" else f"\\U{{{ord(char):x}}}"

    def kind(value: Any) -> str:
        if isinstance(value, bool):
            return "bool"
        return "number" if isinstance(value, int | float) else type(value).__name__

    def text(value: Any) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, int | float):
            if isinstance(value, int) and abs(value) > 2**53:
                raise ValueError("R cannot store a whole number of this size exactly")
            return {"inf": "Inf", "-inf": "-Inf", "nan": "NaN"}.get(repr(value), repr(value))
        if isinstance(value, dict):
            pairs = (f"{quoted(str(key))} = {text(each)}" for key, each in value.items())
            return f"list({', '.join(pairs)})"
        if isinstance(value, list | tuple | set):
            kinds = {kind(each) for each in value}
            call = "c" if len(kinds) <= 1 and kinds <= {"bool", "number", "str"} else "list"
            return f"{call}({', '.join(map(text, value))})"
        return quoted(str(value))

    def integer(value: Any) -> str:
        if isinstance(value, list | tuple | set):
            return f"c({', '.join(map(integer, value))})"
        if isinstance(value, bool) or not isinstance(value, int):
            return text(value)
        if abs(value) >= 2**31:
            raise ValueError("R has no integers of this size; write the literal without L")
        return f"{value}L"

    own = {name: value for name, value in values.items() if name in integers}
    others = {name: value for name, value in values.items() if name not in integers}
    parts = (
        _nb_assigned("{} <- {}", text, others),
        _nb_assigned("{} <- {}", integer, own),
    )
    return "\n".join(filter(None, parts))


def _nb_in_julia(**values: Any) -> str:
    """Assignments in Julia."""

    def shown(char: str) -> str:
        if char in '\\"$':
            return f"\\{char}"
        return char if " " <= char <= "~" else f"\\U{ord(char):08x}"

    def text(value: Any) -> str:
        if value is None:
            return "nothing"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return {"inf": "Inf", "-inf": "-Inf", "nan": "NaN"}.get(repr(value), repr(value))
        if isinstance(value, dict):
            pairs = (f"{text(key)} => {text(each)}" for key, each in value.items())
            return f"Dict({', '.join(pairs)})"
        if isinstance(value, list | tuple | set):
            start = "Set(" if isinstance(value, set) else ""
            return f"{start}[{', '.join(map(text, value))}]{')' * bool(start)}"
        return '"' + "".join(map(shown, str(value))) + '"'

    return _nb_assigned("{} = {}", text, values)


def _nb_in_python(**values: Any) -> str:
    """Assignments in Python."""
    import math
    import os

    def text(value: Any) -> str:
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        if isinstance(value, dict):
            pairs = (f"{text(key)}: {text(each)}" for key, each in value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, list):
            return f"[{', '.join(map(text, value))}]"
        return repr(os.fspath(value) if isinstance(value, os.PathLike) else value)

    return _nb_assigned("{} = {}", text, values)


KERNEL_CALLS: tuple[Callable[..., object], ...] = (
    _nb_assigned,
    _nb_in_julia,
    _nb_in_python,
    _nb_in_r,
    _nb_kernel,
    _nb_shown,
    _nb_execute,
)
