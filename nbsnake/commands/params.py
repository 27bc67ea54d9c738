"""``nbsnake params STEP``"""

import argparse
import sys
from functools import cache

from nbsnake.commands import enter_project
from nbsnake.errors import UsageError
from nbsnake.guess import nearest
from nbsnake.names import DVC_FILE, full_name
from nbsnake.render.stage_reader import fan_in_paths, lists_in_file, read_stages
from nbsnake.render.values import to_json
from nbsnake.settings.settings import read_params, read_values, read_yaml


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("step", metavar="STEP", help="a stage of dvc.yaml, or a variant of one")


def run(args: argparse.Namespace) -> int:
    """Print the values that a step takes from files, as its script's --values-from reads.

    Raises :class:`UsageError` for a step or variant that does not exist.
    """
    enter_project()
    stages = read_stages(read_yaml(DVC_FILE), read_params())
    name, _, key = args.step.partition("@")
    if name not in stages:
        raise UsageError(f"{DVC_FILE} has no stage {args.step!r}", hint="run: nbsnake generate")
    stage = stages[name]
    if key not in stage.rows:
        known = [full_name(name, row) for row in stage.rows]
        near = nearest(args.step, known, cutoff=0.0)
        raise UsageError(f"{name!r} has no variant {key!r}", hint=f"such as: {near}")
    lists = lists_in_file(stage, fan_in_paths(stage, key, stages))
    params = stage.params(key, cache(read_values))
    sys.stdout.write(to_json(params | lists))
    return 0
