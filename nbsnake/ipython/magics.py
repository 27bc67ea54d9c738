"""How each magic is handled in a script: the one table, which docs/magics.md shows."""

from enum import StrEnum
from typing import Literal, NamedTuple

from nbsnake.guess import did_you_mean


class Fate(StrEnum):
    """How a magic is handled."""

    DROPPED = "dropped"  # it stays as a comment
    RUNS = "runs"  # the code that it is put before runs without it
    TRANSLATED = "translated"
    REFUSED = "refused"


LineOrCell = Literal["line", "cell"]


class Magic(NamedTuple):
    """Magics with one fate; ``text`` says in one sentence what a script does, or why not."""

    names: tuple[str, ...]
    kind: Literal["line", "cell", "both"]
    fate: Fate
    text: str


class Syntax(NamedTuple):
    """What else only IPython understands."""

    forms: tuple[str, ...]
    fate: Fate
    text: str


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


INSTALLERS = ("pip", "conda", "mamba", "micromamba", "uv")
ALIASES = {
    "cat": "cat",
    "cp": "cp",
    "head": "head",
    "ldir": "ls -F -o %l | grep /$",
    "lf": "ls -F -o %l | grep ^-",
    "lk": "ls -F -o %l | grep ^l",
    "ll": "ls -F -o",
    "ls": "ls -F",
    "lx": "ls -F -o %l | grep ^-..x",
    "mkdir": "mkdir",
    "mv": "mv",
    "rm": "rm",
    "rmdir": "rmdir",
    "tail": "tail",
}
"""Commands that are line magics; ``%l`` is where the arguments go, else they go to the end."""

TABLE = (
    Magic(
        _names("matplotlib config"),
        "line",
        Fate.TRANSLATED,
        "They are dropped, unless they change where figures end or what pictures contain: see"
        " 'Around the cells'.",
    ),
    Magic(
        _names("colors precision pprint xmode gui doctest_mode page autosave"),
        "line",
        Fate.DROPPED,
        "They set how the session shows things.",
    ),
    Magic(
        _names("load_ext reload_ext unload_ext autoreload"),
        "line",
        Fate.DROPPED,
        "An extension's own magics are in this table or refused.",
    ),
    Magic(
        _names(
            "history hist notebook lsmagic magic quickref pinfo pinfo2 pdoc psource pfile pdef"
            " psearch who whos who_ls dirs less more man pycat clear cls connect_info qtconsole"
            " subshell killbgscripts rehashx watermark tensorboard pycodestyle_on pycodestyle_off"
            " flake8_on flake8_off nb_black lab_black"
        ),
        "line",
        Fate.DROPPED,
        "They only show something, or act on the session.",
    ),
    Magic(
        _names("nbsnake"),
        "line",
        Fate.DROPPED,
        "It shows the pipeline that the notebook is a step of, or runs it.",
    ),
    Magic(
        _names("logoff logon logstart logstate logstop pdb tb debug load loadpy"),
        "line",
        Fate.DROPPED,
        "They help at the keyboard; `%debug` with a statement is refused.",
    ),
    Magic(
        _names("autocall automagic autoawait"),
        "line",
        Fate.DROPPED,
        "They change the session, not the results.",
    ),
    Magic(
        _names(
            "nbdev_default_export nbdev_export nbdev_export_and_show nbdev_export_internal"
            " nbdev_hide nbdev_hide_input nbdev_hide_output nbdev_default_class_level"
            " nbdev_collapse_input nbdev_collapse_output nbdev_slow_test nbdev_add2all"
        ),
        "line",
        Fate.DROPPED,
        "They are marks for nbdev.",
    ),
    Magic(
        INSTALLERS,
        "line",
        Fate.DROPPED,
        "Packages belong to the project's environment; writing to a file with `>` is refused.",
    ),
    Magic(
        _names("html HTML svg SVG javascript js latex markdown"),
        "cell",
        Fate.DROPPED,
        "The whole cell only shows something and becomes a comment.",
    ),
    Magic(
        _names("time prun memit"),
        "both",
        Fate.RUNS,
        "The code runs; `x = %time ...` takes one expression.",
    ),
    Magic(_names("lprun mprun"), "line", Fate.RUNS, "The statement runs, without its options."),
    Magic(
        _names("timeit"),
        "both",
        Fate.RUNS,
        "The code runs once, and the names that it binds do not stay; using the result is refused.",
    ),
    Magic(
        _names("capture"),
        "cell",
        Fate.RUNS,
        "The code runs and its output is shown; a variable that is read elsewhere is refused.",
    ),
    Magic(
        _names("sx system"),
        "both",
        Fate.TRANSLATED,
        "They run the command as `!` does; `x = %sx ...` gives a list of lines.",
    ),
    Magic(_names("!"), "cell", Fate.TRANSLATED, "The cell is one shell script, as with `%%sx`."),
    Magic(
        tuple(sorted(ALIASES)),
        "line",
        Fate.TRANSLATED,
        "They are shell commands, as with `!`.",
    ),
    Magic(
        _names("script bash sh perl ruby python python2 python3 pypy"),
        "cell",
        Fate.TRANSLATED,
        "The program gets the cell; its failure ends the script unless `--no-raise-error` is"
        " given; other options are refused.",
    ),
    Magic(
        _names("cd"),
        "line",
        Fate.TRANSLATED,
        "It changes the working directory; in a step, which runs in the project's root, a"
        " relative folder is refused; `-`, `-2`, `-b` and `--name` always are.",
    ),
    Magic(_names("pwd"), "line", Fate.TRANSLATED, "`x = %pwd` gives the working directory."),
    Magic(
        _names("env set_env"),
        "line",
        Fate.TRANSLATED,
        "They set or read an environment variable; those that only show one are dropped.",
    ),
    Magic(
        _names("run"),
        "line",
        Fate.TRANSLATED,
        "It runs a Python file as a program and takes over its names, with the options `-i`, `-n`,"
        " `-e`, `-p`, `-t`, `-G` and `-m`; of a notebook the cells become part of the script. The"
        " path is relative to the notebook; an error ends the script.",
    ),
    Magic(
        _names("writefile file"),
        "cell",
        Fate.TRANSLATED,
        "It writes the same file, or adds to it with `-a`; the path is relative to the notebook.",
    ),
    Magic(_names("aimport"), "line", Fate.TRANSLATED, "It imports the modules."),
    Magic(
        _names("dotenv"),
        "line",
        Fate.TRANSLATED,
        "python-dotenv loads the file, which is looked for from the working directory upwards.",
    ),
    Magic(
        _names("tensorflow_version"),
        "line",
        Fate.TRANSLATED,
        "It is dropped; in a block it raises NameError, as only Colab has it, and code that asks"
        " for Colab so must learn that it is elsewhere.",
    ),
    Magic(
        _names("reset"),
        "line",
        Fate.TRANSLATED,
        "It is dropped above all other code, where nothing is there to forget; elsewhere it is"
        " refused.",
    ),
    Magic(
        _names("pylab"),
        "line",
        Fate.TRANSLATED,
        "It becomes the imports that it means, with `figsize` and `getfigs`.",
    ),
    Magic(_names("xdel"), "line", Fate.TRANSLATED, "It becomes `del`."),
    Magic(
        _names("pushd popd dhist bookmark"),
        "line",
        Fate.REFUSED,
        "They depend on where the session has been; write paths relative to the project's root.",
    ),
    Magic(
        _names("reset_selective store"),
        "line",
        Fate.REFUSED,
        "A script has no session that remembers values; pass data in files.",
    ),
    Magic(
        _names("macro recall rerun rep edit ed paste cpaste save pastebin code_wrap"),
        "line",
        Fate.REFUSED,
        "They work on the code of the session, which a script does not have.",
    ),
    Magic(
        _names("alias unalias alias_magic sc"),
        "line",
        Fate.REFUSED,
        "They make up names for commands; write the command itself with `!`.",
    ),
    Magic(
        _names("px autopx pxconfig pxresult"),
        "both",
        Fate.REFUSED,
        "Code runs on ipyparallel's engines; call its functions, such as `view.execute`.",
    ),
    Magic(
        _names("debug code_wrap"),
        "cell",
        Fate.REFUSED,
        "The code would run under other rules than a script's; remove the line.",
    ),
    Magic(
        _names("R julia cython sql bigquery spark octave matlab stan fortran scala cmd"),
        "both",
        Fate.REFUSED,
        "It runs another language inside the session; call its program or a library instead.",
    ),
)
SYNTAX = (
    Syntax(
        ("!command", "!!command"),
        Fate.TRANSLATED,
        "`bash -c` runs it, with `{expression}` and `$name` filled in as IPython does; a failure"
        " is reported on stderr and does not end the script.",
    ),
    Syntax(
        ("x = !command",),
        Fate.TRANSLATED,
        "It gives a plain list of lines; `.n`, `.s`, `.grep()` and so on are refused.",
    ),
    Syntax(
        ("!pip install", "!conda install", "!apt-get install"),
        Fate.DROPPED,
        "Packages belong to the project's environment.",
    ),
    Syntax(("% name",), Fate.TRANSLATED, "It is `%name`, as in IPython before version 7."),
    Syntax(("name?", "?name", "name??"), Fate.DROPPED, "Help is for reading at the keyboard."),
    Syntax(("/f x", ",f x", ";f x"), Fate.REFUSED, "Write the call as Python does: `f(x)`."),
    Syntax(
        ("ls", "pip install x"),
        Fate.TRANSLATED,
        "A magic without `%`, in a cell that contains nothing else, is that magic, as in IPython.",
    ),
    Syntax(
        ("display(x)",),
        Fate.TRANSLATED,
        "It prints `repr(x)`, where the notebook does not import a `display` of its own; a display"
        " that is updated is printed again, and `clear_output` does nothing.",
    ),
    Syntax(
        ("get_ipython()",),
        Fate.TRANSLATED,
        "`.run_line_magic`, `.run_cell_magic`, `.magic`, `.system` and `.getoutput` with literal"
        " arguments are the magics of this table; under `try` with `except NameError` it is left"
        " alone, and so is the one that IPython exports where only its being None is asked for;"
        " all else is refused.",
    ),
    Syntax(
        ("_", "__", "_1", "Out", "In", "_i"),
        Fate.TRANSLATED,
        "Cells whose result is read keep it, numbered as when all cells run in order; the result of"
        " a cell that is left out is refused.",
    ),
    Syntax(
        ("_exit_code", "_dh"),
        Fate.REFUSED,
        "Only IPython records them; put the value under a name.",
    ),
    Syntax(
        ("await x", "async for", "asyncio.create_task(x)"),
        Fate.TRANSLATED,
        "At top level one event loop serves all cells; `async for` and `async with` are handed to"
        " it as text.",
    ),
)
_BY_KIND = {
    kind: {name: row for row in TABLE if row.kind in (kind, "both") for name in row.names}
    for kind in ("line", "cell")
}


def find(name: str, kind: LineOrCell) -> Magic | None:
    """The row of a magic."""
    return _BY_KIND[kind].get(name)


def advice(name: str, kind: LineOrCell) -> str:
    """What may have been meant by a magic that the table does not have."""
    other: LineOrCell = "cell" if kind == "line" else "line"
    if find(name, other):
        mark = "%%" if other == "cell" else "%"
        where = "in the cell's first line" if other == "cell" else "in a line of its own"
        return f"{mark}{name} is used {where}"
    mark = "%" if kind == "line" else "%%"
    return did_you_mean(name, _BY_KIND[kind], show=lambda near: f"{mark}{near}", cutoff=0.75)
