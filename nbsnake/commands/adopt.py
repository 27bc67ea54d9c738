"""``nbsnake adopt``"""

import argparse
import difflib
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nbsnake.adopt.alike import edit_of_settings
from nbsnake.adopt.credentials import hidden
from nbsnake.adopt.facts import Certainty, Hazard
from nbsnake.adopt.folder import Plan, make_plan
from nbsnake.adopt.following import next_commands
from nbsnake.adopt.gitindex import tracked_files
from nbsnake.adopt.given import FileEdit
from nbsnake.adopt.observe import Seen, observe
from nbsnake.adopt.project import find_neighbours
from nbsnake.adopt.proposal import Proposal
from nbsnake.adopt.prove import Proof, prove
from nbsnake.adopt.readings import Readings, read_all
from nbsnake.adopt.rewrite import rewritten
from nbsnake.errors import Faults, NbsnakeError, NotebookError, UsageError, Where
from nbsnake.job.atomic import write_atomically
from nbsnake.job.regular import read_regular
from nbsnake.job.say import say
from nbsnake.model.paramtype import Value, text_of
from nbsnake.notebook.explain import explained
from nbsnake.notebook.read import parse_notebook, read_bytes
from nbsnake.notebook.read_step import read_step
from nbsnake.notebook.spec import Reading
from nbsnake.notebook.written import cell_diff
from nbsnake.settings.discover import walk_notebooks
from nbsnake.settings.overlays import overlay_files
from nbsnake.settings.settings import SETTINGS_FILE, read_params, read_settings, reading
from nbsnake.tables import Table, as_text

Texts = dict[str, tuple[bytes, bytes]]  # notebooks by path, before and after
_NOTHING = "there is no notebook to adopt"
_NO_NOTEBOOK = "there is no notebook here; to begin with one: nbsnake init, then nbsnake new NAME"
_KNOWN = {
    Certainty.READING: "known by reading",
    Certainty.RUN: "known by the run alone",
    Certainty.SURE: "sure: known by reading and by the run",
    Certainty.DECLARED: "declared by another tool",
    Certainty.UNSURE: "not sure",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK|DIR", help="only these (default: all here)"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the notebooks; nothing is changed without it"
    )
    parser.add_argument(
        "--variants",
        action="store_true",
        help="make notebooks that differ only in values variants of one step",
    )
    parser.add_argument(
        "--run",
        action="store_true",
        help="run each notebook once in its folder, to see what it really reads and writes",
    )
    parser.add_argument(
        "--prove",
        action="store_true",
        help="run notebooks and scripts in copies of the project, and compare their results",
    )


def run(args: argparse.Namespace) -> int:
    """Show what the notebooks are to become; 1 where one of them cannot become a step.

    Raises :class:`UsageError` for a path that does not exist.
    """
    paths, named = chosen_notebooks(args.notebooks)
    settings = read_settings()
    rules = reading(settings)
    overlays = {axis: _stems(folder) for axis, folder in settings.overlays.items()}
    lists = dict(_lists(read_params()))
    found = read_all(paths, rules)
    tools = find_neighbours(each.path for each in found.followed)

    def planned(seen: Mapping[str, Seen] | None) -> Plan:
        given = tools.given
        return make_plan(found, named, seen, overlays, lists, given, rules, variants=args.variants)

    plan = planned(None)
    if args.run:
        plan = planned(_observed(plan, found, rules))
    sys.stdout.writelines(f"{line}\n" for line in graph_text(plan))
    if not args.variants:
        sys.stdout.writelines(f"variants: {each.text}: add --variants\n" for each in plan.alike)
    for hazard in plan.hazards:
        print(_hazard_text(hazard), file=sys.stderr)
    texts, faults = _texts(plan, rules)
    edits = list(tools.edits if texts.keys() >= tools.given.keys() else ())
    edits += _uses(plan) if args.variants else []
    _show_changes(texts, edits, found)
    proofs = _proofs(plan, found, texts, rules) if args.prove else []
    sys.stdout.write(f"\n{as_text(_table(proofs))}" if proofs else "")
    sys.stdout.flush()
    if args.write:
        _write(texts, edits)
    if faults:
        say(explained(Faults(faults)))
    _say_next(plan, len(texts), "" if args.write else _to_write(args))
    is_proven = all(each.verdict.same for each in proofs)
    return 1 if faults or plan.blocked or not is_proven else 0


def _show_changes(texts: Texts, edits: Iterable[FileEdit], found: Readings) -> None:
    cells = {each.path: each.cells for each in found.followed}
    for path, (old, new) in texts.items():
        sys.stdout.write(f"\n{hidden(cell_diff(old, new, path), cells[path])}")
    for edit in edits:
        sys.stdout.write(f"\n{_diff(edit)}")


def _write(texts: Texts, edits: Iterable[FileEdit]) -> None:
    for path, (_, new) in texts.items():
        write_atomically(path, new)
    for edit in edits:
        write_atomically(edit.path, edit.new.encode())


def _uses(plan: Plan) -> list[FileEdit]:
    """nbsnake.yaml with the notebooks that are further uses of another one."""
    old = read_regular(SETTINGS_FILE).decode() if os.path.exists(SETTINGS_FILE) else ""
    edit = edit_of_settings(SETTINGS_FILE, old, plan.alike)
    return [edit] if edit.new != edit.old else []


def _diff(edit: FileEdit) -> str:
    old, new = (text.splitlines(keepends=True) for text in (edit.old, edit.new))
    diff = difflib.unified_diff(old, new, f"a/{edit.path}", f"b/{edit.path}")
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in diff)


def _texts(plan: Plan, rules: Reading) -> tuple[Texts, list[NbsnakeError]]:
    """The notebooks before and after; what is wrong with those that do not become steps."""
    faults, found = list(plan.faults), Texts()
    for each in plan.proposals:
        if each.notebook in plan.blocked:
            continue
        old = read_bytes(each.notebook)
        try:
            new = rewritten(old, each)
            _check_step(new, each, rules)
        except NbsnakeError as fault:
            faults.append(fault)
        else:
            found[each.notebook] = (old, new)
    return found, faults


def _proofs(
    plan: Plan, found: Readings, texts: Mapping[str, tuple[bytes, bytes]], rules: Reading
) -> list[Proof]:
    """Run notebooks and scripts in copies of the project, in the order of the steps."""
    place = {node.notebook: number for number, node in enumerate(plan.nodes)}
    chosen = [each for each in plan.proposals if each.notebook in texts]
    chosen.sort(key=lambda each: place[each.notebook])
    text = "runs each of these and its script in copies of the project"
    print(f"{text}: {', '.join(each.notebook for each in chosen)}", file=sys.stderr, flush=True)
    followed = {each.path: each for each in found.followed}
    return prove(chosen, followed, {path: new for path, (_, new) in texts.items()}, rules)


def _table(proofs: Iterable[Proof]) -> Table:
    return Table(
        ("step", "result", "same", "notebook s", "script s"),
        [
            (
                each.step,
                each.path,
                each.verdict.what if each.verdict.same else f"NO: {each.verdict.what}",
                round(each.notebook_seconds, 1),
                round(each.script_seconds, 1),
            )
            for each in proofs
        ],
    )


def _lists(values: Mapping[str, Value], above: str = "") -> Iterator[tuple[str, list[str]]]:
    """The lists of params.yaml by their keys, each value as text."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _lists(value, f"{above}{key}.")
        elif isinstance(value, list):
            yield f"{above}{key}", [text_of(each) for each in value]


def _stems(folder: str) -> list[str]:
    """The values of an axis whose files lie in a folder."""
    return [Path(path).stem for path in overlay_files(folder)]


def _observed(plan: Plan, found: Readings, rules: Reading) -> dict[str, Seen]:
    """Run each notebook that is to become a step once, in the order of the steps."""
    followed = {each.path: each for each in found.followed}
    starts = {each.notebook: each.facts.start for each in plan.proposals}
    order = [node.notebook for node in plan.nodes if node.notebook in starts]
    order += [path for path in followed if path not in order and path in plan.idle]
    text = "runs each of these once, in its folder, where it writes what it writes in Jupyter"
    print(f"{text}: {', '.join(order)}", file=sys.stderr, flush=True)
    seen = {}
    for path in order:
        start = starts.get(path, os.path.dirname(path))
        seen[path] = observe(followed[path], start, rules)
    return seen


def chosen_notebooks(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """The notebooks to read, from the root, which becomes the working directory; and those named.

    Raises :class:`UsageError` for a path that does not exist or is outside of the project.
    """
    start = Path.cwd()
    root = _find_root(start)
    os.chdir(root)
    paths, named = list[str](), list[str]()
    for word in words:
        full = (start / word).resolve()
        if not full.exists():
            raise UsageError(f"there is no notebook or folder {word}")
        if not full.is_relative_to(root.resolve()):
            raise UsageError(f"{word} is outside of the project {root}")
        inside = full.relative_to(root.resolve()).as_posix()
        if full.is_dir():
            paths += [os.path.normpath(f"{inside}/{name}") for name in walk_notebooks(inside)]
        else:
            paths.append(inside)
            named.append(inside)
    return list(dict.fromkeys(paths)) if paths or named else walk_notebooks(), named


def _find_root(start: Path) -> Path:
    """The folder of the DVC project, else of the git repository, else this one."""
    for mark in (".dvc", ".git"):
        for folder in (start, *start.parents):
            if (folder / mark).exists():
                return folder
    return start


def _check_step(data: bytes, proposal: Proposal, rules: Reading) -> None:
    """Raise :class:`NbsnakeError` for what keeps a written notebook from being a step."""
    if read_step(parse_notebook(data, proposal.notebook), rules) is None:
        raise NotebookError("does not become a step", where=Where(proposal.notebook))


def graph_text(plan: Plan) -> Iterator[str]:
    """Who reads what who wrote, in the order in which the steps run."""
    if count := len(plan.nodes):
        yield f"{count} step{'s' * (count != 1)}, in the order in which they run:"
    width = max((len(node.step) for node in plan.nodes), default=0)
    for node in plan.nodes:
        reads = ", ".join(dict.fromkeys(node.reads)) or "-"
        writes = ", ".join(dict.fromkeys(node.writes)) or "-"
        yield f"  {node.step:{width}}  {reads} -> {writes}"
    files = [file for each in plan.proposals for file in each.files]
    for certainty in Certainty:
        if own := sum(len(each.paths) for each in files if each.certainty is certainty):
            yield f"{own} path{'s' * (own != 1)} {_KNOWN[certainty]}"
    for path in plan.sources:
        yield f"source: {path}{_state_of(path)}"
    for each in plan.left:
        yield f"left: {each.notebook}: {each.why}"


def _state_of(path: str) -> str:
    """What to know of a file that no notebook makes."""
    if not os.path.exists(path):
        return " (not here)"
    return ""


def _hazard_text(hazard: Hazard) -> str:
    return f"{hazard.where}: {hazard.text}\n  fix: {hazard.fix}"


def _to_write(args: argparse.Namespace) -> str:
    """The command that writes what this one shows."""
    options = [f"--{name}" for name in ("run", "variants") if getattr(args, name)]
    return shlex.join(["nbsnake", "adopt", *args.notebooks, *options, "--write"])


def _say_next(plan: Plan, count: int, write: str) -> None:
    unsure = sum(len(each.unsure) for each in plan.proposals)
    if unsure:
        are = "1 place is" if unsure == 1 else f"{unsure} places are"
        print(f"{are} not known: see the comments in the first cells", file=sys.stderr)
    shown = "1 notebook" if count == 1 else f"{count} notebooks"
    if not count:
        has_notebook = plan.nodes or plan.left or plan.idle or plan.faults
        print(_NOTHING if has_notebook else _NO_NOTEBOOK, file=sys.stderr)
        return
    print(f"{'would write' if write else 'wrote'} {shown}; next:", file=sys.stderr)
    commands = next_commands(
        plan, tracked=tracked_files(), has_project=Path(".dvc").is_dir(), write=write
    )
    for command, why in commands:
        print(f"  {command}  # {why}", file=sys.stderr)
