"""Runs a generated script cell by cell, and records what each cell shows.

``python start.py SCRIPT ARGUMENTS...`` does what ``python SCRIPT ARGUMENTS...`` does, in the real
``__main__``, and appends events to the file that ``NBSNAKE_EVENTS`` names, one JSON object a line:
``{"cell": index, "source": text}`` when a cell begins, ``{"output": ...}`` as nbformat 4.5 has it,
with ``display``, its id, where it may change, or ``update``, where it is a change;
``{"clear": ...}``, ``{"seconds": number}`` when the cell ends, and at the end what was imported and
opened. A job that is killed leaves the events so far. Where ``NBSNAKE_ALL_CELLS`` names a folder,
the cells that are in it follow the script's, as :mod:`nbsnake.job.marked` says; ``"marked"`` in the
events tells them from those.

This file and ``start.py``, with the standard library of Python 3.8 or newer: they run in the
environments and containers of steps, where nbsnake may be absent.
"""

from __future__ import annotations

import ast
import atexit
import binascii
import io
import json
import os
import re
import sys
import threading
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from itertools import islice
from typing import IO, Any, NamedTuple

EVENTS, ALL_CELLS = "NBSNAKE_EVENTS", "NBSNAKE_ALL_CELLS"
MARK = re.compile(r"# %% (?:\[(\w+)\] )?cell (\d+)|# Cell (\d+) is left out: .*")
VALUE = re.compile(r"^(\w+(?: *:[^=\n]+)? *= *)_args\.(\w+)\b", re.MULTILINE)
KEPT = re.compile(r"^(?:(?:Out\[\d+\]|_\d+) = )+(?!=)", re.MULTILINE)  # a result for later cells
SETTING = re.compile(
    r"^(?:# %config InlineBackend\.|(_nb_inline)\()(figure_formats?|print_figure_kwargs) *= *(.+)$",
    re.MULTILINE,
)
END_OF_FIGURES = "# figures end with their cell"
SHOWS_ITS_ERROR = '    __import__("traceback").print_exc()'  # a cell that may fail ends so
LIMIT = 1 << 20  # bytes of a cell's text, or of one representation, that are recorded
FLUSHED = 1 << 16  # bytes of text after which an event is written
EAGER = 200  # texts of a cell that are written at once, for the process may be killed
LAZY_SECONDS = 0.05  # after which further ones are
REPR_SECONDS = 2  # after which a value is recorded without its representation
DRAW_SECONDS = 20  # the same for a figure
LATER_SECONDS = 0.2  # to wait for the text of programs that run on behind a command
MOST_FILES = 100_000  # opened files that are recorded
WIDTH, MOST_ITEMS = 79, 1000  # of a printed value, as IPython has them
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
        self._size = self._texts = 0  # bytes of this cell's text, and how many
        self._written = 0.0  # when text was written, by the monotonic clock
        self._quiet = threading.local()
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
        if self._is_on and not getattr(self._quiet, "is_on", False):
            self._flush()
            self._write(fields)

    def text(self, stream: str, data: bytes) -> None:
        """What a cell writes to a stream, joined; beyond the limit it is only counted."""
        if getattr(self._quiet, "is_on", False):
            return
        before, self._size = self._size, self._size + len(data)
        if not self._is_on or before >= LIMIT:
            return
        if stream != self._stream or len(self._parts) > FLUSHED:
            self._flush()
        self._stream = stream
        self._parts += data[: LIMIT - before]
        self._texts += 1
        if self._texts <= EAGER or time.monotonic() - self._written > LAZY_SECONDS:
            self._flush()

    def quietly(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call a function whose output is not recorded, for it comes in another form."""
        before, self._quiet.is_on = getattr(self._quiet, "is_on", False), True
        try:
            return function(*arguments, **options)
        finally:
            self._quiet.is_on = before

    def begin(self, index: int, source: str, **more: object) -> None:
        """Begin a cell; its text is counted from zero."""
        self.event(cell=index, source=source, **more)
        self._size = self._texts = 0

    def end(self, seconds: float) -> None:
        """The end of the cell, with a word on text that is left out."""
        if self._size > LIMIT:
            text = f"\n[{self._size - LIMIT} more bytes are in the log only]\n"
            self.event(output={"output_type": "stream", "name": "stderr", "text": text})
        self.event(seconds=round(seconds, 6))

    def follow(self) -> None:
        """Be the recorder of a forked child."""
        self._pid = os.getpid()

    def fileno(self) -> int:
        """Where it writes; -1 where it cannot."""
        return self._file.fileno() if self._file else -1

    def _flush(self) -> None:
        if self._parts:
            text = self._parts.decode("utf-8", "replace")
            self._parts.clear()
            self._written = time.monotonic()
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


def record_children(names: Any) -> None:
    """Record what programs print that cells run by ``!command``; each stream is as without it."""
    real, stdout = names.get("_nb_child"), sys.stdout
    if real is None or hasattr(real, "__wrapped__"):
        return

    @wraps(real)
    def child(words: list[str], text: str, merged: bool) -> Any:
        if sys.stdout is not stdout or not hasattr(stdout, "buffer"):  # they are caught
            return real(words, text, merged)
        import subprocess  # only where it is needed

        stdout.flush()
        sys.stderr.flush()
        pipe = subprocess.PIPE
        process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe)
        copies = ((process.stdout, stdout), (process.stderr, sys.stderr))
        threads = [threading.Thread(target=copy, args=each, daemon=True) for each in copies]
        for thread in threads:
            thread.start()
        try:
            process.stdin.write(text.encode())  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
        except BrokenPipeError:
            pass
        code = process.wait()
        for thread in threads:  # what it left running may print later
            thread.join(LATER_SECONDS)
        return code

    names["_nb_child"] = child


def copy(source: Any, target: Any) -> None:
    """Write to a stream what a program prints, at once."""
    with source:
        while data := source.read1(FLUSHED):
            target.buffer.write(data)
            target.buffer.flush()


class Importing:
    """Calls a function with a module, once that has been imported."""

    def __init__(self, hooks: dict[str, Callable[[Any], None]]) -> None:
        self._hooks = hooks

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Find the module as Python does; None where it is no such one."""
        hook = self._hooks.pop(name, None)
        if hook is None:
            return None
        from importlib.util import find_spec  # only where it is needed

        spec = find_spec(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            loader: Any = spec.loader
            run = loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                hook(module)

            loader.exec_module = exec_module
        return spec


class Figures:
    """Records the figures of pyplot, as Jupyter shows them at the end of a cell or by show()."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._shown: set[int] = set()
        self._settings: dict[str, Any] = {}  # of the inline backend

    def watch(self, pyplot: Any) -> None:
        """Record figures also where pyplot.show() is called."""
        show = pyplot.show

        @wraps(show)
        def shown(*arguments: Any, **options: Any) -> Any:
            self.record()
            return show(*arguments, **options)

        pyplot.show = shown

    def begin(self, source: str) -> None:
        """Another cell, with its settings: what is open was drawn before it."""
        self._shown = {id(figure) for figure in self._open()}
        for call, name, value in SETTING.findall(source):
            try:
                self._settings[name] = ast.literal_eval(value[:-1] if call else value)
            except (ValueError, SyntaxError):
                continue

    def record(self, *, at_end: bool = False) -> None:
        """Record the figures of this cell that are open and not yet recorded.

        ``at_end`` is whether nothing but the end of the cell shows them.
        """
        matplotlib: Any = sys.modules.get("matplotlib")
        if at_end and "_nb_backend" in sys.modules and not matplotlib.is_interactive():
            return
        for figure in self._open():
            if id(figure) not in self._shown:
                self._shown.add(id(figure))
                self.picture(figure)

    def picture(self, figure: Any, kind: str = "display_data", **more: Any) -> None:
        """Record a figure as Jupyter shows it; an empty one by its name only."""
        drawn: Any = {"text/plain": repr(figure)}, {}
        if figure.axes or figure.lines:
            drawn = guarded(lambda: self.drawn(figure), DRAW_SECONDS)
        if drawn:
            self._recorder.event(output={**display_data(*drawn), "output_type": kind}, **more)

    def drawn(self, figure: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The pictures of a figure by media type, and their sizes on the screen."""
        formats = self._settings.get("figure_format") or self._settings.get("figure_formats", "png")
        options = self._settings.get("print_figure_kwargs", {"bbox_inches": "tight"})
        data, sizes = {"text/plain": repr(figure)}, {}
        for name in {formats} if isinstance(formats, str) else {*formats}:
            if name == "svg":
                data["image/svg+xml"] = picture(figure, format="svg", **options).decode()
                continue
            large = name in ("retina", "png2x")
            kind = "jpeg" if name in ("jpg", "jpeg") else "png"
            content = picture(figure, format=kind, dpi=figure.dpi * (1 + large), **options)
            data[f"image/{kind}"] = in_base64(content)
            if large:
                width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
                sizes["image/png"] = {"width": width // 2, "height": height // 2}
        return data, sizes

    def _open(self) -> list[Any]:
        helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
        managers = helpers.Gcf.get_all_fig_managers() if helpers else []
        return [manager.canvas.figure for manager in managers]


def picture(figure: Any, **options: Any) -> bytes:
    """The figure drawn on a canvas of its own."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # only where it is needed

    canvas, stale, buffer = figure.canvas, figure.stale, io.BytesIO()
    options.setdefault("dpi", figure.dpi)
    colors = {"facecolor": figure.get_facecolor(), "edgecolor": figure.get_edgecolor()}
    try:
        FigureCanvasAgg(figure).print_figure(buffer, **{**colors, **options})
    finally:
        figure.set_canvas(canvas)
        figure.stale = stale
    return buffer.getvalue()


def in_base64(content: bytes) -> str:
    """The text that stands for bytes in JSON."""
    return binascii.b2a_base64(content, newline=False).decode()


def is_figure(value: object) -> bool:
    """Whether it is a figure of matplotlib."""
    module: Any = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


class Displays:
    """Records what display() shows; the script's own text about it is in the log only."""

    def __init__(self, recorder: Recorder, figures: Figures) -> None:
        self._recorder, self._figures = recorder, figures

    def watch(self, names: Any, start: str = "") -> None:
        """Replace the functions of a module, or of a script, where they have names that begin."""
        for name in ("display", "update_display", "clear_output"):
            real = names.get(start + name)
            is_watched = hasattr(real, "__wrapped__")
            if getattr(real, "__module__", None) == names["__name__"] and not is_watched:
                names[start + name] = getattr(self, f"_{name}")(real)

    def results(self, names: Any) -> None:
        """Record also the results that the script keeps for later cells."""
        real = names.get("_nb_out")
        if real is None or hasattr(real, "__wrapped__"):
            return

        @wraps(real)
        def out(number: int, value: Any) -> Any:
            if value is not None:
                self.value(value, "execute_result")
            return real(number, value)

        names["_nb_out"] = out

    def value(self, value: Any, kind: str = "display_data", **more: Any) -> None:
        """Record a value as Jupyter shows it; with ``raw`` it has its representations itself."""
        raw = more.pop("raw", False)
        if is_figure(value):
            self._figures.picture(value, kind, **more)
        elif data := value if raw else guarded(lambda: bundle(value), REPR_SECONDS):
            self._recorder.event(output={**display_data(data), "output_type": kind}, **more)

    def _display(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def display(*values: Any, **options: Any) -> Any:
            handle = self._recorder.quietly(real, *values, **options)
            found = getattr(handle, "display_id", options.get("display_id"))
            more = {"display": found} if isinstance(found, str) else {}
            for value in values:
                self.value(value, raw=options.get("raw"), **more)
            return handle

        return display

    def _update_display(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def update_display(value: Any, *, display_id: Any, **options: Any) -> Any:
            found = self._recorder.quietly(real, value, display_id=display_id, **options)
            self.value(value, raw=options.get("raw"), update=display_id)
            return found

        return update_display

    def _clear_output(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def clear_output(wait: bool = False) -> Any:
            self._recorder.event(clear="next" if wait else "now")
            return self._recorder.quietly(real, wait)

        return clear_output


def display_data(data: Any, metadata: Any = None) -> dict[str, Any]:
    """An output as nbformat has it."""
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


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
    return in_base64(found) if isinstance(found, bytes) else found


class Group(NamedTuple):
    """Documents between brackets, which stand in one line or each in a line of its own."""

    start: str
    items: list[tuple[Any, ...]]  # of strings and groups
    end: str


def pretty(value: object) -> str:
    """The value as IPython prints it: long lists, tuples, sets and mappings in several lines."""
    return laid_out(document(value, ()), 0, 0, 0)


def document(value: Any, above: tuple[int, ...]) -> Any:
    """A string, or a group; ``above`` are the ids of what the value is in."""
    for kind in type(value).__mro__:
        if kind in MAKERS:
            return MAKERS[kind](value, above)
        if "__repr__" in vars(kind):
            break
    return repr(value)


def sequence(start: str, end: str) -> Callable[[Any, tuple[int, ...]], Any]:
    """Prints what is in a list, tuple or set."""

    def make(value: Any, above: tuple[int, ...]) -> Any:
        if id(value) in above:
            return f"{start}...{end}"
        inner = (*above, id(value))
        items: list[tuple[Any, ...]] = [(document(each, inner),) for each in in_order(value)]
        if isinstance(value, (set, frozenset)) and not items:
            return f"{type(value).__name__}()"
        if isinstance(value, tuple) and len(items) == 1:
            items = [(*items[0], ",")]
        return Group(start, items, end)

    return make


def in_order(value: Any) -> list[Any]:
    """The first items; those of a set sorted, where they can be."""
    if len(value) > MOST_ITEMS:
        return [*islice(value, MOST_ITEMS), Name("...")]
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except Exception:
            return sorted(value, key=str)
    return [*value]


class Name(str):
    """Text that is printed as it is."""

    __slots__ = ()


def mapping(value: Any, above: tuple[int, ...]) -> Any:
    """Prints a mapping."""
    if id(value) in above:
        return "{...}"
    inner = (*above, id(value))
    items: list[tuple[Any, ...]] = [
        (document(key, inner), ": ", document(each, inner))
        for key, each in islice(value.items(), MOST_ITEMS)
    ]
    return Group("{", items + [("...",)] * (len(value) > MOST_ITEMS), "}")


def made_by(*parts: Callable[[Any], Any]) -> Callable[[Any, tuple[int, ...]], Any]:
    """Prints the call that makes the value."""

    def make(value: Any, above: tuple[int, ...]) -> Any:
        name = type(value).__name__
        if id(value) in above:
            return f"{name}(...)"
        inner = (*above, id(value))
        items = [(document(part(value), inner),) for part in parts if value or len(parts) > 1]
        return Group(f"{name}(", items, ")")

    return make


def plain_object(value: Any, above: tuple[int, ...]) -> str:
    """What has no text of its own."""
    return f"<{type(value).__module__}.{type(value).__qualname__} at {id(value):#x}>"


def class_name(value: Any, above: tuple[int, ...]) -> str:
    """A class or function, by where it is."""
    module = getattr(value, "__module__", None)
    start = "" if module in (None, "builtins") else f"{module}."
    return f"{start}{getattr(value, '__qualname__', value.__name__)}"


def signature(value: Any, above: tuple[int, ...]) -> str:
    """A function with its parameters."""
    import inspect  # only where it is needed

    name = class_name(value, above)
    try:
        return f"<function {name}{inspect.signature(value)}>"
    except ValueError:
        return f"<function {name}>"


def exception(value: Any, above: tuple[int, ...]) -> Any:
    """An error with its arguments."""
    items = [(document(each, above),) for each in value.args]
    return Group(f"{class_name(type(value), above)}(", items, ")")


MAKERS: dict[type, Callable[[Any, tuple[int, ...]], Any]] = {
    Name: lambda value, above: str(value),
    list: sequence("[", "]"),
    tuple: sequence("(", ")"),
    set: sequence("{", "}"),
    frozenset: sequence("frozenset({", "})"),
    dict: mapping,
    type: class_name,
    type(pretty): signature,
    type(len): signature,
    BaseException: exception,
    Counter: made_by(lambda value: dict(value.most_common())),
    OrderedDict: made_by(lambda value: [*value.items()]),
    deque: made_by(list),
    defaultdict: made_by(lambda value: value.default_factory, dict),
    object: plain_object,
}


def laid_out(found: Any, indentation: int, column: int, after: int) -> str:
    """A document as text that begins in a column; ``after`` counts what follows in its line."""
    if isinstance(found, str):
        return found.replace("\n", "\n" + " " * indentation)
    line = in_one_line(found)
    if "\n" not in line and column + len(line) + after <= WIDTH:
        return line
    inner, column = indentation + len(found.start), column + len(found.start)
    texts = []
    for number, item in enumerate(found.items, 1):
        text, end = "", 1 if number < len(found.items) else after + len(found.end)
        for part in item:
            text += laid_out(part, inner, column_after(text, column), end)
        texts.append(text)
        column = inner
    separator = ",\n" + " " * inner
    return f"{found.start}{separator.join(texts)}{found.end}"


def column_after(text: str, column: int) -> int:
    """The column in which a text ends that begins in a column."""
    return len(text) - text.rindex("\n") - 1 if "\n" in text else column + len(text)


def in_one_line(found: Any) -> str:
    """The document without line breaks but those in its strings."""
    if isinstance(found, str):
        return found
    items = ("".join(map(in_one_line, item)) for item in found.items)
    return f"{found.start}{', '.join(items)}{found.end}"


class Part(NamedTuple):
    """A cell of the script: its kind, number, lines before it, source and statements.

    The kind of the start, before the first cell, is "start", and of the note that a cell is left
    out "note".
    """

    kind: str
    number: int
    line: int
    source: str
    body: list[ast.stmt]


def split(text: str, tree: ast.Module) -> Iterator[Part]:
    """The parts of a script; what looks like a mark inside of a statement is none."""
    inside = {line for each in tree.body for line in range(each.lineno, lines_to(each) + 1)}
    lines = text.split("\n")
    marks = [(0, "start", 0)]
    for number, line in enumerate(lines):
        if (mark := MARK.fullmatch(line)) and number + 1 not in inside:
            kind = "note" if mark[3] else mark[1] or "code"
            marks.append((number, kind, int(mark[2] or mark[3])))
    waiting = deque(tree.body)
    ends = [*(line for line, _, _ in marks[1:]), len(lines)]
    for (first, kind, number), end in zip(marks, ends):  # noqa: B905  (new in Python 3.10)
        body = []
        while waiting and waiting[0].lineno <= end:
            body.append(waiting.popleft())
        yield Part(kind, number, first, "\n".join(lines[first:end]), body)


def lines_to(statement: ast.stmt) -> int:
    """The last line of a statement."""
    return statement.end_lineno or statement.lineno


def text_of(part: Part) -> str:
    """Markdown, raw text or a note, without the comment signs."""
    lines = part.source.split("\n")
    return "\n".join(line[2:] for line in lines[part.kind != "note" :]).strip("\n")


def own_source(source: str) -> str:
    """The cell without its mark and without what was added to it."""
    lines = [line for line in source.split("\n")[1:] if not line.endswith(END_OF_FIGURES)]
    if may_fail(lines):
        end = lines.index(SHOWS_ITS_ERROR) - 1
        lines = [line[4:] if line[:4] == "    " else line for line in lines[1:end]]
    return KEPT.sub("", "\n".join(lines).strip("\n"))


def may_fail(lines: list[str]) -> bool:
    """Whether the next cell runs after an error in this one."""
    return lines[:1] == ["try:"] and SHOWS_ITS_ERROR in lines


class Program:
    """The script in ``__main__``."""

    def __init__(self, path: str, recorder: Recorder) -> None:
        self._path, self._recorder = path, recorder
        self._names = vars(sys.modules["__main__"])  # IPython puts another module there
        self._flags = 0  # of the features that the script imports from __future__
        self.figures = Figures(recorder)
        self.displays = Displays(recorder, self.figures)

    def run(self, text: str) -> None:
        """Run all parts, in order; raises what the script raises."""
        tree = ast.parse(text, self._path)
        self._flags = future_flags(tree)
        for part in split(text, tree):
            if part.kind == "start":
                self._begin(part.body)
            elif part.kind == "code":
                self._recorder.begin(part.number, self._with_values(own_source(part.source)))
                self._cell(part)
            else:
                kind = "markdown" if part.kind == "note" else part.kind
                self._recorder.event(text=text_of(part), kind=kind, index=part.number)

    def run_marked(self, path: str) -> None:
        """Run cells behind the script, each whatever became of those before; raises nothing."""
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        self._path = path
        for part in split(text, ast.parse(text, path)):
            if part.kind == "start":
                self._begin(part.body)
            elif part.kind == "code":
                self._recorder.begin(part.number, own_source(part.source), marked=True)
                with suppress(BaseException):
                    self._cell(part)
            else:
                self._recorder.event(text=text_of(part), index=part.number, marked=True)

    def _begin(self, body: list[ast.stmt]) -> None:
        """What comes before the first cell."""
        self._execute(body, docstring=True)
        self.displays.results(self._names)
        self.displays.watch(self._names)
        self.displays.watch(self._names, "_nb_")
        record_children(self._names)

    def _with_values(self, source: str) -> str:
        """The source with the values that parameters have, as far as they are short."""
        values = getattr(self._names.get("_args"), "__dict__", {})

        def filled(match: Any) -> str:
            text = repr(values[match[2]]) if match[2] in values else ""
            return f"{match[1]}{text}" if 0 < len(text) <= WIDTH else str(match[0])

        return VALUE.sub(filled, source)

    def _cell(self, part: Part) -> None:
        self.figures.begin(part.source)
        began = time.perf_counter()
        try:
            self._statements(part)
        except BaseException as error:
            self.figures.record(at_end=True)
            self._recorder.event(output=error_output(error))
            self._report(line_of(error, self._path) - part.line, part.source)
            raise
        finally:
            self._recorder.end(time.perf_counter() - began)

    def _statements(self, part: Part) -> None:
        lines = part.source.rstrip().split("\n")
        ends = lines[-1].endswith(END_OF_FIGURES)
        last = part.line + len(lines) if ends else 0
        body = [each for each in part.body if each.lineno != last]
        if may_fail(lines[1:]) and isinstance(body[0], ast.Try):
            self._attempt(body[0].body, part)
        else:
            self._show(body, part)
        self.figures.record(at_end=True)
        self._execute([each for each in part.body if each.lineno == last])

    def _attempt(self, body: list[ast.stmt], part: Part) -> None:
        """Run a cell that may fail; its error is shown, and printed as the script prints it."""
        try:
            self._show(body, part)
        except (Exception, SystemExit) as error:
            self._recorder.event(output=error_output(error))
            import traceback  # slow, and for errors only

            own = without_runner(error.__traceback__)
            self._recorder.quietly(traceback.print_exception, type(error), error, own)

    def _report(self, line: int, source: str) -> None:
        """Where in the cell it failed, where that is known."""
        lines = source.split("\n")
        if 1 < line <= len(lines):
            self._recorder.event(line=line - 1, code=lines[line - 1].strip())

    def _execute(self, body: list[ast.stmt], *, docstring: bool = False) -> None:
        if not body:
            return
        if not docstring:  # a string at the start of a cell is not the script's
            body = [ast.copy_location(ast.Pass(), body[0]), *body]
        code = compile(ast.Module(body, []), self._path, "exec", self._flags, dont_inherit=True)
        exec(code, self._names)  # noqa: S102  (this is the script)

    def _show(self, body: list[ast.stmt], part: Part) -> None:
        """Run the statements of a cell, and record the value of the last one as Jupyter does."""
        last = body[-1] if body else None
        if isinstance(last, ast.Assign) and (name := kept_as(last)):
            self._execute(body)
            self._record(self._names[name])
            return
        if not isinstance(last, ast.Expr) or own_source(part.source).rstrip().endswith(";"):
            self._execute(body)
            return
        self._execute(body[:-1])
        expression = ast.Expression(last.value)
        code = compile(expression, self._path, "eval", self._flags, dont_inherit=True)
        self._record(eval(code, self._names))  # noqa: S307  (this is the script)

    def _record(self, value: object) -> None:
        if value is not None:
            self.displays.value(value, "execute_result")


def kept_as(statement: ast.Assign) -> str:
    """The name under which the result of a cell is kept for later cells; "" for none."""
    names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return names[-1] if names and re.fullmatch(r"_\d+", names[-1]) else ""


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
    import traceback  # slow, and for errors only

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
    import traceback  # slow, and for errors only

    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == path), 0)


def without_runner(tb: Any) -> Any:
    """The traceback from the script on."""
    while tb is not None and tb.tb_frame.f_code.co_filename in (__file__, ast.__file__):
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


def importing(program: Program) -> Any:
    """Watches what shows things, once it is imported."""
    display = ("IPython.core.display", "IPython.core.display_functions")
    hooks = {name: lambda module: program.displays.watch(vars(module)) for name in display}
    return Importing({**hooks, "matplotlib.pyplot": program.figures.watch})


def marked_beside() -> Any:
    """The module beside this file that shows further cells."""
    from importlib.util import module_from_spec, spec_from_file_location  # only where it is needed

    path = os.path.join(os.path.dirname(__file__), "marked.py")
    spec: Any = spec_from_file_location("_nbsnake_marked", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Be the script that the command line names."""
    path = become_script(sys.argv[1])
    folder = os.environ.pop(ALL_CELLS, "")
    recorder, opened = Recorder(os.environ.pop(EVENTS, os.devnull)), Opened()
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
    sys.meta_path.insert(0, importing(program))
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    sys.addaudithook(opened.hear)
    try:
        program.run(text)
        if folder:
            marked_beside().show(os.path.join(folder, os.path.basename(path)), program, recorder)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        error.__traceback__ = without_runner(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(1)
