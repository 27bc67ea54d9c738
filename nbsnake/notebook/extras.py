"""``:dvc-extra:``: values for parameters, written as on a command line."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nbsnake.errors import NbsnakeError, PipelineError, Where
from nbsnake.guess import did_you_mean
from nbsnake.model.paramtype import Value
from nbsnake.notebook.params import ParamSpec, type_of_param
from nbsnake.notebook.spec import StepSpec


class Extra(NamedTuple):
    """``:dvc-extra:`` on one parameter: ``--name words`` or, ``negated``, ``--no-name``."""

    words: tuple[str, ...]
    negated: bool
    where: Where


def parse_extra(param: ParamSpec, extra: Extra) -> Value:
    """The value that ``:dvc-extra:`` gives; a flag alone is true, ``--no-flag`` false or None.

    Raises :class:`PipelineError` for words that are not values of the parameter's type.
    """
    words, negated, where = extra
    kind = type_of_param(param)
    if negated and not kind.is_flag:
        return None
    if kind.is_flag and not words:
        return not negated
    try:
        return kind.parse(list(words))
    except ValueError as error:
        raise PipelineError(
            f"':dvc-extra:' gives {param.name!r} a value that is not of the type {kind}: {error}",
            where=where,
            hint=f"the parameter is declared in {param.where}",
        ) from None


def read_extras(spec: StepSpec, faults: list[NbsnakeError]) -> dict[str, Extra]:
    """What ``:dvc-extra:`` gives to each parameter it names.

    ``--name value``, ``--name=value`` and, as MLV-tools wrote them, dashes for underscores.
    """
    names = {param.name.replace("_", "-"): param.name for param in spec.params}
    extras: dict[str, Extra] = {}
    for option, words, where in _options(spec.extras):
        flag, equals, value = option.removeprefix("--").partition("=")
        values = (value, *words) if equals else words
        plain = flag.replace("_", "-")
        negated = plain not in names and not values and plain.removeprefix("no-") in names
        name = names.get(plain.removeprefix("no-") if negated else plain)
        if option.startswith("--") and name:
            extras[name] = Extra(values, negated, where)
            continue
        faults.append(
            PipelineError(
                f"':dvc-extra:' passes {option!r}, which is not a parameter of this notebook",
                where=where,
                hint=did_you_mean(
                    flag, names, "declare it with ':param'", show=lambda near: f"'--{near}'"
                ),
            )
        )
    return extras


def _options(words: Iterable[tuple[str, Where]]) -> Iterator[tuple[str, tuple[str, ...], Where]]:
    """Each option with the words behind it; a word that no option precedes comes alone."""
    option: tuple[str, list[str], Where] | None = None
    for word, where in words:
        if option and not word.startswith("--"):
            option[1].append(word)
            continue
        if option:
            yield option[0], tuple(option[1]), option[2]
        option = (word, [], where)
    if option:
        yield option[0], tuple(option[1]), option[2]
