"""The report as one HTML page that needs nothing else: no network, no program, no other file."""

import base64
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files as resources_of
from typing import Any, Literal, NamedTuple

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from nbsnake.compare.ranking import differing_params, metric_names
from nbsnake.compare.rows import Row
from nbsnake.escape import LAYOUT, escaped
from nbsnake.job.regular import read_regular
from nbsnake.job.say import few
from nbsnake.names import base_name
from nbsnake.report import svg
from nbsnake.report.cells import notebook_html
from nbsnake.report.charts import metric_svg, plot_svg, timeline_svg
from nbsnake.report.gather import executed
from nbsnake.report.graph import folded
from nbsnake.report.sizes import size_text
from nbsnake.report.states import STATES
from nbsnake.report.svg import graph_svg, state_sign, state_signs
from nbsnake.report.timeline import duration
from nbsnake.report.view import StepView, View
from nbsnake.tables import short

Notebooks = Literal["none", "failed", "all"]
FEW = 100  # steps up to which all notebooks are shown by default
OPEN = 3  # steps up to which their details are open
CHARTS = 12  # metrics that are drawn
LARGEST = 500_000  # bytes of a picture
KINDS = {
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "gif": "gif",
    "webp": "webp",
    "svg": "svg+xml",
}
DARK = (
    "--ground: #0d1117; --panel: #161b22; --ink: #e6edf3; --soft: #9ea7b3; --line: #30363d; "
    "--link: #6cb6ff; --bar: #1d3b5c; --job: #6cb6ff; --added: #12361f; --removed: #4a1d1d; "
    "--key: #d2a8ff; --string: #a5d6ff; --number: #79c0ff; --comment: #9ea7b3;"
)


class Contents(NamedTuple):
    """The notebook of a step, None for none, and the content of an output, or an OSError."""

    notebook: Callable[[StepView], Any]
    output: Callable[[str], bytes]


NOW = Contents(executed, read_regular)


def report_page(
    view: View, rows: Sequence[Row], notebooks: Notebooks | None, contents: Contents = NOW
) -> str:
    """The page; ``rows`` are those of the metrics, best first.

    ``notebooks`` says whose executed notebooks are in it: None means all of few steps, and those of
    failed steps of many. ``contents`` is where notebooks and outputs come from.
    """
    script = _resource("page.js")
    shown = notebooks or ("all" if len(view.steps) <= FEW else "failed")
    ids = {step.name: f"step-{place}" for place, step in enumerate(view.steps, 1)}
    graph = folded(view.graph)
    links = {node.name: f"#{ids[node.members[0].name]}" for node in graph.nodes}
    metrics = metric_names(rows)
    page = (
        _environment()
        .get_template("page")
        .render(
            view=view,
            policy=_policy(script),
            style=Markup(_style()),  # noqa: S704  (ours)
            script=Markup(script),  # noqa: S704  (ours)
            ids=ids,
            states=[state for state in STATES if any(step.state == state for step in view.steps)],
            signs=Markup(state_signs()),  # noqa: S704  (ours)
            sign={state: Markup(state_sign(state)) for state in STATES},  # noqa: S704  (ours)
            graph=Markup(graph_svg(graph, links)),  # noqa: S704  (escaped there)
            timeline=Markup(timeline_svg(view.timeline)),  # noqa: S704  (escaped there)
            params=differing_params(rows),
            metrics=metrics,
            charts=[*_charts(rows, metrics)],
            pictures=[*_pictures(view, contents)],
            plots=[(plot, Markup(plot_svg(plot))) for plot in view.plots],  # noqa: S704  (escaped)
            groups=_groups(view),
            notebooks=_notebooks(view, shown, contents),
            note=_note(shown),
            open_steps=len(view.steps) <= OPEN,
            few=few,
        )
    )
    return f"{page}\n"


def _groups(view: View) -> list[tuple[str, list[StepView]]]:
    """The variants of each step, by the name that they share, where the first of them is."""
    groups: dict[str, list[StepView]] = {}
    for step in view.steps:
        groups.setdefault(base_name(step.name), []).append(step)
    return [*groups.items()]


def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({"page": _resource("page.html.j2")}),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "css": lambda state: state.replace(" ", "-"),
        "size": size_text,
        "time": lambda moment: time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment)),
        "duration": duration,
        "value": short,
        "changed": _changed,
    }
    environment.filters.update(filters)
    return environment


def _finalized(value: Any) -> Any:
    """Nothing is hidden in a text, and what is not known is empty."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return escaped(value, LAYOUT)
    return "" if value is None else value


def _policy(script: str) -> str:
    """Nothing is loaded, and of all scripts only the page's own runs."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _style() -> str:
    own = _resource("page.css").replace("LIGHT", svg.LIGHT).replace("DARK", f"{DARK} {svg.DARK}")
    return own + svg.RULES


def _resource(name: str) -> str:
    return resources_of("nbsnake.report").joinpath(name).read_text(encoding="utf-8")


def _changed(line: str) -> Markup:
    kinds = {"+": "added", "-": "removed"}
    kind = kinds.get(line[:1], "") if line[:3] not in ("+++", "---") else ""
    return Markup(' class="{}"').format(kind) if kind else Markup("")


def _charts(rows: Sequence[Row], metrics: Sequence[str]) -> Iterator[tuple[str, Markup]]:
    for name in metrics[:CHARTS]:
        points = [(f"{row.step}, {row.rev}", row.metrics.get(name, math.nan)) for row in rows]
        if chart := metric_svg(name, points):
            yield name, Markup(chart)  # noqa: S704  (escaped there)


def _pictures(view: View, contents: Contents) -> Iterator[tuple[str, str, str]]:
    """The outputs that are pictures: path, step, and content as a data URI."""
    for step in view.steps:
        for out in step.outs:
            kind = KINDS.get(out.path.rpartition(".")[2].lower())
            if kind and out.size is not None and out.size <= LARGEST:
                try:
                    content = base64.b64encode(contents.output(out.path)).decode()
                except OSError:  # a folder, or gone since
                    continue
                yield out.path, step.name, f"data:image/{kind};base64,{content}"


def _notebooks(view: View, shown: Notebooks, contents: Contents) -> Mapping[str, Markup]:
    wanted = [step for step in view.steps if shown == "all" or step.state == shown]
    found = {step.name: notebook_html(contents.notebook(step)) for step in wanted}
    return {name: Markup(html) for name, html in found.items() if html}  # noqa: S704  (escaped)


def _note(shown: Notebooks) -> str:
    return "" if shown == "all" else f"notebooks of runs that are shown: {shown}"


def report_json(view: View) -> str:
    """The same data as JSON."""
    return json.dumps(view.as_dict(), indent=1, default=str) + "\n"
