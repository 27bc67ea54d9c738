"""``nbsnake split``"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nbsnake.adopt.decide import decide, follow
from nbsnake.adopt.folder import make_plan
from nbsnake.adopt.proposal import Proposal
from nbsnake.adopt.readings import read_parsed
from nbsnake.adopt.rewrite import rewritten
from nbsnake.adopt.same import Verdict
from nbsnake.commands.adopt import chosen_notebooks
from nbsnake.errors import UsageError
from nbsnake.job.atomic import write_atomically
from nbsnake.notebook.read import parse_notebook, read_bytes
from nbsnake.notebook.spec import Reading
from nbsnake.settings.settings import read_settings, reading
from nbsnake.split.prove import prove_split
from nbsnake.split.split import Part, plan_split, write_part
from nbsnake.tables import Table, as_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("notebook", metavar="NOTEBOOK", help="the notebook, which stays as it is")
    parser.add_argument(
        "--level",
        type=int,
        default=0,
        metavar="N",
        help="split at headings of this level (default: the first that occurs twice)",
    )
    parser.add_argument("--write", action="store_true", help="write the notebooks of the parts")
    parser.add_argument(
        "--prove",
        action="store_true",
        help="run the whole and the parts in copies of the project, and compare their results",
    )


def run(args: argparse.Namespace) -> int:
    """Show the parts, and write them where asked; 1 where a proof fails.

    Raises :class:`UsageError` for paths that do not fit.
    """
    _, named = chosen_notebooks([args.notebook])
    if len(named) != 1:
        raise UsageError(f"{args.notebook} is not a notebook")
    rules = reading(read_settings())
    data = read_bytes(named[0])
    notebook = parse_notebook(data, named[0])
    parts = plan_split(notebook, rules.no_effect, args.level)
    _show(parts)
    texts = _steps(parts, data, rules)
    is_same = True
    if args.prove:
        (facts,) = decide([follow(notebook, rules.no_effect)])
        print("runs the notebook and its parts in copies of the project", file=sys.stderr)
        found = prove_split(named[0], texts, [file.path for file in facts.writes])
        rows = [(each.result, _shown(each.verdict)) for each in found]
        sys.stdout.write(f"\n{as_text(Table(('result', 'same'), rows))}")
        is_same = all(each.verdict.same for each in found)
    if args.write and is_same:
        if there := [path for path in texts if Path(path).exists()]:
            raise UsageError(f"{there[0]} exists", hint="move it away")
        for path, text in texts.items():
            write_atomically(path, text)
        print(f"wrote {len(texts)} notebooks; next: nbsnake run", file=sys.stderr)
    elif is_same:
        print(f"would write {len(texts)} notebooks; next: add --write", file=sys.stderr)
    return 0 if is_same else 1


def _shown(verdict: Verdict) -> str:
    return verdict.what if verdict.same else f"NO: {verdict.what}"


def _show(parts: Sequence[Part]) -> None:
    for part in parts:
        cells = f"cells {part.cells[0]} to {part.cells[-1]}"
        takes, gives = (", ".join(names) or "-" for names in (part.takes, part.gives))
        print(f"{part.path}: {part.title}, {cells}: takes {takes}; gives {gives}")


def _steps(parts: Sequence[Part], data: bytes, rules: Reading) -> dict[str, bytes]:
    """The parts with the docstrings that make them steps."""
    texts = {part.path: write_part(part, data) for part in parts}
    with_results = {each.notebook for each in _proposals(texts, rules)}
    for part in parts:
        if part.path not in with_results:
            texts[part.path] = write_part(part, data, marks=True)
    made = _proposals(texts, rules)
    return texts | {each.notebook: rewritten(texts[each.notebook], each) for each in made}


def _proposals(texts: dict[str, bytes], rules: Reading) -> Sequence[Proposal]:
    notebooks = [parse_notebook(data, path) for path, data in texts.items()]
    return make_plan(read_parsed(notebooks, rules), texts).proposals
