"""``nbsnake debug``"""

import argparse
import json
import sys

from nbsnake.commands import enter_project
from nbsnake.errors import UsageError
from nbsnake.generate.generate import find_pipeline
from nbsnake.guess import did_you_mean
from nbsnake.job.own import write_own
from nbsnake.model.step import Step
from nbsnake.model.variants import Variant
from nbsnake.names import file_name, full_name
from nbsnake.notebook.read import read_bytes
from nbsnake.notebook.written import as_json
from nbsnake.render.debug import debug_notebook

FOLDER = ".nbsnake/debug"  # hidden, so that the copy is no step of the project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("step", metavar="STEP", help="a step, or a variant such as train@0.1")


def run(args: argparse.Namespace) -> int:
    """Write a copy of the notebook with the step's values, and print where it is."""
    enter_project()
    step, variant = _find(args.step)
    if step.runs_in_kernel:
        hint = f"open {step.notebook} in Jupyter, and set the values in its first code cell"
        raise UsageError(
            f"{step.name} runs in a Jupyter kernel, and is debugged in its own notebook", hint=hint
        )
    document = json.loads(read_bytes(step.notebook))
    path = f"{FOLDER}/{file_name(args.step)}.ipynb"
    write_own(path, as_json(debug_notebook(document, step, variant), 1) + b"\n")
    print(path)
    print("run it in Jupyter; it writes what the step writes", file=sys.stderr)
    return 0


def _find(name: str) -> tuple[Step, Variant]:
    """Raises :class:`UsageError` for a step or variant that does not exist."""
    known = {
        full_name(step.name, variant.key): (step, variant)
        for step in find_pipeline().steps
        for variant in step.variants
    }
    if name not in known:
        hint = did_you_mean(name, list(known), f"such as: {next(iter(known), 'none')}")
        raise UsageError(f"there is no step {name!r} of a notebook", hint=hint)
    return known[name]
