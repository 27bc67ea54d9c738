"""Which variable carries which file: a name that the notebook has, or a new one."""

import ast
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nbsnake.adopt.decide import MOST_FILES, matching
from nbsnake.adopt.draft import Draft
from nbsnake.adopt.facts import Certainty, File
from nbsnake.adopt.proposal import Doubt, FileParam
from nbsnake.adopt.spans import Assigned, Span, after_quote, core, pattern_text
from nbsnake.errors import Where
from nbsnake.follow.values import Origin
from nbsnake.model.quote import string
from nbsnake.model.step import Role


def carry(draft: Draft, file: File, origins: Sequence[Origin]) -> None:
    """One variable for one file, whose expressions are ``origins``."""
    if not origins:
        name = draft.fresh(file.path) if file.origins else ""
        draft.files.append(draft.param(name, [file]))
        return
    own = _own_name(draft, origins)
    name = own.name if own else draft.fresh(file.called or file.path)
    stays = own is not None and draft.stays(own)
    for origin in origins:
        if own and own.node.value and core(own.node.value, own.source.number) == origin.span:
            if not stays:
                draft.remove(own)
            elif getattr(origin.node, "value", None) != draft.text_of(file):
                draft.edits.replace(origin, string(draft.text_of(file)))
            continue
        text = f"{origin.maker}({name})" if origin.maker else name
        draft.edits.replace(origin, text)
    if stays:
        draft.in_place.add(name)
    draft.files.append(draft.param(name, [file], in_place=stays))


def _own_name(draft: Draft, origins: Iterable[Origin]) -> Assigned | None:
    """The assignment of which one of the expressions is the whole value, if it can move."""
    used = {each.name for each in draft.files}
    for origin in origins:
        own = draft.assigned.get(origin.span)
        if own is None or origin.maker or own.name in used or not own.source.kept:
            continue
        if draft.counts[own.name] == 1 and (draft.stays(own) or draft.can_move(own)):
            return own
    return None


def carry_several(draft: Draft, span: Span, files: list[File]) -> None:
    """A list for the files that one expression gives."""
    origin = next(each for each in files[0].origins if each.span == span)
    new = [each for each in files if not draft.is_carried(each.path)]
    for is_output in (False, True):
        if own := [each for each in new if each.is_output is is_output]:
            folder = posixpath.commonpath([posixpath.dirname(each.path) or "." for each in own])
            base = posixpath.basename(folder) or "data"
            made = draft.param(draft.fresh(f"{base}_files"), own)
            draft.files.append(replace(made, is_list=True))
    if isinstance(origin.node, ast.JoinedStr):
        _formatted_folder(draft, origin, files)


def _formatted_folder(draft: Draft, origin: Origin, files: Sequence[File]) -> None:
    """Replace the folder with which an f-string begins by a variable."""
    first = origin.node.values[0] if isinstance(origin.node, ast.JoinedStr) else None
    text = str(first.value) if isinstance(first, ast.Constant) else ""
    written = text.rpartition("/")[0]
    place = next((n for n, own in enumerate(draft.files) if files[0].path in own.paths), None)
    source = next(each for each in draft.cells if each.number == origin.cell)
    begin = after_quote(source, origin.node)
    folder = posixpath.normpath(posixpath.join(draft.start(), written))
    below = files[0].path.removeprefix(f"{folder}/")
    if not written or place is None or begin is None:
        return
    carrier = draft.files[place]
    if folder == files[0].path and carrier.name:
        draft.edits.replace_inside(origin, begin, written, carrier.name)
        return
    if below == files[0].path:
        return
    name = carrier.folder or draft.fresh(f"{posixpath.basename(folder)}_folder")
    draft.files[place] = replace(carrier, folder=name, levels=below.count("/") + 1)
    draft.edits.replace_inside(origin, begin, written, name)


def carry_inside(draft: Draft, file: File) -> None:
    """A file in a folder that a variable carries."""
    for each in draft.files:
        if each.name and each.is_dir and file.path.startswith(f"{each.paths[0]}/"):
            text = f'f"{{{each.name}}}/{file.path.removeprefix(each.paths[0] + "/")}"'
            for origin in file.origins:
                if origin.span not in draft.facts.spread:
                    made = f"{origin.maker}({text})" if origin.maker else text
                    draft.edits.replace(origin, made)
            return


def carry_pattern(draft: Draft, path: str, origin: Origin | None, where: Where) -> None:
    """A list for the files that a pattern finds, or their folder."""
    files = matching(path, draft.written)
    folder = posixpath.dirname(path.partition("*")[0] + "x")
    has_made = any(each.startswith(f"{folder}/") for each in draft.written)
    if origin is None or not files or (len(files) > MOST_FILES and not has_made):
        _folder_of_pattern(draft, path, folder, origin, where)
        return
    own = draft.assigned.get(origin.span)
    movable = own is not None and draft.counts[own.name] == 1 and own.source.kept
    stays = own is not None and movable and draft.stays(own)
    if own is not None and movable and not stays and draft.can_move(own):
        draft.remove(own)
    elif not stays:
        own = None
    name = own.name if own else draft.fresh(posixpath.basename(folder) + "_files")
    if own is None:
        draft.edits.replace(origin, name)
    elif stays:
        draft.in_place.add(name)
    draft.files.append(
        FileParam(
            name=name,
            role=Role.DEP,
            paths=tuple(files),
            texts=tuple(map(draft.relative, files)),
            certainty=Certainty.READING,
            is_list=True,
            in_place=stays,
            pattern=path,
        )
    )


def _folder_of_pattern(
    draft: Draft, path: str, folder: str, origin: Origin | None, where: Where
) -> None:
    """The folder of a pattern as the input, where its files are many or unknown."""
    constant = pattern_text(origin)
    if constant is None or folder in ("", ".") or not posixpath.basename(path):
        draft.unsure.append(Doubt(where.cell or 0, where.line or 0, f"reads all {path!r}"))
        return
    name = draft.fresh(folder)
    rest = path.removeprefix(f"{folder}/")
    draft.edits.replace(constant, f'f"{{{name}}}/{rest}"')
    draft.files.append(
        FileParam(
            name=name,
            role=Role.DEP,
            paths=(folder,),
            texts=(draft.relative(folder),),
            certainty=Certainty.READING,
            is_dir=True,
        )
    )
