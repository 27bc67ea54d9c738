"""Runs a script cell by cell, in the real ``__main__``."""

from __future__ import annotations

import _ast  # of which ast is made, which is slow to import
import re
import sys
import time
from contextlib import suppress

from .cells import END_OF_FIGURES, Part, may_fail, own_source, parsed, split, text_of
from .displays import Displays
from .errors import error_output, line_of, without_runner
from .figures import Figures
from .pretty import WIDTH
from .recorder import Recorder
from .streams import record_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

VALUE = re.compile(r"^(\w+(?: *:[^=\n]+)? *= *)_args\.(\w+)\b", re.MULTILINE)


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
        tree = parsed(text, self._path)
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
        for part in split(text, parsed(text, path)):
            if part.kind == "start":
                self._begin(part.body)
            elif part.kind == "code":
                self._recorder.begin(part.number, own_source(part.source), marked=True)
                with suppress(BaseException):
                    self._cell(part)
            else:
                self._recorder.event(text=text_of(part), index=part.number, marked=True)

    def _begin(self, body: list[_ast.stmt]) -> None:
        """What comes before the first cell."""
        self._execute(body, docstring=True)
        self.displays.results(self._names)
        self.displays.kernel(self._names)
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
        if may_fail(lines[1:]) and isinstance(body[0], _ast.Try):
            self._attempt(body[0].body, part)
        else:
            self._show(body, part)
        self.figures.record(at_end=True)
        self._execute([each for each in part.body if each.lineno == last])

    def _attempt(self, body: list[_ast.stmt], part: Part) -> None:
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

    def _execute(self, body: list[_ast.stmt], *, docstring: bool = False) -> None:
        if not body:
            return
        if not docstring:  # a string at the start of a cell is not the script's
            body = [nothing_at(body[0]), *body]
        code = compile(_ast.Module(body, []), self._path, "exec", self._flags, dont_inherit=True)
        exec(code, self._names)  # noqa: S102  (this is the script)

    def _show(self, body: list[_ast.stmt], part: Part) -> None:
        """Run the statements of a cell, and record the value of the last one as Jupyter does."""
        last = body[-1] if body else None
        if isinstance(last, _ast.Assign) and (name := kept_as(last)):
            self._execute(body)
            self._record(self._names[name])
            return
        if not isinstance(last, _ast.Expr) or own_source(part.source).rstrip().endswith(";"):
            self._execute(body)
            return
        self._execute(body[:-1])
        expression = _ast.Expression(last.value)
        code = compile(expression, self._path, "eval", self._flags, dont_inherit=True)
        self._record(eval(code, self._names))  # noqa: S307  (this is the script)

    def _record(self, value: object) -> None:
        if value is not None:
            self.displays.value(value, "execute_result")


def nothing_at(statement: _ast.stmt) -> _ast.stmt:
    """A statement that does nothing, in the place of another one."""
    return _ast.Pass(
        lineno=statement.lineno,
        col_offset=statement.col_offset,
        end_lineno=statement.end_lineno,
        end_col_offset=statement.end_col_offset,
    )


def kept_as(statement: _ast.Assign) -> str:
    """The name under which the result of a cell is kept for later cells; "" for none."""
    names = [target.id for target in statement.targets if isinstance(target, _ast.Name)]
    return names[-1] if names and re.fullmatch(r"_\d+", names[-1]) else ""


def future_flags(tree: _ast.Module) -> int:
    """The compiler's flags for what the start of the script imports from __future__."""
    import __future__  # only where it is needed

    flags = 0
    for node in tree.body:
        if isinstance(node, _ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    return flags
