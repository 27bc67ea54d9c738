"""From the facts of a notebook to its proposal: which variable carries which file, what moves."""

import ast
from collections.abc import Iterator, Set

from nbsnake.adopt.carriers import carry, carry_inside, carry_pattern, carry_several
from nbsnake.adopt.decide import Followed
from nbsnake.adopt.derived import derive_folder, derive_here
from nbsnake.adopt.describe import description, doubts
from nbsnake.adopt.draft import Draft
from nbsnake.adopt.facts import Facts, File
from nbsnake.adopt.proposal import Proposal
from nbsnake.adopt.searched import added_folders
from nbsnake.adopt.spans import Span
from nbsnake.follow.values import Origin


def propose(followed: Followed, facts: Facts, step: str, written: Set[str]) -> Proposal:
    """What the notebook is to become; ``written`` are the files that any notebook writes."""
    draft = Draft(followed, facts, written)
    _carry_files(draft)
    for folder in facts.folders:
        derive_folder(draft, folder)
    if draft.start():
        _run_in_root(draft)
    declared = _move_constants(draft)
    code = next((each.number for each in draft.cells), len(draft.notebook.cells) + 1)
    return Proposal(
        facts=facts,
        step=step,
        description=description(draft.notebook, draft.host, step),
        files=tuple(draft.files),
        host=draft.host.number if draft.host else 0,
        before=code,
        in_place=frozenset(draft.in_place),
        declared=frozenset(declared),
        edits=draft.edits.by_cell(draft.cells, facts),
        unsure=(*draft.unsure, *doubts(facts)),
    )


def _carry_files(draft: Draft) -> None:
    """A variable for each file, list of files and pattern that the code names."""
    facts, shared = draft.facts, _shared_spans(draft)
    for file in facts.files:
        own = [each for each in file.origins if each.span not in shared]
        if own or file.is_dir or not any(each.span in shared for each in file.origins):
            carry(draft, file, own)
    for span, files in shared.items():
        carry_several(draft, span, files)
    for origin, name in facts.swaps:
        draft.edits.replace(origin, name)
    for assigned in draft.assigned.values():
        if assigned.name in facts.drops:
            draft.remove(assigned)
    for file in facts.inside:
        carry_inside(draft, file)
    for pattern in facts.patterns:
        carry_pattern(draft, pattern.path, pattern.origin, pattern.where)


def _run_in_root(draft: Draft) -> None:
    """Let code that depends on the notebook's folder mean the same where a step runs."""
    for source, call, added in added_folders(draft.cells, draft.start()):
        text = ast.get_source_segment(source.cell.source, call) or ""
        more = ast.unparse(ast.Call(call.func, [*call.args[:-1], ast.Constant(added)], []))
        draft.edits.replace(Origin(source.number, call), f"{text}; {more}")
    for here in draft.facts.heres:
        derive_here(draft, here)


def _shared_spans(draft: Draft) -> dict[Span, list[File]]:
    """The expressions that give several paths, in a loop, with the files."""
    found: dict[Span, list[File]] = {}
    for file in draft.facts.files:
        for origin in file.origins:
            found.setdefault(origin.span, []).append(file)
    return {
        span: files for span, files in found.items() if len(files) > 1 or span in draft.facts.spread
    }


def _move_constants(draft: Draft) -> Iterator[str]:
    """Move the parameters; gives the names of those that a tagged cell declares."""
    by_place = {(each.source.number, each.name): each for each in draft.assigned.values()}
    declared = []
    for each in draft.facts.constants:
        own = by_place.get((each.cell, each.name))
        if own is None:
            continue
        if draft.stays(own):
            draft.in_place.add(each.name)
            if own.source is draft.tagged:
                declared.append(each.name)
        elif not own.shares_line:
            draft.remove(own)
        else:
            declared.append(each.name)
            draft.in_place.add(each.name)
    return iter(declared)
