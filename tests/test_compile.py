"""From notebooks to steps: names, the precedence of values, and the laws of a pipeline."""

import unicodedata

import pytest
from builders import config_of, declare, nb, pipeline, spec_of, step
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.compile.compile import compile_pipeline
from nbsnake.errors import Faults, NbsnakeError, PipelineError
from nbsnake.model.paramtype import ParamType
from nbsnake.model.step import Role, Source
from nbsnake.notebook.keys import step_name
from nbsnake.notebook.read_step import read_step

OUT = ":dvc-out: data/out.txt"


@pytest.mark.parametrize(
    ("notebook", "name"),
    [
        ("train.ipynb", "train"),
        ("notebooks/deep/Train Model.ipynb", "train_model"),
        ("notebooks/01-load--data (copy).ipynb", "step_01_load_data_copy_"),
        ("a/Ünï.ipynb", "ünï"),
        ("a/ﬁt.ipynb", "fit"),
        ("a/学習.ipynb", "学習"),
        ("a/a.b.ipynb", "a_b"),
        ("a/x.ipynb.ipynb", "x_ipynb"),
        ("a/__x__.ipynb", "__x__"),
    ],
)
def test_step_is_named_after_its_notebook(notebook, name):
    assert spec_of(declare(":dvc-out: x"), path=notebook).name == name


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1))
def test_every_step_name_is_a_word(stem):
    name = step_name(stem)
    assert name.isidentifier()
    assert name == name.lower() == unicodedata.normalize("NFKC", name)


def value_of(source, params=None):
    argument = step(source, params=params).arguments[0]
    return argument.value, argument.source


def test_params_file_comes_before_extra_and_literal():
    source = declare(":param int n:", ":dvc-extra: --n 2", OUT, body="n = 1\n")
    assert value_of(source, {"n": 3}) == (3, Source.CONFIG)
    assert value_of(source) == (2, Source.LITERAL)
    assert value_of(declare(":param int n:", OUT, body="n = 1\n")) == (1, Source.LITERAL)


def test_path_of_a_file_comes_before_the_literal():
    source = declare(":param str x:", ":dvc-in x: ./data/a.csv", OUT, body='x = "elsewhere"\n')
    assert value_of(source) == ("data/a.csv", Source.FILE)


def test_type_is_that_of_the_literal_where_none_is_declared():
    for literal, kind in [
        ("1", ParamType("int")),
        ("1.0", ParamType("float")),
        ("True", ParamType("bool")),
        ("'x'", ParamType("str")),
        ("[1, 2]", ParamType("int", is_list=True)),
        ("[1, 2.5]", ParamType("number", is_list=True)),
        ("[1, 'a']", ParamType("json", is_list=True)),
        ("[]", ParamType("str", is_list=True)),
        ("('a', 'b')", ParamType("str", is_list=True, makes="tuple")),
        ("{1}", ParamType("int", is_list=True, makes="set")),
        ("-1", ParamType("int")),
    ]:
        source = declare(":param x:", OUT, body=f"x = {literal}\n")
        assert step(source).arguments[0].type == kind


def test_value_of_params_file_is_in_no_default():
    source = declare(":param int n:", ":param int m:", OUT, body="n = 1\n")
    arguments = step(source, params={"n": 3, "m": 4}).arguments
    assert [(arg.value, arg.default) for arg in arguments] == [(3, 1), (4, None)]


@pytest.mark.parametrize(
    ("words", "value"),
    [("--x-y 5", 5), ("--x_y=5", 5), ("--x-y=-5", -5), ("--x_y -5", -5)],
)
def test_extra_is_read_in_every_spelling(words, value):
    source = declare(":param int x_y:", f":dvc-extra: {words}", OUT)
    assert value_of(source) == (value, Source.LITERAL)


@pytest.mark.parametrize(
    ("words", "value"), [("--x", True), ("--no-x", False), ("--x=false", False)]
)
def test_flag_alone_is_true_and_negated_false(words, value):
    source = declare(":param bool x:", f":dvc-extra: {words}", OUT)
    assert value_of(source) == (value, Source.LITERAL)


def test_output_with_two_producers_is_rejected():
    one, two = (step(declare(OUT), path=f"{name}.ipynb") for name in "ab")
    with pytest.raises(PipelineError, match=r"is also an output of a\.ipynb"):
        pipeline(one, two)


def test_output_inside_another_is_rejected_whatever_sorts_between():
    one = step(declare(":dvc-out: data/a/"), path="a.ipynb")
    two = step(declare(":dvc-out: data/a-b"), path="b.ipynb")
    three = step(declare(":dvc-out: data/a/c"), path="c.ipynb")
    with pytest.raises(PipelineError, match="is inside 'data/a'"):
        pipeline(one, two, three)
    assert len(pipeline(one, two).steps) == 2


def test_several_faults_are_reported_together():
    with pytest.raises(Faults) as raised:
        compile_pipeline([spec_of(declare(":param int x:")), spec_of(declare(":param y:"))], {})
    assert str(raised.value).count("has no value") == 2


CHAIN = [
    step(declare(":dvc-in: data/1.txt", ":dvc-out: data/2/"), path="b.ipynb"),
    step(declare(":dvc-in: data/2/part.txt", ":dvc-out: data/3.txt"), path="a.ipynb"),
    step(declare(":dvc-out: data/1.txt"), path="c.ipynb"),
]


def test_steps_stand_in_an_order_in_which_they_can_run():
    assert [each.name for each in pipeline(*CHAIN).steps] == ["c", "b", "a"]


@given(st.permutations(CHAIN))
def test_order_of_notebooks_does_not_matter(steps):
    assert pipeline(*steps).steps == pipeline(*CHAIN).steps


def test_producer_of_a_file_is_that_of_its_folder():
    chain = pipeline(*CHAIN)
    assert chain.producer("data/2/part.txt").name == "b"
    assert chain.producer("data/2").name == "b"
    assert chain.producer("data/22") is None
    assert chain.producer("data") is None


def test_notebook_without_metadata_is_no_step():
    for source in ("x = 1", '"""Only a docstring."""', '""":returns: no key of ours"""', "", "%ls"):
        assert spec_of(source) is None
    assert read_step(nb()) is None


def test_keys_that_are_not_ours_pass():
    assert spec_of(declare(":author: someone", ":returns: nothing", OUT)) is not None


def test_left_out_cell_before_the_metadata_is_passed_over():
    spec = read_step(nb("# No effect\n%matplotlib inline", declare(OUT)))
    assert spec.program.metadata == 2


@pytest.mark.parametrize(("key", "role"), [(f"dvc-{role}", role) for role in Role if role != "dep"])
def test_every_key_of_an_output_gives_its_role(key, role):
    path = "data/x.html" if role == "notebook" else "data/x"
    assert spec_of(declare(f":{key}: {path}")).artifacts[0].role == role


def test_continuation_lines_belong_to_the_field():
    spec = spec_of(declare(":param str x: one", "    two", "", "    three", OUT, body="x = 1"))
    assert spec.params[0].help == "one\ntwo\nthree"


def test_cell_line_of_a_fault_is_that_of_the_notebook():
    with pytest.raises(NbsnakeError) as raised:
        spec_of("# comment\n\n" + declare(":dvc-out: /x"))
    assert (raised.value.where.cell, raised.value.where.line) == (1, 5)


def test_config_holds_only_what_params_file_gives():
    made = step(declare(":param int n:", ":param int m:", OUT, body="n = 1\n"), params={"m": 2})
    assert config_of(made) == {"a": {"m": 2}}
