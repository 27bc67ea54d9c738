"""The command line: which commands there are, and how their errors are reported."""

import argparse
import importlib
import os
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType

from nbsnake import __version__
from nbsnake.bars import bars_for_long_work
from nbsnake.errors import TOO_DEEP, NbsnakeError, ToolError, UsageError, os_error_text
from nbsnake.escape import only_text
from nbsnake.examples import examples_text
from nbsnake.job.inside import UnsafePathError
from nbsnake.job.say import say

COMMANDS = {
    "init": "set up a project here, or adopt a folder of notebooks",
    "adopt": "find what notebooks read and write, and write the docstrings that say so",
    "split": "divide a long notebook into several along its headings",
    "new": "write a notebook that is a step",
    "convert": "write scripts for any notebooks, without a project",
    "generate": "write scripts, rules and dvc.yaml from the notebooks",
    "port": "bring edits of generated scripts back into their notebooks",
    "check": "compare the generated files with the notebooks; fails if they differ",
    "run": "generate, restore, run the other steps with Snakemake, and sync",
    "submit": "submit all steps that are not fresh to Slurm, and leave no process behind",
    "exec": "run one step's command and leave a receipt (rules call this)",
    "record": "run a script, and write its notebook (stages call this)",
    "sync": "write dvc.lock from the receipts of finished jobs",
    "show": "print where the notebook of a step's last run is, or write it as HTML",
    "debug": "write a copy of a notebook with the values of a step or variant put in",
    "push": "upload the results of all runs to the DVC remote",
    "pull": "download the results of all runs that anyone pushed",
    "accept": "accept results on disk as those of the current code and parameters",
    "restore": "restore results from the cache instead of computing them",
    "export": "write the pipeline as one bash script that only needs Python",
    "profile": "write a Snakemake profile from the settings of a cluster",
    "params": "print the values of params.yaml for one step, as JSON (stages call this)",
    "compare": "show parameters and metrics over variants and revisions, best first",
    "merge": "merge dvc.lock or a generated file (git calls this)",
    "status": "show the state of each step, and why it is stale",
    "graph": "show the graph of steps with their states",
    "report": "write the state of the pipeline as one HTML page",
    "why": "say why a step is not fresh, and what follows from it",
    "diff": "show what differs between two revisions: cells, values, metrics, outputs",
    "logs": "print the log of a step's last job",
    "clean": "list what no step or revision names any more, and remove it",
}
COMPLETION = "--print-completion"
SHELLS = ("bash", "zsh", "fish")
# Names of steps come from the project in which one completes.
STEP_NAMES = {"bash": "_nbsnake_steps", "zsh": "_nbsnake_steps"}
PREAMBLE = {
    "bash": '_nbsnake_steps() { compgen -W "$(nbsnake status --names 2>/dev/null)" -- "$1"; }',
    "zsh": '_nbsnake_steps() { compadd -- ${(f)"$(nbsnake status --names 2>/dev/null)"} }',
}
INTERRUPTED = 130
BROKEN_PIPE = 141  # as a shell has it for a program that the signal ends


def main(argv: list[str]) -> int:
    """Parse the command line, run the command, and report its errors."""
    if not argv:
        _parser({}, COMMANDS).print_help(sys.stderr)
        return 2
    if argv and argv[0].partition("=")[0] == COMPLETION:
        return _print_completion(argv)
    name = next((word for word in argv if word in COMMANDS), None)
    if name == "exec":  # reached only when it is not the first word
        say("options of nbsnake itself cannot come before 'exec'")
        return 2
    module = _module(name) if name else None
    end = argv.index("--") if name in ("run", "record") and "--" in argv else len(argv)
    modules = {name: module} if name and module else {}
    alone = bool(argv) and argv[0] == name  # nothing is said of other commands, then
    args = _parser(modules, modules if alone else COMMANDS).parse_args(argv[:end])
    args.rest = argv[end + 1 :]
    if module is None:
        return 2
    with bars_for_long_work(), only_text():
        return _run(module, args)


def _run(module: ModuleType, args: argparse.Namespace) -> int:
    try:
        _enter(args.directory)
        code: int = module.run(args)
        sys.stdout.flush()
    except BrokenPipeError:  # such as in "nbsnake status | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where the rest goes when Python ends
        return BROKEN_PIPE
    except NbsnakeError as error:
        from nbsnake.notebook.explain import explained  # reads notebooks, where there is a fault

        say(explained(error))
        return error.exit_code
    except UnsafePathError as error:
        say(os_error_text(error))
        return NbsnakeError.exit_code
    except OSError as error:
        say(os_error_text(error))
        return ToolError.exit_code
    except RecursionError:
        say(f"a file that is read {TOO_DEEP}")
        return NbsnakeError.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _print_completion(argv: list[str]) -> int:
    """Print what a shell needs to complete commands and options."""
    import shtab  # slow, and seldom needed

    parser = argparse.ArgumentParser(prog=f"nbsnake {COMPLETION}")
    parser.add_argument("shell", choices=SHELLS)
    given = parser.parse_args([*argv[0].split("=")[1:], *argv[1:]])
    parser, commands = full_parser()
    for command in commands.values():
        for action in command._actions:  # noqa: SLF001  (shtab knows no other way)
            if action.metavar == "STEP":
                action.complete = STEP_NAMES  # type: ignore[attr-defined]
    sys.stdout.write(f"{shtab.complete(parser, given.shell, preamble=PREAMBLE)}\n")
    return 0


def full_parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser with the arguments of all commands, and that of each command."""
    modules = {name: _module(name) for name in COMMANDS if name != "exec"}
    parser = _parser(modules, COMMANDS)
    (commands,) = (each for each in parser._actions if each.dest == "command")  # noqa: SLF001
    return parser, {**commands.choices}  # type: ignore[dict-item]


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"nbsnake.commands.{name}")


def _enter(directory: str) -> None:
    try:
        os.chdir(directory)
        os.getcwd()  # fails in a folder that was removed
    except OSError as error:
        raise UsageError(f"cannot work in {directory}: {error.strerror}") from None


def _parser(modules: Mapping[str, ModuleType], names: Iterable[str]) -> argparse.ArgumentParser:
    """The commands of these names with their help, and the arguments of those in ``modules``."""
    parser = argparse.ArgumentParser(
        prog="nbsnake",
        description="Jupyter notebooks in, a parallel Snakemake run, DVC-versioned results out.",
    )
    parser.add_argument("--version", action="version", version=f"nbsnake {__version__}")
    parser.add_argument(
        "-C", dest="directory", default=".", metavar="DIR", help="work as if called in DIR"
    )
    parser.add_argument(
        COMPLETION, metavar="SHELL", help=f"print completions for {', '.join(SHELLS)}, and exit"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in names:
        summary = COMMANDS[name]
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=examples_text(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in modules:
            modules[name].add_arguments(command)
    return parser
