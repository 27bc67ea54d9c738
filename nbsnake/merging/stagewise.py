"""Three versions of dvc.lock merged stage by stage.

An entry is taken whole from one side, never made of two: so each one stays a run that happened.
"""

from typing import NamedTuple

from nbsnake.dvc.lockblocks import Blocks, blocks_of, files_of, is_plain, sources_of, stage_name
from nbsnake.dvc.lockfile import HEAD


class Merged(NamedTuple):
    """``due`` are the stages that are to run, as their entries do not fit what is merged."""

    text: str
    due: tuple[str, ...]


def merge_locks(base: str, ours: str, theirs: str) -> Merged | None:
    """The merged dvc.lock; None where one of the texts is not as DVC prints it.

    Stages keep our order; those that only the other side has come last, in its order.
    """
    if not all(map(is_plain, (base, ours, theirs))):
        return None
    merged, due = merge_blocks(blocks_of(base), blocks_of(ours), blocks_of(theirs))
    text = HEAD + "".join(merged.values()) if merged else ours
    return Merged(text, tuple(map(stage_name, due)))


def merge_blocks(base: Blocks, ours: Blocks, theirs: Blocks) -> tuple[Blocks, list[str]]:
    """Each block as it is on both sides, on the side that changed it, or on the one that fits.

    That is the one of whose dependencies fewer differ from what the merged stages write. Also
    the names of the stages to run.
    """
    merged: Blocks = {}
    both = []
    for name in (*ours, *(name for name in theirs if name not in ours)):
        old, our, their = (side.get(name, "") for side in (base, ours, theirs))
        merged[name] = their if our == old else our or their
        if their == old:
            merged[name] = our
        elif our and their and our not in (old, their):
            both.append(name)
    _choose(both, ours, theirs, merged)
    kept = {name: block for name, block in merged.items() if block}
    outs = _outs(kept)
    return kept, [
        name
        for name, block in kept.items()
        if _misfits(block, outs)
        or (name in both and sources_of(ours[name], outs) != sources_of(theirs[name], outs))
    ]


def _choose(both: list[str], ours: Blocks, theirs: Blocks, merged: Blocks) -> None:
    """Choose a side for the stages that both ran; what comes after a stage follows its choice."""
    outs = _outs(merged)
    for _ in both:
        before = [merged[name] for name in both]
        for name in both:
            merged[name] = min((ours[name], theirs[name]), key=lambda block: _misfits(block, outs))
            outs |= files_of(merged[name]).outs
        if before == [merged[name] for name in both]:
            return


def _outs(blocks: Blocks) -> dict[str, str]:
    return {path: md5 for block in blocks.values() for path, md5 in files_of(block).outs.items()}


def _misfits(block: str, outs: dict[str, str]) -> int:
    """How many dependencies of a stage differ from what the stages that write them wrote."""
    return sum(outs.get(path, md5) != md5 for path, md5 in files_of(block).deps.items())
