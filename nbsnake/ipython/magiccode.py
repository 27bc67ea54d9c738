"""The code of each translated magic.

A function gets what follows the magic's name and gives a statement, an expression, or for
cell magics the whole cell; "" is a statement that a script has no use for. All raise
:class:`Refused` for what cannot be translated.
"""

import re
import shlex
from collections.abc import Callable, Mapping

from nbsnake.ipython.around import Around, from_root, words_of
from nbsnake.ipython.backends import chooses_inline
from nbsnake.ipython.expansion import Refused, fill, is_filled
from nbsnake.ipython.magics import ALIASES, INSTALLERS
from nbsnake.ipython.packages import installs, only_manages_packages
from nbsnake.ipython.runcode import run
from nbsnake.ipython.scopes import parse_expression
from nbsnake.ipython.syntax import has_prompts, lines, without_blanks
from nbsnake.model.quote import string

_SCRIPT_OPTIONS = ("--out", "--err", "--bg", "--proc", "--no-raise-error")
_PYLAB = "import numpy; import matplotlib; from matplotlib import pylab, mlab, pyplot"
_PYLAB_ALL = "from matplotlib.pylab import *; from numpy import *"


def shell(command: str, around: Around) -> str:
    """``!command``."""
    command = command.strip()
    if not command or installs(command):
        return ""
    return f"_nb_shell({_filled_command(command, around)})"


def shell_lines(command: str, around: Around) -> str:
    """The value of ``x = !command``. Raises :class:`Refused` for what a script cannot run."""
    command = command.strip()
    if installs(command):
        raise Refused(
            "what an installation prints is used",
            "install packages in the project's environment, and remove the line",
        )
    return f"_nb_lines({_filled_command(command, around)})"


def _filled_command(command: str, around: Around) -> str:
    if command.endswith("&"):
        raise Refused("IPython runs no commands in the background", "remove the '&' at the end")
    return fill(command, around.names)


def _manage_packages(args: str, around: Around) -> str:
    only_manages_packages(args)
    return ""


def _system(args: str, around: Around) -> str:
    return shell(_filled_twice(args, around), around)


def _system_lines(args: str, around: Around) -> str:
    return shell_lines(_filled_twice(args, around), around)


def _filled_twice(args: str, around: Around) -> str:
    """IPython fills in the arguments of the magic, and then the command that comes of it."""
    if re.search(r"\{\{|\}\}|\$\$", args) and is_filled(args, around.names):
        raise Refused(
            "IPython reads the doubled signs in this line twice", "write the command with '!'"
        )
    return args


def _alias(command: str) -> Callable[[str, Around], str]:
    def translate(args: str, around: Around) -> str:
        whole = command.replace("%l", args) if "%l" in command else f"{command} {args}"
        return _system(whole, around)

    return translate


def _cd(args: str, around: Around) -> str:
    words = words_of(args)
    if words[:1] == ["-q"]:
        words = words[1:]
    path = " ".join(words) or "~"
    if path.startswith("-"):
        raise Refused(
            f"'%cd {args}' depends on where the session has been", "write the folder's path"
        )
    if around.in_step and not path.startswith(("/", "~")):
        raise Refused(
            f"'%cd {args}' would lead elsewhere: a step runs in the project's root",
            "mark the cell '# No effect', or write paths relative to the project's root",
        )
    return f"_nb_cd({fill(path, around.names)})"


def _pwd(args: str, around: Around) -> str:
    return ""


def _pwd_value(args: str, around: Around) -> str:
    return "_nb_pwd()"


def _env(args: str, around: Around) -> str:
    return _set_env(args, around) if re.search(r"[=\s]", args.strip()) else ""


def _set_env(args: str, around: Around) -> str:
    name, sign, value = args.strip().partition("=" if "=" in args else " ")
    name = name.strip()
    if not sign or not re.fullmatch(r"[^\s${}]+", name):
        raise Refused("the environment variable that is set is unknown", "write '%env NAME=value'")
    return f"_nb_setenv({string(name)}, {fill(value.strip(), around.names)})"


def _env_value(args: str, around: Around) -> str:
    if not re.fullmatch(r"\s*[^\s=${}]+\s*", args):
        raise Refused("this does not give one variable's value", "write 'x = %env NAME'")
    return f"_nb_getenv({string(args.strip())})"


def _aimport(args: str, around: Around) -> str:
    modules = [word.strip() for word in args.split(",")]
    wanted = [module for module in modules if module and not module.startswith("-")]
    if not all(re.fullmatch(r"[\w.]+", module) for module in wanted):
        raise Refused("the modules are unknown", "write 'import' instead")
    return f"import {', '.join(wanted)}" if wanted else ""


def _matplotlib(args: str, around: Around) -> str:
    """Nothing where a script always draws as the inline backend does, or never."""
    if not around.is_inline or {"-l", "--list"} & {*args.split()}:
        return ""
    return "_nb_inline()" if chooses_inline(args) else '__import__("matplotlib").use("agg")'


def _config(args: str, around: Around) -> str:
    match = re.match(r"\s*InlineBackend\.(\w+)\s*=\s*(.+)", args)
    if not match or not around.is_inline:
        return ""
    if parse_expression(match[2]) is None:
        raise Refused(f"the value in '%config {args}' cannot be read", "write a Python expression")
    return f"_nb_inline({match[1]}={match[2].strip()})"


def _pylab(args: str, around: Around) -> str:
    every = "" if "--no-import-all" in args.split() else f"; {_PYLAB_ALL}"
    backend = _matplotlib(args, around)
    before = f"{backend}; " if backend else ""
    own = [name for name in ("figsize", "getfigs") if around.elsewhere(name)]
    after = "".join(f"; {name} = _nb_{name}" for name in own)
    return f"{before}{_PYLAB}; np = numpy; plt = pyplot{every}{after}"


def _xdel(args: str, around: Around) -> str:
    words = [word for word in args.split() if word != "-n"]
    if len(words) != 1 or not words[0].isidentifier():
        raise Refused("'%xdel' takes one name", "write 'del name'")
    return f"del {words[0]}"


def _debug(args: str, around: Around) -> str:
    if args.strip():
        raise Refused("'%debug' would run a statement in the debugger", "remove '%debug'")
    return ""


def _tensorflow_version(args: str, around: Around) -> str:
    """In a block, code that asks whether this is Colab must learn that it is not."""
    return 'raise NameError("only Colab has %tensorflow_version")' if around.is_indented else ""


def _reset(args: str, around: Around) -> str:
    if not around.is_fresh or around.is_indented or not set(args) <= set("-sf \t"):
        raise Refused(
            "the magic %reset is supported only above all other code",
            "remove it, and check the names that it forgets",
        )
    return ""


def _dotenv(args: str, around: Around) -> str:
    words = words_of(args)
    paths = [word for word in words if not word.startswith("-")]
    if len(paths) > 1 or not {*words} <= {*paths, "-o", "--override", "-v", "--verbose"}:
        raise Refused(f"'%dotenv {args}' cannot be read", "write '%dotenv path'")
    path = from_root(paths[0], around) if paths else ".env"
    override = ", override=True" if {"-o", "--override"} & {*words} else ""
    found = f"_nb_dotenv.find_dotenv({fill(path, around.names)}, usecwd=True)"
    return f"import dotenv as _nb_dotenv; _nb_dotenv.load_dotenv({found}{override})"


def _script(program: str) -> Callable[[str, str, Around], str]:
    def translate(args: str, body: str, around: Around) -> str:
        line, check = _script_line(f"{program} {args}".strip())
        if not line:
            raise Refused("the program is missing", "write '%%script program'")
        tail = ")" if check else ", check=False)"
        return _with_body(f"_nb_script({fill(line, around.names)},", body, tail)

    return translate


def _script_line(line: str) -> tuple[str, bool]:
    """The program with its arguments, and whether its failure counts."""
    check = True
    for word in words_of(line):
        option = word.partition("=")[0]
        if option == "--" or not option.startswith("--"):
            matches: list[str] = ["--"] if option == "--" else []
        else:
            matches = [each for each in _SCRIPT_OPTIONS if each.startswith(option)]
        if matches == ["--no-raise-error"]:
            check = False
        elif matches:
            raise Refused(
                f"the option {word!r} is not supported",
                "let the program write files, and read them in another cell",
            )
    return re.sub(r"(?<!\S)--no-[-\w]*(?!\S)", "", line).strip() if not check else line, check


def _system_cell(args: str, body: str, around: Around) -> str:
    if args.strip():
        raise Refused(f"the option {args.strip()!r} is not supported", "write 'x = !command'")
    command = body.rstrip("\n")
    filled = _filled_command(command, around)
    if "\n" in command:
        return _with_body("_nb_shell(", body, ")")
    return f"_nb_shell(\n    {filled})\n"


def _write_file(args: str, body: str, around: Around) -> str:
    lexer = shlex.shlex(args, posix=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise Refused(f"the arguments cannot be read: {error}", "balance the quotes") from None
    paths = [word for word in words if word not in ("-a", "--append")]
    if len(paths) != 1 or paths[0].startswith("-"):
        raise Refused("the path of one file is needed", "write '%%writefile path'")
    path = re.sub(r"""^(["'])(.*)\1$""", r"\2", paths[0])
    tail = ", append=True)" if len(words) > 1 else ")"
    filled = fill(from_root(path, around), around.names)
    return _with_body(f"_nb_write({filled},", body, tail)


def _with_body(head: str, body: str, tail: str) -> str:
    """A call whose last argument is a cell's text, each line in its place."""
    if has_prompts(body):
        raise Refused(
            "the cell contains prompts (>>>), which IPython removes",
            "indent them by other characters, or write the file in another way",
        )
    body = without_blanks(body)
    texts = "\n".join(f"    {string(line)}" for line in lines(body))
    return f"{head}\n{texts}{tail}\n"


STATEMENTS: Mapping[str, Callable[[str, Around], str]] = {
    "aimport": _aimport,
    "cd": _cd,
    "config": _config,
    "debug": _debug,
    "dotenv": _dotenv,
    "env": _env,
    "matplotlib": _matplotlib,
    "pwd": _pwd,
    "pylab": _pylab,
    "reset": _reset,
    "run": run,
    "set_env": _set_env,
    "sx": _system,
    "system": _system,
    "tensorflow_version": _tensorflow_version,
    "xdel": _xdel,
    **dict.fromkeys(INSTALLERS, _manage_packages),
    **{name: _alias(command) for name, command in ALIASES.items()},
}
VALUES: Mapping[str, Callable[[str, Around], str]] = {
    "env": _env_value,
    "pwd": _pwd_value,
    "sx": _system_lines,
    "system": _system_lines,
}
CELLS: Mapping[str, Callable[[str, str, Around], str]] = {
    "!": _system_cell,
    "file": _write_file,
    "script": _script(""),
    "sx": _system_cell,
    "system": _system_cell,
    "writefile": _write_file,
    **{name: _script(name) for name in ("bash", "perl", "pypy", "python", "python2", "python3")},
    **{name: _script(name) for name in ("ruby", "sh")},
}
