"""The command line of a script with lists, mappings, missing values, or values from a JSON file.

All spellings in use are read: ``--name=value`` as rules write it, ``--name value``, ``--names a
b``, ``--flag`` as DVC does, dashes for underscores as MLV-tools did; and ``--values-from`` a JSON
file for what no command line can carry.
"""

from collections.abc import Iterable, Iterator
from textwrap import indent

from nbsnake.model.paramtype import Made
from nbsnake.model.quote import literal, string
from nbsnake.model.step import Argument
from nbsnake.render.plain_options import KERNEL_ARGV, NUMBER, flags_of, help_of
from nbsnake.render.values import OPTION

BOOLEAN = """\
    def boolean(text):
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
"""
TEXT = """\
    def text(word):
        return "--" if word == "--\\0" else word
"""
ITEMS = """\
    def items_of(text):
        items = json.loads(text)
        if not isinstance(items, list):
            raise ValueError(text)
        return items
"""
MAPPING = """\
    def mapping(text):
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError(text)
        return value
"""
LIST_OF = """\
    def list_of(kind):
        def items(text):
            return [kind(str(item)) for item in json.loads(text)]

        return items
"""
JOINED = '''\
    def joined(words):
        """Write each option as '--name=value', for a value may begin with a dash."""
        while words:
            word = words.pop(0)
            if word in single and words:
                word += "=" + words.pop(0)
{more}            if word.startswith("--values-from="):
                yield from values_in(word.partition("=")[2])
            elif word.partition("=")[2] == "--":
                yield word + "\\0"  # argparse would drop the value
            else:
                yield word

    def values_in(path):
        """The options in a JSON file; null is None."""
        with open(0 if path == "-" else path, encoding="utf-8") as file:
            values = json.load(file)
        for name, value in values.items():
            if value is None:
                parser.set_defaults(**{{name: None}})
            else:
                word = value if isinstance(value, str) else json.dumps(value)
                yield from joined([f"--{{name}}={{word}}"])
'''
JOINED_FLAGS = """\
            elif word in flags:
                word = flags[word]
"""
JOINED_LISTS = """\
            elif word in several:
                items = []
                while words and words[0].partition("=")[0] not in options:
                    items.append(words.pop(0))
                word += "=" + json.dumps(items)
"""


def rich_options(
    arguments: tuple[Argument, ...], outputs: list[Argument], about: str, *, argv: bool = False
) -> str:
    """The function that reads the command line, and makes the folders of ``outputs``.

    ``about`` is the expression for the description that ``--help`` shows, and ``argv`` whether the
    notebook reads the command line itself.
    """
    modules = ["argparse", "json", *(["os"] if outputs else []), *_pathlib(arguments), "sys"]
    body = [
        *_option_names(arguments),
        f"parser = argparse.ArgumentParser(description={about}, allow_abbrev=False)",
        *(line for argument in arguments for line in add_argument(argument, arguments)),
        *_parsed(outputs, argv=argv),
    ]
    text = ["def _parse_args():", *(f"    import {module}" for module in modules), ""]
    text += [*_helpers(arguments), *(f"    {line}" for line in body)]
    return "\n".join(text)


def _pathlib(arguments: Iterable[Argument]) -> list[str]:
    return ["pathlib"] if any(argument.type.kind == "Path" for argument in arguments) else []


def _helpers(arguments: tuple[Argument, ...]) -> Iterator[str]:
    """The functions that these types need."""
    types = [argument.type for argument in arguments]
    if any(each.kind == "bool" for each in types):
        yield BOOLEAN
    if any(each.is_text for each in types):
        yield TEXT
    if any(each.kind == "dict" for each in types):
        yield MAPPING
    if any(each.kind == "number" for each in types):
        yield indent(NUMBER, "    ")
    if any(each.kind == "json" for each in types):
        yield ITEMS
    if any(each.is_list and each.kind != "json" for each in types):
        yield LIST_OF
    flags = JOINED_FLAGS if any(each.is_flag for each in types) else ""
    lists = JOINED_LISTS if any(each.is_list for each in types) else ""
    yield JOINED.format(more=flags + lists)


def _option_names(arguments: tuple[Argument, ...]) -> Iterator[str]:
    """Which options take one value, none, or several."""
    lists = [argument for argument in arguments if argument.type.is_list]
    flags = [argument for argument in arguments if argument.type.is_flag]
    single = [arg for arg in arguments if not arg.type.is_list and not arg.type.is_flag]
    yield f"single = {_names(single, OPTION)}"
    if flags:
        yield from ("flags = {", *_flag_words(flags, arguments), "}")
    if lists:
        yield f"several = {_names(lists)}"
        yield "options = {*single, *several, *flags}" if flags else "options = {*single, *several}"


def _parsed(outputs: list[Argument], *, argv: bool) -> Iterator[str]:
    """DVC makes no folders for outputs; a folder that is an output is for the notebook to make."""
    call = "parser.parse_args([*joined(sys.argv[1:])])"
    if not outputs and not argv:
        yield f"return {call}"
        return
    paths = [f"{'*' * each.type.is_list}args.{each.name}" for each in outputs]
    yield f"args = {call}"
    if argv:
        yield KERNEL_ARGV
    if outputs:
        yield f"for path in [{', '.join(paths)}]:"
        yield '    os.makedirs(os.path.dirname(os.path.normpath(path)) or ".", exist_ok=True)'
    yield "return args"


def _flag_words(flags: Iterable[Argument], arguments: Iterable[Argument]) -> Iterator[str]:
    """``--flag`` and ``--no-flag``, unless that is the name of another parameter."""
    taken = {flag for argument in arguments for flag in flags_of(argument)}
    for argument in flags:
        for flag in flags_of(argument):
            yield f"    {string(flag)}: {string(f'--{argument.name}=true')},"
            negative = f"--no-{flag[2:]}"
            if negative not in taken:
                yield f"    {string(negative)}: {string(f'--{argument.name}=false')},"


def add_argument(argument: Argument, arguments: Iterable[Argument]) -> Iterator[str]:
    """The call that declares an option, and for an optional one also its ``--no-name``."""
    yield "parser.add_argument("
    yield f"    {', '.join(map(string, flags_of(argument)))},"
    yield f"    type={_type(argument)},"
    if argument.type.choices:
        yield f"    choices={literal(list(argument.type.choices))},"
    yield "    required=True," if argument.required else f"    default={_default(argument)},"
    if argument.help:
        yield f"    help={help_of(' '.join(argument.help.split()))},"
    yield ")"
    yield from _none_option(argument, arguments)


def _none_option(argument: Argument, arguments: Iterable[Argument]) -> Iterator[str]:
    taken = {flag for each in arguments for flag in flags_of(each)}
    negative = [f"--no-{flag[2:]}" for flag in flags_of(argument)]
    if argument.type.optional and not argument.type.is_flag and taken.isdisjoint(negative):
        yield "parser.add_argument("
        yield f"    {', '.join(map(string, negative))},"
        yield f"    dest={string(argument.name)},"
        yield '    action="store_const",'
        yield "    const=None,"
        yield "    default=argparse.SUPPRESS,"
        yield ")"


def _type(argument: Argument) -> str:
    names = {"bool": "boolean", "dict": "mapping", "Path": "pathlib.Path"}
    kind = names.get(argument.type.kind, argument.type.kind)
    if argument.type.is_list:
        items = "items_of" if kind == "json" else f"list_of({kind})"
        made = argument.type.makes
        return items if made == "list" else f"lambda text: {made}({items}(text))"
    return {"str": "text", "pathlib.Path": "lambda word: pathlib.Path(text(word))"}.get(kind, kind)


def _default(argument: Argument) -> str:
    """argparse converts a default that is a string, but not the items of a list."""
    if not isinstance(argument.default, list):
        return literal(argument.default)
    is_path = argument.type.kind == "Path"
    items = [
        f"pathlib.Path({string(str(each))})" if is_path else literal(each)
        for each in argument.default
    ]
    return _sequence(items, argument.type.makes)


def _sequence(items: list[str], makes: Made) -> str:
    if makes == "tuple":
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    if makes == "set":
        return f"{{{', '.join(items)}}}" if items else "set()"
    return f"[{', '.join(items)}]"


def _names(arguments: Iterable[Argument], *others: str) -> str:
    """A set of option names; there is at least one."""
    flags = [flag for argument in arguments for flag in flags_of(argument)]
    return f"{{{', '.join(map(string, [*flags, *others]))}}}"
