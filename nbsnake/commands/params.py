"""``nbsnake params STEP``"""

import argparse
import sys

from nbsnake.commands import enter_project
from nbsnake.errors import UsageError
from nbsnake.model import PARAMS_FILE
from nbsnake.project import read_params, read_yaml
from nbsnake.render.stage import DVC_FILE
from nbsnake.values import to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("step", metavar="STEP", help="a stage of dvc.yaml")


def run(args: argparse.Namespace) -> int:
    """Print the values that params.yaml gives to a step, as its script's --values-from reads."""
    enter_project()
    stages = read_yaml(DVC_FILE).get("stages") or {}
    if args.step not in stages:
        raise UsageError(f"{DVC_FILE} has no stage {args.step!r}", hint="run: nbsnake generate")
    prefix = f"{args.step}."
    keys = [key for key in stages[args.step].get("params", []) if isinstance(key, str)]
    names = [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
    given = read_params().get(args.step)
    if not isinstance(given, dict) or not set(names) <= set(given):
        raise UsageError(f"{PARAMS_FILE} lacks values of {args.step!r}", hint="nbsnake generate")
    sys.stdout.write(to_json({name: given[name] for name in names}))
    return 0
