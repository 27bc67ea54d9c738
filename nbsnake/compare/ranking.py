"""What of the rows is shown, and in which order: names, differences, best first."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable

from nbsnake.compare.rows import Row
from nbsnake.errors import UsageError
from nbsnake.guess import did_you_mean

# Words of a metric's name that mean that less is better.
_LOWER = frozenset(
    {"loss", "logloss", "brier", "error", "err", "mse", "rmse", "mae", "mape", "perplexity"}
    | {"time", "seconds", "latency"}
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def is_lower_better(metric: str) -> bool:
    """Whether the metric's own name, behind the last dot, means a loss, an error or a time."""
    words = {word.lower() for word in _WORD.findall(metric)}
    # scikit-learn negates its errors, so that more is better for all scores.
    return not words.isdisjoint(_LOWER) and "neg" not in words


def find_name(word: str, names: Iterable[str], kind: str) -> str:
    """The name that ``word`` means: that very name, or the only one that ends in ``.word``.

    Raises :class:`UsageError` where there is none, or several.
    """
    known = list(names)
    ends = [name for name in known if name.endswith((f".{word}", f":{word}"))]
    if word in known:
        return word
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise UsageError(f"which {kind} is {word!r}?", hint=f"give one of: {', '.join(ends)}")
    raise UsageError(f"no such {kind}: {word}", hint=_nearest(word, known, kind))


def _nearest(word: str, names: list[str], kind: str) -> str:
    by_end = {name.rpartition(".")[2]: name for name in names} | {name: name for name in names}
    otherwise = f"each {kind} here: {', '.join(names)}" if names else f"there is no {kind} here"
    return did_you_mean(word, by_end, otherwise, show=lambda near: repr(by_end[near]))


def metric_names(rows: Iterable[Row]) -> list[str]:
    """The names of all metrics, in the order in which rows have them."""
    return list(dict.fromkeys(name for row in rows for name in row.metrics))


def param_names(rows: Iterable[Row]) -> list[str]:
    """The names of all parameters, in the order in which rows have them."""
    return list(dict.fromkeys(name for row in rows for name in row.params))


def differing_params(rows: Iterable[Row]) -> list[str]:
    """The parameters that have two values, or that some rows of a step have and some have not."""
    rows = list(rows)
    groups = defaultdict(list)
    for row in rows:
        groups[row.group].append(row)
    return [
        name
        for name in param_names(rows)
        if _differ([row.params[name] for row in rows if name in row.params])
        or any(_differ([name in row.params for row in group]) for group in groups.values())
    ]


def _differ(values: list[object]) -> bool:
    return any(value != values[0] for value in values)


def rows_with(metric: str, rows: Iterable[Row]) -> list[Row]:
    """The rows of the steps that have the metric, and those of which no metric is known."""
    rows = list(rows)
    groups = {row.group for row in rows if metric in row.metrics}
    return [row for row in rows if row.group in groups or not row.metrics]


def best_first(rows: Iterable[Row], metric: str, *, lower: bool) -> list[Row]:
    """The rows by the metric; those without a number go last, and of equals the first stays so."""

    def rank(row: Row) -> tuple[bool, float]:
        value = row.metrics.get(metric, math.nan)
        if math.isnan(value):
            return True, 0
        return False, value if lower else -value

    return sorted(rows, key=rank)
