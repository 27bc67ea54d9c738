"""One-line arrangements: notebooks, steps and pipelines as tests need them."""

import ast
import copy
import json
import shlex
import subprocess
import sys
from pathlib import Path
from unittest import mock

from nbsnake.compile.compile import compile_step
from nbsnake.model.paramtype import text_of
from nbsnake.model.pipeline import Pipeline
from nbsnake.model.step import Source
from nbsnake.model.variants import fill
from nbsnake.names import full_name
from nbsnake.notebook.read import parse_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.notebook.spec import PLAIN
from nbsnake.render.rule import VALUES, _label, render_rule
from nbsnake.render.script import render_script
from nbsnake.render.stage import is_in_file, render_stage
from nbsnake.render.stage_reader import fan_in_paths, lists_in_file, read_stages, rule_argv
from nbsnake.render.values import values_path

PYTHON = {"language_info": {"name": "python"}}


def nb_fields(*cells, metadata=PYTHON, tags=None):
    """A notebook as JSON fields; a cell is its code, or ``(type, text)``.

    ``tags`` maps the number of a cell, from 1, to its tags.
    """
    tags = tags or {}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": copy.deepcopy(metadata),
        "cells": [_cell(cell, tags.get(number)) for number, cell in enumerate(cells, start=1)],
    }


def _cell(cell, tags):
    kind, text = ("code", cell) if isinstance(cell, str) else cell
    fields = {"cell_type": kind, "metadata": {"tags": tags} if tags else {}, "source": text}
    return {**fields, "execution_count": None, "outputs": []} if kind == "code" else fields


def nb_bytes(*cells, **more):
    return json.dumps(nb_fields(*cells, **more)).encode()


def nb(*cells, path="notebooks/a.ipynb", **more):
    """A notebook as nbsnake reads it."""
    return parse_notebook(nb_bytes(*cells, **more), path)


def spec_of(source, *cells, reading=PLAIN, **more):
    """What a notebook whose first cell is ``source`` declares."""
    return read_step(nb(source, *cells, **more), reading)


def step(source, *cells, params=None, **more):
    """The step of a notebook; ``params`` are its values in params.yaml."""
    spec = spec_of(source, *cells, **more)
    return compile_step(spec, {} if params is None else {spec.name: params})


def pipeline(*steps):
    return Pipeline(tuple(steps))


def declare(*fields, body=""):
    """The source of a metadata cell with these reST fields."""
    lines = "\n".join(fields)
    return f'"""Step.\n\n{lines}\n"""\n{body}'


def config_of(*steps):
    """params.yaml's part of each step that has one."""
    return {each.name: {arg.name: arg.value for arg in each.config} for each in steps}


def received(made, *words):
    """The parameters as the function of the step's script reads them from the command line."""
    tree = ast.parse(render_script(made))
    functions = [node for node in tree.body if getattr(node, "name", "") == "_parse_args"]
    names = {"__file__": str(Path(made.script).absolute())}
    exec(compile(ast.Module(functions, []), "script.py", "exec"), names)  # noqa: S102  (a part of the script)
    with mock.patch("sys.argv", ["script.py", *words]), mock.patch("sys.path", [""]):
        return vars(names["_parse_args"]())


def rule_words(made, line, variant=None):
    """The words of a step's rule for a variant (the first), with files and values filled in."""
    variant = variant or made.variants[0]
    rule = render_rule(made, line)
    shell = ast.literal_eval("(" + rule.rpartition("    shell:\n")[2] + ")")
    threads = made.needs.threads
    words = shlex.split(shell.format(**_namespaces(made, variant), threads=threads))
    if threads:
        assert words.pop(3) == f"--threads={threads}"
    assert words[:4] == ["nbsnake", "exec", full_name(made.name, variant.key), "--"]
    assert words[-3:] == [">", fill(made.log, variant.values), "2>&1"]
    return words[4:-3]


def planned_words(made, line, variant=None, params=None):
    """The words that nbsnake derives for the same from the stages; ``params`` is params.yaml."""
    variant = variant or made.variants[0]
    rendered = {each.name: render_stage(each) for each in line.steps}
    stages = read_stages({"stages": rendered}, params or {})
    stage, values = stages[made.name], {arg.name: made.value(arg, variant) for arg in made.config}
    lists = lists_in_file(stage, fan_in_paths(stage, variant.key, stages))
    return list(rule_argv(stage, variant.key, values, lists))


class _Quoted(str):
    """Snakemake's ``{value:q}``."""

    __slots__ = ()

    def __format__(self, spec):
        return shlex.quote(self) if spec == "q" else str(self)


class _Names:
    def __init__(self, names):
        self.__dict__.update({name: _Quoted(text) for name, text in names.items()})

    def __format__(self, spec):
        assert spec == "q"
        return shlex.quote(self.only)


def _namespaces(made, variant):
    files = {
        arg.name: made.value(arg, variant).rstrip("/")
        for arg in made.arguments
        if arg.source is Source.FILE and not arg.type.is_list
    }
    ins = {each.param for each in made.inputs}
    values = {arg.name: made.value(arg, variant) for arg in made.config}
    lists = {a.name: made.value(a, variant) for a in made.arguments if a.required and is_in_file(a)}
    paths = {
        arg.name: made.value(arg, variant)
        for arg in made.arguments
        if arg.source is Source.FILE and arg.type.is_list
    }
    file = values_path(full_name(made.name, variant.key), values | lists)
    return {
        "input": _Names(
            {"script": made.script, **{_label(n): p for n, p in files.items() if n in ins}}
        ),
        "output": _Names({_label(n): p for n, p in files.items() if n not in ins}),
        "params": _Names(
            {_label(name): text_of(value) for name, value in (values | paths).items()}
            | {VALUES: file}
        ),
        "wildcards": _Names(variant.values),
        "log": _Names({"only": fill(made.log, variant.values)}),
    }


def run_script(made, folder, *words, **more):
    """Run the script of a step where it belongs below ``folder``, in a process of its own."""
    script = Path(folder, made.script)
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(render_script(made), encoding="utf-8", newline="")
    command = [sys.executable, "-W", "error", str(script), *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60, **more
    )


__all__ = [
    "config_of",
    "declare",
    "nb",
    "nb_bytes",
    "nb_fields",
    "pipeline",
    "planned_words",
    "received",
    "rule_words",
    "run_script",
    "spec_of",
    "step",
]


def write_mlvtools(**settings):
    """Write the configuration of MLV-tools to the working directory."""
    Path(".mlvtools").write_text(json.dumps(settings))
