"""Snakefiles: rules that run notebooks, and the lines that let an own Snakefile run steps."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nbsnake.adopt.given import Given, GivenFile
from nbsnake.adopt.proposal import AxisSpec
from nbsnake.job.inside import ends_inside
from nbsnake.model.paramtype import Value
from nbsnake.model.quote import string
from nbsnake.model.step import Role
from nbsnake.settings.settings import read_yaml

NOT_LITERAL = (ValueError, TypeError, SyntaxError, RecursionError, MemoryError)
_RULE = re.compile(r"^(?:rule|checkpoint)\s+(\w+)\s*:\s*(?:#.*)?$", re.MULTILINE)
_SECTION = re.compile(r"^(\s+)(\w+)\s*:(.*)$")
_WILDCARD = re.compile(r"\{(\w+)\}")
_FLAGS = ("ancient", "directory", "ensure", "protected", "report", "temp")
MARK = "# The steps of nbsnake"


class Rule(NamedTuple):
    """A rule as text, from line ``start`` to before ``end``, counted from 0, by sections."""

    name: str
    start: int
    end: int
    sections: Mapping[str, str]


def find_rules(text: str) -> Iterator[Rule]:
    """The rules of a Snakefile."""
    lines = text.splitlines()
    for match in _RULE.finditer(text):
        start = text.count("\n", 0, match.start())
        end = start + 1
        while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t"):
            end += 1
        while end > start + 1 and not lines[end - 1].strip():
            end -= 1
        yield Rule(match[1], start, end, _sections(lines[start + 1 : end]))


def _sections(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    level, current = None, ""
    for line in lines:
        match = _SECTION.match(line)
        if match and (level is None or len(match[1]) == level):
            level, current = len(match[1]), match[2]
            found[current] = [match[3]]
        elif current:
            found[current].append(line)
    return {name: "\n".join(own).strip() for name, own in found.items()}


def given_by_rules(text: str, folder: str) -> Iterator[tuple[Rule, Given]]:
    """The ``notebook:`` rules of a Snakefile in ``folder``, with what they declare.

    A rule whose files are computed, such as by ``expand``, stays the Snakefile's own.
    """
    lists = dict(_lists(text)) | dict(_lists_of_config(text))
    for rule in find_rules(text):
        notebook = _literal(rule.sections.get("notebook", ""))
        sections = (rule.sections.get(key, "") for key in ("input", "output"))
        files = [value for section in sections for _, value in _items(section)]
        if isinstance(notebook, str) and None not in files:
            yield rule, _given(rule, f"{folder}/{notebook}".lstrip("/"), text, lists)


def _given(rule: Rule, notebook: str, text: str, lists: Mapping[str, list[str]]) -> Given:
    files = []
    for key, role in (("input", Role.DEP), ("output", Role.OUT)):
        for number, (name, path) in enumerate(_items(rule.sections.get(key, ""))):
            if isinstance(path, str):
                own = (f"snakemake.{key}[{number}]", f"str(snakemake.{key})" if not number else "")
                named = _named(f"snakemake.{key}", name) if name else ()
                named_so = tuple(filter(None, (*own, *named)))
                called = name or ("source" if role is Role.DEP else "result")
                files.append(GivenFile(path=path, role=role, expressions=named_so, called=called))
    values: dict[str, Value] = {}
    expressions: dict[str, str] = {}
    for name, value in _items(rule.sections.get("params", "")):
        if name and value is not None:
            values[name] = value
            expressions |= dict.fromkeys(_named("snakemake.params", name), name)
    wildcards = {name for file in files for name in _WILDCARD.findall(file.path)}
    axes = []
    for name in sorted(wildcards):
        own_values = _values_of(name, text, lists)
        if own_values:
            axes.append(AxisSpec(name, own_values[0], tuple(own_values)))
            values[name] = own_values[0]
            expressions |= dict.fromkeys(_named("snakemake.wildcards", name), name)
    filled = [
        GivenFile(
            path=_WILDCARD.sub(lambda match: str(values.get(match[1], match[0])), file.path),
            role=file.role,
            expressions=file.expressions,
            called=file.called,
        )
        for file in files
    ]
    return Given(
        notebook=notebook,
        tool=f"Snakefile, rule {rule.name}",
        step=rule.name,
        files=tuple(filled),
        values=values,
        expressions=expressions,
        axes=tuple(axes),
    )


def _named(start: str, name: str) -> tuple[str, str]:
    """How code names what has a name."""
    return f"{start}.{name}", f"{start}[{string(name)}]"


def _items(section: str) -> list[tuple[str, Value]]:
    """The arguments of a section: names, "" for none, and literals, None for what is not one."""
    try:
        call = ast.parse(f"f({section}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    if not isinstance(call, ast.Call):
        return []
    plain = [("", _value(each)) for each in call.args]
    return plain + [(each.arg or "", _value(each.value)) for each in call.keywords]


def _value(node: ast.expr) -> Value:
    """A literal, also inside of ``report(...)``, ``ancient(...)`` and the like."""
    if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") in _FLAGS:
        return _value(node.args[0])
    try:
        found: Value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        return None
    return found


def _literal(section: str) -> Value:
    items = _items(section)
    return items[0][1] if items else None


def _lists(text: str) -> Iterator[tuple[str, list[str]]]:
    """Lists of literals with a name, such as SAMPLES."""
    for match in re.finditer(r"^(\w+)\s*=\s*(\[[^\]]*\]|\([^)]*\))", text, re.MULTILINE):
        try:
            found = ast.literal_eval(match[2])
        except NOT_LITERAL:
            continue
        yield match[1], [str(each) for each in found]


def _lists_of_config(text: str) -> Iterator[tuple[str, list[str]]]:
    """Lists of the files of configuration, by the expression that gives each."""
    for match in re.finditer(r"^configfile:\s*[\"']([^\"']+)[\"']", text, re.MULTILINE):
        if not ends_inside(match[1]):
            continue
        for key, value in read_yaml(match[1]).items():
            if isinstance(value, list):
                own = [str(each) for each in value]
                yield f'config["{key}"]', own
                yield f"config['{key}']", own


def _values_of(name: str, text: str, lists: Mapping[str, list[str]]) -> list[str]:
    """The values of a wildcard, as ``expand`` names them."""
    if match := re.search(rf"\b{name}\s*=\s*(\[[^\]]*\])", text):
        try:
            return [str(each) for each in ast.literal_eval(match[1])]
        except NOT_LITERAL:
            return []
    match = re.search(rf"\b{name}\s*=\s*(config\[[\"'][^\"'\]]+[\"']\]|\w+)", text)
    return lists.get(match[1], []) if match else []


def without_rules(text: str, rules: Sequence[Rule]) -> str:
    """The Snakefile without some rules."""
    lines = text.splitlines(keepends=True)
    for rule in sorted(rules, key=lambda each: each.start, reverse=True):
        del lines[rule.start : rule.end]
    return re.sub(r"\n{4,}", "\n\n\n", "".join(lines))


def with_steps(text: str, rules: str) -> str:
    """An own Snakefile that also runs the steps, whose rules are in the folder ``rules``."""
    if MARK in text or "common.smk" in text:
        return text
    has_all = any(rule.name == "all" for rule in find_rules(text))
    lines = [
        "",
        "",
        f"{MARK}: all of them, and what this Snakefile makes.",
        f'include: "{rules}/common.smk"',
        "",
        "",
        "from pathlib import Path",
        "",
        f'for path in sorted(Path(workflow.basedir, "{rules}").glob("*.smk")):',
        '    if path.name not in ("common.smk", "sync.smk"):',
        "",
        "        include: str(path)",
        "",
        "",
        f'include: "{rules}/sync.smk"',
        "",
        "",
        "rule steps:",
        "    default_target: True",
        "    input:",
        "        nbsnake.targets(),",
        *(["        rules.all.input,"] if has_all else []),
    ]
    return text.rstrip("\n") + "\n".join(lines) + "\n"
