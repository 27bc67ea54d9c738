"""The keys of a step's docstring: one table, with the reader of each key.

A new key is a row of ``KEYS``, and a function that puts what its lines say into :class:`Declared`.
"""

import keyword
import posixpath
import re
import shlex
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from nbsnake.errors import NbsnakeError, NotebookError, Where
from nbsnake.guess import nearest
from nbsnake.model.needs import KEYS as NEEDS
from nbsnake.model.needs import Needs
from nbsnake.model.notes import Note
from nbsnake.model.step import Artifact
from nbsnake.names import script_path
from nbsnake.notebook.carriers import implied_params, with_paths
from nbsnake.notebook.code import Assignment
from nbsnake.notebook.dvc_cmd import StageCall, Variables, read_dvc_cmd
from nbsnake.notebook.fields import Field
from nbsnake.notebook.files import ROLES, artifacts_of_call, read_artifacts
from nbsnake.notebook.foreach import AxisSpec, read_foreach
from nbsnake.notebook.needs import read_needs
from nbsnake.notebook.params import ParamSpec, agreed, declared_params

OTHERS = (*ROLES, "dvc-extra", "foreach")  # what no step with a command of its own has


@dataclass(slots=True, kw_only=True)
class Declared:
    """What a docstring declares, as the readers find it.

    ``path`` is the notebook, ``tagged`` are the parameters of its cell tagged ``parameters``
    (None where there is none), ``keys`` those of the docstring. ``assigned`` is what the cells that
    declare parameters assign, by name. ``param_faults`` are about what a script needs, ``faults``
    about the rest of a step, ``notes`` are no faults.
    """

    path: str
    variables: Variables
    tagged: dict[str, ParamSpec] | None
    keys: frozenset[str]
    assigned: Mapping[str, Assignment] = field(default_factory=dict)
    params: dict[str, ParamSpec] = field(default_factory=dict)
    given_name: str = ""
    call: StageCall | None = None
    call_where: Where | None = None
    artifacts: list[Artifact] = field(default_factory=list)
    extras: list[tuple[str, Where]] = field(default_factory=list)
    axes: list[AxisSpec] = field(default_factory=list)
    needs: Needs = Needs()  # noqa: RUF009  (frozen)
    param_faults: list[NbsnakeError] = field(default_factory=list)
    faults: list[NbsnakeError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the step: as given, as its ``dvc run`` says, or the notebook's."""
        stem = posixpath.basename(self.path).removesuffix(".ipynb")
        own = self.call.name if self.call else ""
        return step_name(self.given_name or own or stem)


Reader = Callable[[list[Field], Declared], None]  # of the lines of one or more keys


def step_name(text: str) -> str:
    """A name that Snakemake, DVC and Python all accept.

    Lower case; every run of other characters than letters, digits and ``_`` becomes one ``_``; a
    name that begins with a digit gets ``step_`` in front.
    """
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text).lower())
    return name if name.isidentifier() else f"step_{name}"


def is_reserved_step(name: str) -> bool:
    """Whether no step can have the name: it is a keyword, or that of another rule of nbsnake."""
    return name in ("all", "common", "sync") or keyword.iskeyword(name)


def _params(fields: list[Field], into: Declared) -> None:
    into.params = declared_params(fields, into.param_faults)
    if into.tagged is not None:
        into.params = agreed(into.params, into.tagged, into.param_faults)


def _name(fields: list[Field], into: Declared) -> None:
    names = {each.words.removesuffix(".dvc") for each in fields}
    if fields and (len(names) > 1 or not re.search(r"[^\W_]", min(names))):
        key = fields[-1].key
        fault = "gives the step a second name" if len(names) > 1 else "needs a name"
        into.faults.append(
            NotebookError(
                f"':{key}:' {fault}",
                where=fields[-1].where,
                hint="name the step once, with letters",
            )
        )
    into.given_name = min(names, default="")


def _command(fields: list[Field], into: Declared) -> None:
    if not fields:
        return
    try:
        into.call = _read_call(fields, into)
    except ValueError as error:
        into.faults.append(
            NotebookError(
                f"':dvc-cmd:' cannot be read: {error}",
                where=fields[-1].where,
                hint=f"write: dvc run -d INPUT -o OUTPUT ${into.variables.path} --name value",
            )
        )
    into.call_where = fields[0].where


def _read_call(fields: list[Field], into: Declared) -> StageCall:
    if len(fields) > 1:
        raise ValueError("there is more than one")
    if others := sorted(into.keys.intersection(OTHERS)):
        raise ValueError(f"it defines the whole stage and cannot be combined with :{others[0]}:")
    call = read_dvc_cmd(fields[0].text, script_path(into.name), into.variables)
    if call.name and not into.given_name:
        return read_dvc_cmd(fields[0].text, script_path(step_name(call.name)), into.variables)
    return call


def _files(fields: list[Field], into: Declared) -> None:
    into.params |= implied_params(fields, into.params, into.assigned)
    lines = with_paths(fields, into.params, into.assigned, into.path)
    into.artifacts = read_artifacts(lines, into.params, into.faults)
    if into.call and into.call_where:
        into.artifacts += artifacts_of_call(into.call, into.call_where, into.faults)


def _extras(fields: list[Field], into: Declared) -> None:
    for each in fields:
        try:
            into.extras += [(word, each.where) for word in _extra_words(each)]
        except ValueError as error:
            into.faults.append(
                NotebookError(
                    f"':dvc-extra:' cannot be read: {error}",
                    where=each.where,
                    hint="write plain words, quoted as for a shell: --rate 0.1 --title 'a b'",
                )
            )


def _extra_words(line: Field) -> list[str]:
    if line.argument or not line.text:
        raise ValueError("it names no parameter, and needs a text")
    if re.search(r"[$`]", line.text):
        raise ValueError("'$' and '`' are shell syntax, and no shell expands them")
    return shlex.split(re.sub(r"\{\{\s*([\w.]+)\s*\}\}", r"{{\1}}", line.text))  # one word


def _axes(fields: list[Field], into: Declared) -> None:
    into.axes = read_foreach(fields, into.faults)


def _needs(fields: list[Field], into: Declared) -> None:
    into.needs = read_needs(fields, into.faults)


def _kernel(fields: list[Field], into: Declared) -> None:
    into.faults += [
        NotebookError(
            "':kernel:' is for notebooks whose docstring is a comment",
            where=each.where,
            hint="write the docstring as lines of comments at the start of the cell: # :kernel:",
        )
        for each in fields
    ]


# In the order of reading: a reader may use what those above it found.
KEYS: Mapping[str, Reader] = {
    "param": _params,
    "step": _name,
    "dvc-meta-file": _name,
    "dvc-cmd": _command,
    **dict.fromkeys(ROLES, _files),
    "dvc-extra": _extras,
    "foreach": _axes,
    "kernel": _kernel,
    **dict.fromkeys(NEEDS, _needs),
}


def read_keys(fields: Iterable[Field], into: Declared) -> None:
    """Read all lines of a docstring, key by key."""
    lines = list(fields)
    for reader in dict.fromkeys(KEYS.values()):
        reader([each for each in lines if KEYS.get(each.key) is reader], into)


def declares_step(fields: Iterable[Field]) -> bool:
    """Whether one of the lines has a key of ours."""
    return any(each.key in KEYS for each in fields)


def key_faults(fields: Iterable[Field]) -> list[NbsnakeError]:
    """Unknown keys pass, as reST has many, unless they look like a typo of ours."""
    return [fault for each in fields if (fault := _key_fault(each))]


def _key_fault(line: Field) -> NbsnakeError | None:
    if not line.whole:
        named = "" if line.key in NEEDS else f" or ':{line.key} name: text'"
        return NotebookError(
            f"{line.text!r} is missing its second colon",
            where=line.where,
            hint=f"write ':{line.key}: text'{named}",
        )
    if line.key in KEYS:
        return None
    near = nearest(line.key.lower(), KEYS, cutoff=0.8)
    if not near and not line.key.lower().startswith("dvc-"):
        return None
    return NotebookError(
        f"unknown key :{line.key}:",
        where=line.where,
        hint=f"did you mean :{near}:?" if near else f"known: {', '.join(KEYS)}",
    )
