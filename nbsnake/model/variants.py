"""Steps that run more than once: the axes in which their variants differ, and paths that name them.

An axis is written ``{name}`` in a path or a string. DVC names the variants of a stage
``stage@key``, where the key joins the values of the axes by dashes
(``dvc.parsing.MatrixDefinition``).
"""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Scalar = str | int | float | bool

MOST_VARIANTS = 100_000  # of a step
_NAME = re.compile(r"\{([^\W\d]\w*)\}")
UNSAFE = "use letters, digits, and _ . + -, and no leading dot"
_SAFE = re.compile(r"[\w+-][\w.+-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Something in which variants differ, and its values.

    ``key`` names the list in params.yaml from which they come, "" for values of their own. For
    each value ``has_files`` that may give parameters another value.
    """

    name: str
    values: tuple[Scalar, ...]
    key: str = ""
    has_files: bool = False

    @property
    def texts(self) -> list[str]:
        """The values as they are in paths."""
        return [scalar_text(value) for value in self.values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One combination of the axes' values, as texts; ``key`` is "" where there are no axes."""

    key: str
    values: Mapping[str, str]


def scalar_text(value: Scalar) -> str:
    """A value as DVC pastes it into paths and commands."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_safe(value: object) -> bool:
    """Whether a value can be part of a path and of a shell's word without quotes."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, Scalar) and bool(_SAFE.fullmatch(scalar_text(value)))


def variants_of(axes: Iterable[Axis]) -> Iterator[Variant]:
    """All combinations, in the order in which DVC makes them; one without a key for no axis."""
    axes = list(axes)
    for texts in itertools.product(*(axis.texts for axis in axes)):
        values = {axis.name: text for axis, text in zip(axes, texts, strict=True)}
        yield Variant(key="-".join(texts), values=values)


def names_in(text: str) -> list[str]:
    """The names of the axes in a text, each once, in their order."""
    return list(dict.fromkeys(_NAME.findall(text)))


def is_instance(path: str, pattern: str, values: Mapping[str, Iterable[str]]) -> bool:
    """Whether a path is a pattern in which some axes may have one of their values."""
    parts = re.split(r"(\{\w+\})", pattern)
    regex = "".join(
        f"(?:{'|'.join(map(re.escape, (part, *values[part[1:-1]])))})"
        if part[1:-1] in values and part.startswith("{")
        else re.escape(part)
        for part in parts
    )
    return bool(re.fullmatch(regex, path))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with the values in the places of their names; other names stay."""
    return _NAME.sub(lambda match: values.get(match[1], match[0]), text)
