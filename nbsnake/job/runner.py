"""Runs a generated script cell by cell, and records what each cell shows.

``python runner.py SCRIPT ARGUMENTS...`` does what ``python SCRIPT ARGUMENTS...`` does, in the real
``__main__``, and appends events to the file that ``NBSNAKE_EVENTS`` names, one JSON object a line:
``{"cell": index, "source": text}`` when a cell begins, ``{"output": ...}`` as nbformat 4.5 has it,
``{"seconds": number}`` when it ends, and at the end what was imported and opened. A job that is
killed leaves the events so far.

This file alone, with the standard library of Python 3.8 or newer: it runs in the environments and
containers of steps, where nbsnake may be absent.
"""

from __future__ import annotations

import ast
import atexit
import base64
import io
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import IO, Any

EVENTS = "NBSNAKE_EVENTS"
MARK = re.compile(r"^# %% (?:\[(\w+)\] )?cell (\d+)$", re.MULTILINE)
END_OF_FIGURES = "# figures end with their cell"
LIMIT = 1 << 20  # bytes of a cell's text, or of one representation, that are recorded
FLUSHED = 1 << 16  # bytes of text after which an event is written
REPR_SECONDS = 2  # after which a value is recorded without its representation
DRAW_SECONDS = 20  # the same for a figure
MOST_FILES = 100_000  # opened files that are recorded
RICH = (
    ("text/html", "_repr_html_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("text/markdown", "_repr_markdown_"),
    ("text/latex", "_repr_latex_"),
    ("application/json", "_repr_json_"),
)


class Recorder:
    """Appends events; after a fault of the disk it is silent, and says so once."""

    def __init__(self, path: str) -> None:
        self._pid = os.getpid()
        self._stream, self._parts = "", bytearray()  # what is not written yet
        self._size = 0  # bytes of this cell's text
        self._file: IO[bytes] | None = None
        try:
            self._file = open(path, "ab")  # noqa: SIM115  (open until the process ends)
        except OSError as error:
            complain("the executed notebook", error)

    @property
    def _is_on(self) -> bool:
        """A forked child has no part in it."""
        return self._file is not None and os.getpid() == self._pid

    def event(self, **fields: object) -> None:
        """Append one event."""
        if self._is_on:
            self._flush()
            self._write(fields)

    def text(self, stream: str, data: bytes) -> None:
        """What a cell writes to a stream, joined; beyond the limit it is only counted."""
        before, self._size = self._size, self._size + len(data)
        if not self._is_on or before >= LIMIT:
            return
        if stream != self._stream or len(self._parts) > FLUSHED:
            self._flush()
        self._stream = stream
        self._parts += data[: LIMIT - before]

    def begin(self, index: int, source: str) -> None:
        """A new cell, whose text is counted anew."""
        self.event(cell=index, source=source)
        self._size = 0

    def end(self, seconds: float) -> None:
        """The end of the cell, with a word on text that is left out."""
        if self._size > LIMIT:
            text = f"\n[{self._size - LIMIT} more bytes are in the log only]\n"
            self.event(output={"output_type": "stream", "name": "stderr", "text": text})
        self.event(seconds=round(seconds, 6))

    def _flush(self) -> None:
        if self._parts:
            text = self._parts.decode("utf-8", "replace")
            self._parts.clear()
            self._write({"output": {"output_type": "stream", "name": self._stream, "text": text}})

    def _write(self, fields: object) -> None:
        try:
            if self._file is not None:
                self._file.write(json.dumps(fields, default=str).encode() + b"\n")
                self._file.flush()
        except (OSError, ValueError) as error:
            self._file = None
            complain("the rest of the executed notebook", error)


def complain(what: str, error: BaseException) -> None:
    """Say what is missing; the script goes on."""
    if sys.__stderr__:
        sys.__stderr__.write(f"nbsnake: {what} is missing: {error}\n")


class Copied(io.RawIOBase):
    """A binary stream whose text is recorded, too; all else is the stream's own."""

    def __init__(self, real: Any, name: str, recorder: Recorder) -> None:
        super().__init__()
        self._real, self._name, self._recorder = real, name, recorder

    def write(self, data: Any) -> int:
        data = bytes(data)
        self._real.write(data)
        self._recorder.text(self._name, data)
        return len(data)

    def flush(self) -> None:
        self._real.flush()

    def fileno(self) -> int:
        return int(self._real.fileno())

    def isatty(self) -> bool:
        return bool(self._real.isatty())

    def writable(self) -> bool:
        return True


def copied(real: Any, name: str, recorder: Recorder) -> Any:
    """A text stream in place of sys.stdout or sys.stderr."""
    if not hasattr(real, "buffer"):  # there is none, or it is not a file's
        return real
    raw: Any = Copied(real.buffer, name, recorder)
    return io.TextIOWrapper(
        raw,
        encoding=real.encoding,
        errors=real.errors,
        newline="\n",
        line_buffering=real.line_buffering,
        write_through=True,
    )


class Figures:
    """Records the figures of pyplot, as Jupyter shows them at the end of a cell or by show()."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._shown: set[int] = set()

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Find pyplot as Python does, and wrap its show() once it is there."""
        if name != "matplotlib.pyplot" or self not in sys.meta_path:
            return None
        from importlib.util import find_spec  # only where it is needed

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            loader: Any = spec.loader
            run = loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                self._wrap(module)

            loader.exec_module = exec_module
        return spec

    def _wrap(self, pyplot: Any) -> None:
        show = pyplot.show

        def shown(*arguments: Any, **options: Any) -> Any:
            self.record()
            return show(*arguments, **options)

        shown.__name__, shown.__doc__ = show.__name__, show.__doc__
        pyplot.show = shown

    def begin(self) -> None:
        """Another cell: what is open was drawn before it."""
        self._shown = {id(figure) for figure in self._open()}

    def record(self) -> None:
        """Record the figures of this cell that are open and not yet recorded."""
        for figure in self._open():
            if id(figure) not in self._shown and (figure.axes or figure.lines):
                self._shown.add(id(figure))
                if data := guarded(lambda figure=figure: picture(figure), DRAW_SECONDS):  # type: ignore[misc]
                    self._recorder.event(output=display_data(data))

    def _open(self) -> list[Any]:
        helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
        managers = helpers.Gcf.get_all_fig_managers() if helpers else []
        return [manager.canvas.figure for manager in managers]


def picture(figure: Any) -> dict[str, str]:
    """The figure as Jupyter shows it, drawn on a canvas of its own."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # only where it is needed

    canvas, stale, buffer = figure.canvas, figure.stale, io.BytesIO()
    try:
        FigureCanvasAgg(figure).print_figure(
            buffer, format="png", bbox_inches="tight", dpi=figure.dpi
        )
    finally:
        figure.set_canvas(canvas)
        figure.stale = stale
    return {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": repr(figure)}


def display_data(data: dict[str, Any]) -> dict[str, Any]:
    """An output as nbformat has it."""
    return {"output_type": "display_data", "data": data, "metadata": {}}


def guarded(make: Callable[[], Any], seconds: float) -> Any:
    """What ``make`` gives; None, with a word, where it raises or takes longer.

    Only the main thread, and only where the script does not use the signal, has a limit.
    """
    import signal  # only where it is needed

    def too_long(*_: object) -> None:
        raise TimeoutError(f"it takes longer than {seconds} s")

    try:
        timed = signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
        if timed:
            signal.signal(signal.SIGALRM, too_long)
            signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return make()
        finally:
            if timed:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
    except Exception as error:
        complain("a result in the executed notebook", error)
        return None


def bundle(value: object) -> dict[str, Any]:
    """The representations of a value, by media type; those that are too large are left out."""
    data: dict[str, Any] = {}
    if own := getattr(type(value), "_repr_mimebundle_", None):
        data.update(_found(own(value)) or {})
    for media, name in RICH:
        method = getattr(type(value), name, None)
        if method is not None and media not in data:
            data[media] = _found(method(value))
    data.setdefault("text/plain", pretty(value))
    texts = {key: as_text(each) for key, each in data.items() if each is not None}
    small = {key: each for key, each in texts.items() if len(str(each)) <= LIMIT}
    return {"text/plain": f"[{type(value).__name__}: too large to be shown]", **small}


def _found(result: Any) -> Any:
    """Without the metadata that may come with it."""
    return result[0] if isinstance(result, tuple) else result


def as_text(found: Any) -> Any:
    """JSON's form of a representation."""
    return base64.b64encode(found).decode() if isinstance(found, bytes) else found


def pretty(value: object) -> str:
    """The value as IPython prints it, for the types that it breaks into lines."""
    import pprint  # only where it is needed

    plain = type(value) in (dict, list, tuple, set)
    return pprint.pformat(value, sort_dicts=False) if plain else repr(value)


def split(text: str) -> Iterator[tuple[str, int, int, str]]:
    """The parts of a script: kind, index, lines before it, source; the start has the index 0."""
    marks = list(MARK.finditer(text))
    yield "start", 0, 0, text[: marks[0].start() if marks else len(text)]
    ends = [*(each.start() for each in marks[1:]), len(text)]
    for number, mark in enumerate(marks):
        line, end = text.count("\n", 0, mark.start()), ends[number]
        yield mark[1] or "code", int(mark[2]), line, text[mark.start() : end]


def own_source(source: str) -> str:
    """The cell without its mark and without what was added at its end."""
    lines = source.split("\n")[1:]
    return "\n".join(line for line in lines if not line.endswith(END_OF_FIGURES)).strip("\n")


class Program:
    """The script in ``__main__``."""

    def __init__(self, path: str, recorder: Recorder) -> None:
        self._path, self._recorder = path, recorder
        self._flags = 0  # of the features that the script imports from __future__
        self.figures = Figures(recorder)

    def run(self, text: str) -> None:
        """Run all parts, in order; raises what the script raises."""
        for kind, index, line, source in split(text):
            if kind == "start":
                tree = self._parsed(source, 0)
                self._flags |= future_flags(tree)
                self._execute(tree, docstring=True)
            elif kind == "code":
                self._recorder.begin(index, own_source(source))
                self._cell(line, source)
            else:
                lines = [each[2:] for each in source.split("\n")[1:]]
                self._recorder.event(text="\n".join(lines).strip("\n"), kind=kind, index=index)

    def _cell(self, line: int, source: str) -> None:
        self.figures.begin()
        began = time.perf_counter()
        try:
            tree = self._parsed(source, line)
            after = [tree.body.pop()] if source.rstrip().endswith(END_OF_FIGURES) else []
            ends_silently = own_source(source).rstrip().endswith(";")
            last = tree.body[-1] if tree.body and not ends_silently else None
            shown = tree.body.pop() if isinstance(last, ast.Expr) else None
            self._execute(tree)
            self._show(shown)
            self.figures.record()
            self._execute(ast.Module(after, []))
        except BaseException as error:
            self.figures.record()
            self._recorder.event(output=error_output(error))
            self._report(line_of(error, self._path) - line, source)
            raise
        finally:
            self._recorder.end(time.perf_counter() - began)

    def _report(self, line: int, source: str) -> None:
        """Where in the cell it failed, where that is known."""
        lines = source.split("\n")
        if 1 < line <= len(lines):
            self._recorder.event(line=line - 1, code=lines[line - 1].strip())

    def _parsed(self, source: str, line: int) -> ast.Module:
        return ast.parse("\n" * line + source, self._path)

    def _execute(self, tree: ast.Module, *, docstring: bool = False) -> None:
        if not tree.body:
            return
        if not docstring:  # a string at the start of a cell is not the script's
            tree.body.insert(0, ast.copy_location(ast.Pass(), tree.body[0]))
        code = compile(tree, self._path, "exec", self._flags, dont_inherit=True)
        exec(code, vars(sys.modules["__main__"]))  # noqa: S102  (this is the script)

    def _show(self, statement: ast.stmt | None) -> None:
        """Run the last line of a cell, and record its value as Jupyter shows it."""
        if not isinstance(statement, ast.Expr):
            return
        expression = ast.Expression(statement.value)
        code = compile(expression, self._path, "eval", self._flags, dont_inherit=True)
        value = eval(code, vars(sys.modules["__main__"]))  # noqa: S307  (this is the script)
        if value is not None and (data := guarded(lambda: bundle(value), REPR_SECONDS)):
            output = display_data(data)
            self._recorder.event(output={**output, "output_type": "execute_result"})


def future_flags(tree: ast.Module) -> int:
    """The compiler's flags for what the start of the script imports from __future__."""
    import __future__  # only where it is needed

    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    return flags


def error_output(error: BaseException) -> dict[str, Any]:
    """An error as nbformat has it, without the lines of this file."""
    lines = traceback.format_exception(type(error), error, without_runner(error.__traceback__))
    return {
        "output_type": "error",
        "ename": type(error).__name__,
        "evalue": str(error)[:LIMIT],
        "traceback": "".join(lines)[:LIMIT].splitlines(),
    }


def line_of(error: BaseException, path: str) -> int:
    """The innermost line of the script that led to an error; 0 for none."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == path), 0)


def without_runner(tb: Any) -> Any:
    """The traceback from the script on."""
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    return tb


class Opened:
    """The project's files that the process opens, and whether to write."""

    def __init__(self) -> None:
        self.root = os.getcwd() + os.sep
        self._paths: dict[str, bool] = {}

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: called for each event of Python, it must not raise."""
        if event != "open" or len(self._paths) >= MOST_FILES:
            return
        path, mode, flags = arguments
        if isinstance(path, str):
            writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
            by_mode = isinstance(mode, str) and bool({"w", "a", "x", "+"} & {*mode})
            self._paths[path] = self._paths.get(path, False) or writes or by_mode

    def inside(self) -> dict[str, bool]:
        """Those below the working directory at the start, by their paths from there."""
        found: dict[str, bool] = {}
        for path, writes in [*self._paths.items()]:
            full = os.path.normpath(os.path.join(self.root, path))
            if full.startswith(self.root) and not (is_installed(full) or "__pycache__" in full):
                short = full[len(self.root) :]
                found[short] = found.get(short, False) or writes
        return found


def modules_below(root: str) -> list[str]:
    """The files of imported modules below a folder, by their paths from there."""
    files = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    paths = {os.path.abspath(file) for file in files if isinstance(file, str)} - {__file__}
    return sorted(
        {path[len(root) :] for path in paths if path.startswith(root) and not is_installed(path)}
    )


def is_installed(path: str) -> bool:
    """Whether the file belongs to an installed package."""
    return any(f"{os.sep}{name}{os.sep}" in path for name in ("site-packages", "dist-packages"))


def packages() -> dict[str, str]:
    """The installed packages that were imported, with their versions."""
    found: dict[str, str] = {}
    listed: dict[str, list[str]] = {}
    for name, module in [*sys.modules.items()]:
        path = getattr(module, "__file__", None)
        if "." in name or not isinstance(path, str) or not is_installed(path):
            continue
        folder = path[: path.rindex("-packages" + os.sep) + len("-packages")]
        if folder not in listed:
            listed[folder] = os.listdir(folder)
        version = getattr(module, "__version__", None)
        found[name] = version if isinstance(version, str) else _version_in(listed[folder], name)
    return {name: version for name, version in sorted(found.items()) if version}


def _version_in(names: list[str], package: str) -> str:
    """The version in the name of a package's metadata folder; "" where there is none."""
    for name in names:
        start, _, rest = name.partition("-")
        if rest.endswith(".dist-info") and start.lower().replace(".", "_") == package.lower():
            return rest[: -len(".dist-info")]
    return ""


def become_script(path: str) -> str:
    """Make ``__main__`` what it is for a script; the path by which Python calls it."""
    import builtins  # only where it is needed
    from importlib.machinery import SourceFileLoader  # only where it is needed

    sys.argv = sys.argv[1:]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    file = os.path.join(os.getcwd(), path) if sys.version_info >= (3, 9) else path
    names = vars(sys.modules["__main__"])
    own: dict[str, Any] = {name: None for name in names if name[:2] == name[-2:] == "__"}
    own.update(__name__="__main__", __builtins__=builtins, __file__=file)
    own["__loader__"] = SourceFileLoader("__main__", file)
    if "__annotations__" in own:
        own["__annotations__"] = {}
    names.clear()
    names.update(own)
    return file


def main() -> None:
    """Be the script that the command line names."""
    path = become_script(sys.argv[1])
    recorder, opened = Recorder(os.environ.pop(EVENTS)), Opened()
    program = Program(path, recorder)

    def finish() -> None:
        recorder.event(
            modules=modules_below(opened.root),
            packages=packages(),
            opened=opened.inside(),
            python=sys.version.split()[0],
            platform=sys.platform,
        )

    atexit.register(finish)  # the first one is called last
    sys.stdout = copied(sys.stdout, "stdout", recorder)
    sys.stderr = copied(sys.stderr, "stderr", recorder)
    sys.meta_path.insert(0, program.figures)
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    sys.addaudithook(opened.hear)
    try:
        program.run(text)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        error.__traceback__ = without_runner(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(1)


if __name__ == "__main__":  # run as a module of its own, so that __main__ is the script's alone
    import importlib.util  # only where it is needed

    _spec: Any = importlib.util.spec_from_file_location("_nbsnake_runner", __file__)
    _module = sys.modules["_nbsnake_runner"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_module)
    _module.main()
