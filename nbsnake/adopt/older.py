"""Notebooks of which the folder has a newer version, by their names."""

from collections.abc import Iterator, Mapping, Sequence

from nbsnake.adopt.decide import Followed
from nbsnake.adopt.facts import Facts
from nbsnake.adopt.naming import home_of, is_archived, newest, version_of
from nbsnake.follow.cells import shape_of_cells


def older_versions(
    facts: Sequence[Facts], named: set[str], followed: Mapping[str, Followed], alike: set[str]
) -> Iterator[tuple[str, str]]:
    """The notebooks of which there is a newer version, except those whose files others read."""
    # Of the same name but for its version, in the same folder or one for old ones in it.
    groups: dict[tuple[str, str], list[Facts]] = {}
    for each in facts:
        key = (home_of(each.notebook), version_of(each.notebook).base)
        groups.setdefault(key, []).append(each)
    for group in groups.values():
        latest = newest(each.notebook for each in group)
        made = {file.path for each in group if each.notebook == latest for file in each.writes}
        for each in group:
            own = {file.path for file in each.writes} - made
            others = [one for one in facts if one not in group]
            is_read = own & {file.path for one in others for file in one.reads}
            if each.notebook != latest and each.notebook not in named and not is_read:
                why = f"{latest} is a newer version of it"
                if is_archived(each.notebook):
                    why = f"{latest} has the same name, and is not in a folder for old notebooks"
                    yield each.notebook, why
                    continue
                is_offered = each.notebook in alike
                yield (
                    each.notebook,
                    why if is_offered else _why_older(each, latest, facts, followed),
                )


def _why_older(
    old: Facts, latest: str, facts: Sequence[Facts], followed: Mapping[str, Followed]
) -> str:
    """Why an older version is left; where only parameters differ, how it becomes a variant."""
    why = f"{latest} is a newer version of it"
    new = next(each for each in facts if each.notebook == latest)
    values = {each.name: each.text for each in new.constants}
    differing = [each.name for each in old.constants if values.get(each.name, "") != each.text]
    if not differing or _shape(followed[old.notebook]) != _shape(followed[latest]):
        return why
    shown = ", ".join(
        f"{each.name} {each.text}" for each in old.constants if each.name in differing
    )
    return f"{why}, and differs only in values ({shown}): write ':foreach' for a variant"


def _shape(followed: Followed) -> list[str]:
    return shape_of_cells(followed.cells)
