"""Install each rival, express digits and a sweep in it, and print what it costs: a table.

``make bench-rivals``. Each rival has an environment of its own in ``--environments``, which is kept
for the next time. CPU seconds are of the command and all of its processes; beside them is how many
notebooks ran. A rival that cannot be installed, or fails, is named with what it printed last.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from costs import Cost, attempt, machine
from project import (
    DIGITS,
    RAN,
    add_comment,
    add_sweep,
    change_value,
    sweep_lines,
    write_project,
    written_lines,
)
from rival_tools import TOOLS, Tool

CASES = ("from nothing", "no-op", "one parameter", "changed back", "a comment", "sweep of 20")
LONGEST = 200  # characters of a message


class Outcome(NamedTuple):
    """What a case cost, how many notebooks ran, and the last line printed where it failed."""

    cost: Cost
    ran: int
    fault: str


def main() -> None:
    """Measure what is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [tool.name for tool in TOOLS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--environments", type=Path, default=Path(".rivals"), metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds to this file")
    args = parser.parse_args()
    tools = [tool for tool in TOOLS if tool.name in args.only]
    folders = {tool.name: args.environments.resolve() / tool.environment for tool in tools}
    faults = {tool.name: install(tool, folders[tool.name]) for tool in tools}
    versions = {tool.name: version(tool, folders[tool.name]) for tool in tools}
    found: dict[str, list[list[Outcome]]] = {tool.name: [] for tool in tools}
    for _ in range(args.rounds):
        for tool in tools:
            if not faults[tool.name]:
                print(f"{tool.title} ...", file=sys.stderr, flush=True)
                found[tool.name].append([*measured(tool, folders[tool.name])])
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "found": found}, indent=1) + "\n")
    print("\n".join(table(tools, found, faults, versions)))


def install(tool: Tool, folder: Path) -> str:
    """Install a tool from the package index; why not, or ""."""
    if not tool.packages or (folder / "installed").exists():
        return ""
    venv.create(folder, with_pip=True, clear=True)
    words = ["install", "--quiet", "--requirement", str(DIGITS / "requirements.txt")]
    pip = [str(folder / "bin" / "python"), "-m", "pip", *words, *tool.packages]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        return last_line(done.stderr)
    (folder / "installed").touch()
    return ""


def version(tool: Tool, folder: Path) -> str:
    """The versions of a tool's packages."""
    python = str(folder / "bin" / "python") if tool.packages else sys.executable
    code = "import sys; from importlib.metadata import version\n"
    code += "print(', '.join(f'{name} {version(name)}' for name in sys.argv[1:]))"
    words = [python, "-c", code, *(tool.packages or ("nbsnake",))]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def measured(tool: Tool, folder: Path) -> Iterable[Outcome]:
    """All cases, one after another in one new project."""
    bin_folder = folder / "bin" if tool.packages else Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as outer:
        root = Path(outer) / "digits"
        write_project(root, tool)
        log = Path(outer) / "ran"
        env = {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "HOME": outer,  # no rival reads or leaves settings of a person
            RAN: str(log),
        }
        for words in tool.setup:
            _, code, printed = attempt(root, *words, env=env)
            if code:
                yield Outcome(Cost(0, 0), 0, last_line(printed))
                return
        for case in CASES:
            prepare(case, root, tool)
            log.write_text("")
            cost, code, printed = attempt(root, *tool.run, env=env)
            fault = last_line(printed) if code else ""
            outcome = Outcome(cost, len(log.read_text().splitlines()), fault)
            said = printed[-2000:] if code else cell([outcome])
            print(f"{tool.title}, {case}: {said}", file=sys.stderr, flush=True)
            yield outcome


def prepare(case: str, root: Path, tool: Tool) -> None:
    """Change what the case changes."""
    if case == "one parameter":
        change_value(root, tool, tool.old, tool.new)
    elif case == "changed back":
        change_value(root, tool, tool.new, tool.old)
    elif case == "a comment":
        add_comment(root)
    elif case == "sweep of 20":
        add_sweep(root, tool)


def table(
    tools: Iterable[Tool],
    found: dict[str, list[list[Outcome]]],
    faults: dict[str, str],
    versions: dict[str, str],
) -> Iterable[str]:
    """A row for each tool: lines, then for each case CPU seconds and the notebooks that ran."""
    yield f"| | lines: settings + notebooks | {' | '.join(CASES)} | lines of the sweep |"
    yield "|---" * (len(CASES) + 3) + "|"
    notes = []
    for tool in tools:
        if faults[tool.name]:
            notes.append(f"{tool.title} cannot be installed: {faults[tool.name]}")
            continue
        settings, cells = written_lines(tool)
        rounds = found[tool.name]
        texts = [cell([each[place] for each in rounds if len(each) > place]) for place in range(6)]
        notes += [
            f"{tool.title}, {case}: {outcome.fault}"
            for case, outcome in zip(CASES, rounds[0], strict=False)
            if outcome.fault
        ]
        yield f"| {tool.title} | {settings}+{cells} | {' | '.join(texts)} | {sweep_lines(tool)} |"
    yield ""
    yield f"CPU seconds, notebooks that ran. {'; '.join(filter(None, versions.values()))}."
    yield from (f"- {note}" for note in notes)


def cell(outcomes: list[Outcome]) -> str:
    """A case of a tool: the median of its rounds."""
    if not outcomes or any(each.fault for each in outcomes):
        return "fails"
    seconds = statistics.median(each.cost.cpu for each in outcomes)
    return f"{seconds:.1f}, {outcomes[-1].ran}"


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:LONGEST] if lines else "nothing was printed"


if __name__ == "__main__":
    main()
