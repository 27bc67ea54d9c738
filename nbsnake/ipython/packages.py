"""Commands that install packages, which belong to the project's environment."""

import posixpath
import re
import shlex
from itertools import pairwise

from nbsnake.ipython.expansion import Refused

_INSTALLING = frozenset({"add", "install", "remove", "sync", "uninstall", "update", "upgrade"})
_SHOWING = frozenset(
    {"cache", "check", "clean", "config", "debug", "env", "freeze", "help", "index", "info"}
    | {"inspect", "list", "lock", "search", "show", "tree"}
)
_PACKAGERS = re.compile(r"pip[\d.]*|conda|mamba|micromamba|uv|apt|apt-get|yum|dnf|apk|brew|pipx")
_PYTHON = re.compile(r"python[\d.]*|\$?\{?sys\.executable\}?")
_WITHOUT_EFFECT = frozenset(
    {"[", "[[", ":", "cd", "clear", "echo", "export", "false", "set", "test", "true"}
)


def installs(command: str) -> bool:
    """Whether a command does nothing but installing packages.

    Raises :class:`Refused` where it does other things as well.
    """
    found = [_installs(pipeline) for pipeline in _pipelines(command)]
    if any(found) and not all(each is not False for each in found):
        raise Refused(
            "the command installs packages, which belong to the project's environment, and more",
            "put the installation on a line of its own",
        )
    return any(found)


def _pipelines(command: str) -> list[list[list[str]]]:
    """The words of each command of each pipeline."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[list[list[str]]] = [[[]]]
    try:
        for word in lexer:
            if word == "|":
                found[-1].append([])
            elif word in ("&&", "||", ";", "&"):
                found.append([[]])
            else:
                found[-1][-1].append(word)
    except ValueError:
        return [[command.split()]]
    return found


def _installs(pipeline: list[list[str]]) -> bool | None:
    found = [_is_installation(words) for words in pipeline]
    return any(found) or (None if None in found and len(found) == 1 else False)


def _is_installation(words: list[str]) -> bool | None:
    """None for a command that changes nothing."""
    while words and (words[0] == "sudo" or re.match(r"\w+=", words[0])):
        words = words[1:]
    if not words or words[0] in _WITHOUT_EFFECT:
        return False if _writes(words) else None
    if _PYTHON.fullmatch(posixpath.basename(words[0])) and words[1:2] == ["-m"]:
        words = words[2:]
    if not words or not _PACKAGERS.fullmatch(posixpath.basename(words[0])):
        return False
    verbs = [word for word in words[1:] if not word.startswith("-")]
    verb = frozenset(verbs[1:2] if verbs[:1] == ["pip"] else verbs[:1])
    return bool(verb & _INSTALLING) or (None if verb <= _SHOWING and not _writes(words) else False)


def _writes(words: list[str]) -> bool:
    """Whether the command's output goes into a file."""
    targets = [
        target for sign, target in pairwise(words) if ">" in sign and set(sign) <= set("<>&|")
    ]
    return any(target != "/dev/null" and not target.isdigit() for target in targets)


def only_manages_packages(args: str) -> None:
    """Check the arguments of ``%pip`` and the like.

    Raises :class:`Refused` where it does more than to install or list packages.
    """
    verbs = [word for word in args.split() if not word.startswith("-")]
    verb = next((word for word in verbs if word != "pip"), "")
    if verb and (verb not in _INSTALLING | _SHOWING or (verb in _SHOWING and ">" in args)):
        raise Refused(
            "this does more than to install or list packages",
            "run it once by hand, outside of the notebook",
        )
