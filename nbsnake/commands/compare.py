"""``nbsnake compare``"""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from nbsnake.commands import enter_project_with
from nbsnake.compare.ranking import (
    best_first,
    differing_params,
    find_name,
    is_lower_better,
    metric_names,
    param_names,
    rows_with,
)
from nbsnake.compare.rows import Row, StageResult, rows_of
from nbsnake.compare.runs import revisions_of_runs
from nbsnake.dvc.current import current_plan
from nbsnake.dvc.revisions import WORKSPACE, read_revisions
from nbsnake.errors import UsageError
from nbsnake.job.atomic import write_anywhere
from nbsnake.job.digests import read_digests
from nbsnake.job.inside import named
from nbsnake.job.plan import read_current_plan
from nbsnake.model.choose import choose_steps
from nbsnake.results.freshness import Judge
from nbsnake.tables import ABSENT, Table, as_csv, as_markdown, as_text


class Columns(NamedTuple):
    """What is shown of the rows; ``rev`` says whether each shows its revision."""

    rev: bool
    params: Sequence[str]
    metrics: Sequence[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "steps",
        nargs="*",
        metavar="STEP",
        help="names, name@key, patterns of names, or notebooks (default: all with a metric)",
    )
    parser.add_argument("--metric", metavar="NAME", help="sort by this one, and show no other")
    parser.add_argument(
        "--rev",
        nargs="+",
        action="extend",
        default=[],
        metavar="REV",
        help="also the results at these branches, tags or commits; name steps before it",
    )
    parser.add_argument(
        "--runs",
        action="store_true",
        help="also all runs on record, by when they ended (UTC), committed or not",
    )
    _add_order(parser)
    parser.add_argument(
        "--all", action="store_true", help="also the parameters that are the same in all rows"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON list")
    form.add_argument("--csv", action="store_true", help="print CSV")
    form.add_argument("--markdown", action="store_true", help="print a table for GitHub")
    parser.add_argument("--plot", metavar="FILE", help="draw the metric: a .png or .svg file")
    parser.add_argument(
        "--over",
        nargs="+",
        default=[],
        metavar="PARAM",
        help="what to plot over, one or two parameters (default: the first that differ)",
    )


def _add_order(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say which values are best."""
    better = parser.add_mutually_exclusive_group()
    better.add_argument(
        "--lower", action="store_true", default=None, help="a lower value is better"
    )
    better.add_argument(
        "--higher",
        action="store_false",
        dest="lower",
        default=None,
        help="a higher value is better",
    )


def run(args: argparse.Namespace) -> int:
    """Print one table of the parameters and metrics of steps, and draw one metric."""
    target = _plot_target(args.plot, args.over)
    words = enter_project_with(args.steps)
    revisions = read_revisions(args.rev)
    if args.runs:
        revisions = {**revisions, **_runs(revisions[WORKSPACE])}
    notebooks = {stage.name: stage.notebook for stages in revisions.values() for stage in stages}
    names = choose_steps(words, notebooks)
    rows = rows_of(revisions, names)
    metric = _metric(rows, args.metric)
    if args.metric and metric:
        rows = rows_with(metric, rows)
    lower = is_lower_better(metric) if args.lower is None else args.lower
    ranked = best_first(rows, metric, lower=lower)
    columns = Columns(
        rev=len(revisions) > 1,
        params=param_names(rows) if args.all else differing_params(rows),
        metrics=[metric] if args.metric and metric else metric_names(rows),
    )
    if target:
        _plot(target, rows, metric, args.over)
    print(_note(rows, metric, lower=lower, of_all=not words), file=sys.stderr)
    if stale := _stale(ranked):
        print(f"stale, so that values are newer than metrics: {stale}", file=sys.stderr)
    if rows or args.json or args.csv:
        sys.stdout.write(_printed(ranked, columns, args))
    return 0


def _runs(stages: Sequence[StageResult]) -> dict[str, list[StageResult]]:
    """The runs on record, each as a revision."""
    from nbsnake.dvc.runs import read_metric, recorded_runs  # slow, and for this option only

    cache = current_plan().cache
    return revisions_of_runs(recorded_runs(cache), stages, partial(read_metric, cache))


def _stale(rows: Sequence[Row]) -> str:
    """The rows of the workspace whose metrics are not those of today's values."""
    plan = read_current_plan()
    if plan is None:
        return ""
    verdicts = Judge(plan, read_digests()).verdicts()
    shown = [row.step for row in rows if row.rev == WORKSPACE and row.step in verdicts]
    return ", ".join(name for name in shown if verdicts[name].state != "fresh")


def _plot_target(file: str | None, over: Sequence[str]) -> Path | None:
    """Where the picture goes; refused before any work is done if it cannot be made."""
    if over and not file:
        raise UsageError("--over needs --plot FILE")
    if len(over) > 2:
        raise UsageError("--over takes one or two parameters")
    if not file:
        return None
    if not file.lower().endswith((".png", ".svg")):
        raise UsageError(f"{file} is not a .png or .svg file")
    _load_plot()
    return Path(file).absolute()


def _load_plot() -> ModuleType:
    """The module that draws; it needs matplotlib, which not everyone has."""
    try:
        # matplotlib takes a matplotlibrc in the working directory, which can name programs.
        with contextlib.chdir(os.path.dirname(__file__)):
            from nbsnake.compare import plot  # slow, and for pictures only
    except ImportError:
        raise UsageError("--plot needs matplotlib", hint="pip install 'nbsnake[plot]'") from None
    return plot


def _metric(rows: Sequence[Row], word: str | None) -> str:
    """The metric that sorts: the one that is named, else the first; "" where there is none."""
    names = metric_names(rows)
    if word and rows:
        return find_name(word, names, "metric")
    return names[0] if names else ""


def _note(rows: Sequence[Row], metric: str, *, lower: bool, of_all: bool) -> str:
    if not rows:
        which = "no step" if of_all else "none of these steps"
        return f"{which} declares a metric: ':dvc-metric: path'"
    unknown = sum(not row.metrics for row in rows)
    absent = (
        f"{unknown} of {len(rows)} rows have none: not run yet, not in the cache, or not readable"
    )
    if not metric:
        return f"no metric to sort by; {absent}"
    better = "lower" if lower else "higher"
    return f"sorted by {metric}, {better} is better" + (f"; {absent}" if unknown else "")


def _printed(rows: Sequence[Row], columns: Columns, args: argparse.Namespace) -> str:
    if args.json:
        return json.dumps([_as_dict(row, columns) for row in rows], indent=2, default=str) + "\n"
    table = Table(
        header=["step", *["rev"] * columns.rev, *columns.params, *columns.metrics],
        rows=[_cells(row, columns) for row in rows],
    )
    if args.csv:
        return as_csv(table)
    return as_markdown(table) if args.markdown else as_text(table)


def _as_dict(row: Row, columns: Columns) -> dict[str, Any]:
    return {
        "step": row.step,
        "rev": row.rev,
        "params": {name: row.params[name] for name in columns.params if name in row.params},
        "metrics": {name: row.metrics[name] for name in columns.metrics if name in row.metrics},
    }


def _cells(row: Row, columns: Columns) -> list[Any]:
    return [
        row.step,
        *[row.rev] * columns.rev,
        *(row.params.get(name, ABSENT) for name in columns.params),
        *(row.metrics.get(name, ABSENT) for name in columns.metrics),
    ]


def _plot(target: Path, rows: Sequence[Row], metric: str, words: Iterable[str]) -> None:
    if not metric:
        raise UsageError("nothing to plot: there is no metric")
    over = [find_name(word, param_names(rows), "parameter") for word in words]
    data = _load_plot().picture(rows, metric, over, target.suffix.lower().removeprefix("."))
    try:
        write_anywhere(named(os.fspath(target)), data)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}") from None
    print(f"wrote {target}", file=sys.stderr)
