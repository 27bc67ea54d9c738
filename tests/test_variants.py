"""Steps that run for several values: laws of names, and both engines seeing the same variants."""

import itertools
import re
import shlex
from types import SimpleNamespace

import pytest
from builders import declare, nb, planned_words, received, rule_words
from dvc.fs import LocalFileSystem
from dvc.parsing import DataResolver
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nbsnake.compile.compile import compile_pipeline
from nbsnake.errors import NbsnakeError, Where
from nbsnake.model.paramtype import text_of
from nbsnake.model.step import Overlay, Source
from nbsnake.model.variants import Axis, Variant, fill, is_safe, names_in, scalar_text, variants_of
from nbsnake.names import base_name, full_name, script_path
from nbsnake.notebook.foreach import axes_of_mapping
from nbsnake.notebook.read_step import read_step
from nbsnake.render.dvc_file import render_dvc_file
from nbsnake.render.stage_reader import fan_in_paths, lists_in_file, read_stages
from nbsnake.settings.overlays import OverlaySet
from nbsnake.settings.uses import Use

# What YAML readers of one version or the other take for something else than it looks like.
ODD = [
    "001",
    "1e5",
    "on",
    "true",
    "0.1",
    "null",
    "-",
    "+1",
    "0x1",
    "1_0",
    "é",
    "_",
    "a.b",
    "x" * 40,
]
ODD += [-1, 0, 1e-05, 0.1, 1.0, 1e22, True, False]
SCALARS = st.sampled_from(ODD) | st.integers(-5, 5) | st.floats(-2, 2).map(lambda x: round(x, 3))
SCALARS |= st.text("aé0.+-_", min_size=1, max_size=4)
NAMES = ["part", "rate", "key", "item", "é", "x1"]
PLACE = Where("nbsnake.yaml")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """Scripts make the folders of what they write."""
    monkeypatch.chdir(tmp_path)


def lists_of(scalars, least=1):
    return st.lists(scalars.filter(is_safe), min_size=least, max_size=3, unique_by=scalar_text)


AXES = st.lists(st.sampled_from(NAMES), max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), lists_of(SCALARS)) for name in names))
)


@given(AXES)
def test_each_combination_is_one_variant_in_the_order_of_the_axes(drawn):
    axes = [Axis(name=name, values=tuple(values)) for name, values in drawn]
    found = list(variants_of(axes))
    combinations = itertools.product(*(axis.texts for axis in axes))
    assert [tuple(each.values.values()) for each in found] == list(combinations)
    assert all(each.key == "-".join(each.values.values()) for each in found)
    assert all(list(each.values) == [axis.name for axis in axes] for each in found)


def test_no_axes_are_one_variant_without_a_key():
    assert list(variants_of([])) == [Variant(key="", values={})]


@given(st.sampled_from(["a", "a_1"]), st.text("a@-0", max_size=4))
def test_base_name_is_the_step_of_a_full_name(step, key):
    assert base_name(full_name(step, key)) == step
    assert full_name(step, "") == step


PIECES = st.lists(st.sampled_from(["{part}", "{é}", "{1}", "{ part}", "{}", "{{part}}", "a/", "{"]))
FILLING = st.dictionaries(st.sampled_from(["part", "é", "1"]), st.sampled_from(["x", "{part}", ""]))


@given(PIECES.map("".join), FILLING)
def test_filling_in_replaces_the_known_names_and_nothing_else(text, values):
    known = [name for name in names_in(text) if name in values]
    filled = fill(text, values)
    if not known:
        assert filled == text
    gap = "|".join(re.escape(f"{{{name}}}") for name in known)
    kept = re.split(gap, text) if gap else [text]
    assert re.fullmatch(".*".join(map(re.escape, kept)), filled)
    assert fill(text, {}) == text
    assert fill(text, {name: f"{{{name}}}" for name in names_in(text)}) == text


@given(PIECES.map("".join))
def test_names_are_those_that_can_be_filled_in(text):
    names = names_in(text)
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert names_in(fill(text, dict.fromkeys(names, ""))) == [] or "{{" in text


@given(SCALARS.filter(is_safe))
def test_safe_values_need_no_quotes_anywhere(value):
    text = scalar_text(value)
    assert shlex.quote(f"x{text}") == f"x{text}" or not text.isascii()
    assert "/" not in text
    assert not text.startswith(".")


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", ".a", "a/b", "a b", "a\n", "a'b", "$a", "{a}", "a,b", "~", "a\\b", "a:b"],
)
def test_values_that_no_path_can_hold_are_not_safe(value):
    assert not is_safe(value)


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, float("inf"), float("nan"), b"a"])
def test_what_is_no_text_and_no_number_is_not_safe(value):
    assert not is_safe(value)


@given(lists_of(SCALARS))
def test_values_of_an_axis_survive_being_written_as_yaml(values):
    """In dvc.yaml as a matrix, and in the lists that people write."""
    made = compiled([], uses=[use(values={"out": "o/{part}"}, axes={"part": values})])
    read = read_yaml(render_dvc_file(made, ""))["stages"]["other"]["matrix"]["part"]
    assert list(map(repr, read)) == list(map(repr, values))


# A notebook with all kinds of parameters; the use of it, or its own step, has the axes.
FIELDS = [":param source: in", ":param out: out", ":param int size: number", ":param title: text"]
BODY = "source = 'in/a.csv'\nout = 'o/a.txt'\nsize = 1\ntitle = 'none'\n"


def notebook(lines, path="notebooks/base.ipynb", body=BODY, fields=FIELDS):
    return read_step(nb(declare(*fields, *lines, body=body), path=path))


def use(values, axes, name="other"):
    faults = []
    specs = axes_of_mapping(axes, lambda *_: PLACE, faults) if axes else ()
    assert not faults
    return Use(
        name=name,
        notebook="notebooks/base.ipynb",
        file="nbsnake.yaml",
        index=0,
        values=values,
        axes=tuple(specs),
    )


def compiled(more, params=None, uses=(), overlays=(), files=("in/a.csv", "o/a.txt"), lines=()):
    base = notebook([*lines, f":dvc-in source: {files[0]}", f":dvc-out out: {files[1]}"])
    return compile_pipeline([base, *more], params or {}, uses, overlays)


def read_yaml(text):
    return YAML(typ="safe", pure=True).load(text)


def has_flags(values):
    """DVC names variants otherwise where the list stands in params.yaml."""
    return any(isinstance(value, bool) for value in values)


@st.composite
def projects(draw):
    """Axes in the docstring or in a use, listed there or in params.yaml, with clients or not."""
    drawn = draw(AXES)
    in_use = draw(st.booleans())
    if not in_use:
        drawn = [
            (name, [each for each in values if not isinstance(each, bool)])
            for name, values in drawn
        ]
        drawn = [(name, values) for name, values in drawn if values]
    named = [name for name, _ in drawn]
    clients = draw(
        st.lists(st.sampled_from(["acme", "glo-bex", "001", "é"]), max_size=3, unique=True)
    )
    all_names = (["client"] if clients else []) + named
    params = {"sweep": {}, "base": {}}
    axes, lines = {}, []
    for name, values in drawn:
        words = [value for value in values if isinstance(value, str)]
        if not has_flags(values) and (draw(st.booleans()) or (not in_use and len(words) < 2)):
            params["sweep"][name] = values
            axes[name] = f"sweep.{name}"
            lines.append(f":foreach {name}: sweep.{name}")
        else:
            axes[name] = values if in_use else words
            lines.append(f":foreach {name}: {' '.join(words)}")
    source = (
        "it's in/"
        + "".join(f"{{{name}}}/" for name in all_names if draw(st.booleans()))
        + draw(st.sampled_from(["a.csv", "b c.csv", "$HOME.csv"]))
    )
    out = "o/" + "/".join(f"{{{name}}}" for name in all_names) + "/o.txt"
    if draw(st.booleans()):
        params["base"]["size"] = draw(st.integers(-3, 3))
    if draw(st.booleans()):
        params["base"]["title"] = draw(
            st.sampled_from(["", "-x", "a 'b' $c", "two\nlines", "{part}"])
        )
    files = {}
    overrides = draw(st.sampled_from([None, "size", "source", "both"])) if clients else None
    section = draw(st.sampled_from(["base", "other"])) if in_use else "base"
    for number, client in enumerate(sorted(clients)):
        values = {}
        if overrides in ("size", "both") and (number or draw(st.booleans())):
            params["base"].setdefault("size", 7)
            values["size"] = 10 + number
        if overrides in ("source", "both") and draw(st.booleans()):
            values["source"] = draw(
                st.sampled_from(["raw/x.csv", "raw/it's y.csv", "raw/{client}.csv"])
            )
        files[f"clients/{client}.yaml"] = {section: values} if values else {}
    overlay = OverlaySet(
        axis="client",
        folder="clients",
        files={
            Overlay("client", client, f"clients/{client}.yaml"): files[f"clients/{client}.yaml"]
            for client in sorted(clients)
        },
    )
    words = " and ".join(f"{{{name}}}" for name in all_names)
    if in_use:
        values = {"source": source, "out": out}
        if draw(st.booleans()) and all_names:
            values["title"] = f"it's {words} $x"
        uses, where, step_lines = [use(values, axes)], ("in/a.csv", "o/a.txt"), []
    else:
        uses, where, step_lines = [], (source, out), lines
    numbers = all(isinstance(value, int | float) for value in dict(drawn).get("rate", [""]))
    if numbers and not has_flags(dict(drawn)["rate"]) and draw(st.booleans()):
        step_lines = [*step_lines, ":param float rate: a number"]
        params["base"] |= {"rate": 0.5} if in_use else {}
    last = None
    if all_names:
        listed = [name for name, values in drawn if not has_flags(values)]
        kept = [name for name in listed if draw(st.booleans())]
        lines = [line for line in lines if line.split()[1].removesuffix(":") in kept]
        if in_use:  # the docstring can list texts only
            for name in kept:
                params["sweep"][name] = dict(drawn)[name]
            lines = [f":foreach {name}: sweep.{name}" for name in kept]
        target = "all/" + "".join(f"{{{name}}}/" for name in kept) + "a.txt"
        last = notebook(
            [*lines, f":dvc-in paths: {out}", f":dvc-out: {target}"],
            path="notebooks/last.ipynb",
            body="paths = ['a']\n",
            fields=[":param list[str] paths: all of them"],
        )
    return params, files, uses, [overlay], where, step_lines, last


@given(projects())
def test_snakemake_dvc_and_nbsnake_see_the_same_variants(tmp_path_factory, project):
    params, files, uses, overlays, where, lines, last = project
    try:
        line = compiled([last] if last else [], params, uses, overlays, where, lines)
    except NbsnakeError as fault:
        assume("would have the same name" not in str(fault))
        assume("is also an output" not in str(fault))
        raise
    folder = tmp_path_factory.mktemp("dvc")
    text = render_dvc_file(line, "")
    stages = read_stages(read_yaml(text), params)
    resolved = resolve(folder, text, params)
    variants = [(step, variant) for step in line.steps for variant in step.variants]
    assert set(resolved) == {full_name(step.name, variant.key) for step, variant in variants}
    for step in line.steps:
        mine = [name for name in resolved if base_name(name) == step.name]
        assert mine == [full_name(step.name, variant.key) for variant in step.variants]
        assert list(stages[step.name].rows) == [variant.key for variant in step.variants]
    scripts = {script_path(step.name): step for step in line.steps}
    for step, variant in variants:
        found = resolved[full_name(step.name, variant.key)]
        paths = {path for entry in step.inputs for path in entry.paths(variant)}
        assert set(found["deps"]) == {step.script, *paths}
        outs = [path for out in step.outputs for path in out.paths(variant)]
        assert list(map(first, found["outs"])) == outs
        words = rule_words(step, line, variant)
        assert words == planned_words(step, line, variant, params)
        values = stages[step.name].params(variant.key, {"params.yaml": params, **files}.get)
        assert values == {arg.name: step.value(arg, variant) for arg in step.config}
        assert sorted(keys_of(found)) == sorted(keys_of_stage(stages[step.name], variant.key))
        stage = stages[step.name]
        values |= lists_in_file(stage, fan_in_paths(stage, variant.key, stages))
        expected = {arg.name: wanted(step, arg, variant) for arg in step.arguments}
        assert received(scripts[step.script], *plain(words, values)) == expected
        cmd = plain_command(found["cmd"], values)
        assert received(scripts[step.script], *cmd) == expected


def first(entry):
    return next(iter(entry)) if isinstance(entry, dict) else entry


def keys_of(body):
    return [str(entry) for entry in body.get("params", [])]


def keys_of_stage(stage, key):
    entries = stage.body.get("params") or []
    return [
        each
        if isinstance(each, str)
        else str(
            {
                stage.fill(file, key): [stage.fill(name, key) for name in names]
                for file, names in each.items()
            }
        )
        for each in entries
    ]


def wanted(step, argument, variant):
    """What the script is to get: of an axis its value, not the text."""
    value = step.value(argument, variant)
    if argument.source is Source.AXIS:
        return argument.type.parse([value])
    return value


def resolve(folder, text, params):
    """The stages as DVC itself fills them in."""
    YAML(typ="safe", pure=True).dump(params, folder / "params.yaml")
    repo = SimpleNamespace(fs=LocalFileSystem(url=str(folder)), config={})
    data = read_yaml(text)
    resolver = DataResolver(repo, str(folder), data)
    return {name: resolver.resolve_one(name)[name] for name in resolver.get_keys()}


def plain(words, values):
    """The words behind the script, with what would come from a file as options."""
    return options(words[2:], values)


def plain_command(cmd, values):
    return options(shlex.split(cmd.rpartition(" | ")[2])[2:], values)


def options(words, values):
    if not any(word.startswith("--values-from") for word in words):
        return words
    kept = [word for word in words if not word.startswith("--values-from")]
    return [*kept, *(f"--{name}={text_of(value)}" for name, value in values.items())]
