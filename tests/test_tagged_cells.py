"""Cells that carry papermill's tags: their literals are parameters."""

import pytest
from builders import declare, received, spec_of, step

from nbsnake.errors import NbsnakeError
from nbsnake.model.paramtype import ParamType

OUT = ":dvc-out: data/out.txt"


def source_of(spec, number):
    return next(cell.source for cell in spec.program.cells if cell.index == number)


def literals(spec):
    return {param.name: param.literal for param in spec.params}


TAGGED = """\
rate: float = 0.1  # how fast
names = ["a"]  # which
where: "Path" = "data"
best = max([1, 2])
when: date = 3
n = m = 1
x, y = 1, 2
"""


def tagged_spec(source=TAGGED, *cells, tags=("parameters",), first=None):
    first = declare(OUT) if first is None else first
    return spec_of(first, source, *cells, tags={2: list(tags)})


def test_literal_of_a_tagged_cell_is_a_parameter():
    spec = tagged_spec()
    assert literals(spec) == {"rate": 0.1, "names": ["a"], "where": "data"}
    assert [param.help for param in spec.params] == ["how fast", "which", ""]
    assert [param.type for param in spec.params] == [ParamType("float"), None, ParamType("str")]


def test_all_else_in_a_tagged_cell_stays_code():
    lines = source_of(tagged_spec(), 2).splitlines()
    assert lines[:3] == [
        "rate: float = _args.rate  # how fast",
        "names = _args.names  # which",
        'where: "Path" = _args.where',
    ]
    assert lines[3:] == TAGGED.splitlines()[3:]


def test_only_the_first_tagged_cell_counts():
    spec = spec_of(declare(OUT), "a = 1", "b = 2", tags={2: ["parameters"], 3: ["parameters"]})
    assert literals(spec) == {"a": 1}
    assert source_of(spec, 3) == "b = 2"


def test_injected_parameters_are_dropped():
    spec = spec_of(
        declare(OUT), "a = 1", "a = 2", tags={2: ["parameters"], 3: ["injected-parameters"]}
    )
    assert literals(spec) == {"a": 1}
    assert [cell.index for cell in spec.program.cells] == [1, 2]


def test_metadata_may_stand_behind_a_tagged_first_cell():
    spec = spec_of("a = 1", declare(OUT), tags={1: ["parameters"]})
    assert (spec.program.metadata, literals(spec)) == (2, {"a": 1})
    assert received(step("a = 1", declare(OUT), tags={1: ["parameters"]}), "--a=2") == {"a": 2}


def test_metadata_behind_an_untagged_first_cell_is_a_fault():
    with pytest.raises(NbsnakeError, match=r"not in the (first|docstring)"):
        spec_of("a = 1", declare(OUT), tags={3: ["parameters"]})


def test_metadata_cell_may_itself_be_tagged():
    spec = spec_of(
        declare(":param int a: text", OUT, body="a = 1\nb = 2"), tags={1: ["parameters"]}
    )
    assert literals(spec) == {"a": 1, "b": 2}


def test_docstring_and_tag_say_together_what_a_parameter_is():
    first = declare(":param rate: the text", ":param list[str] names:", OUT)
    spec = tagged_spec(first=first)
    by_name = {param.name: param for param in spec.params}
    assert (by_name["rate"].type, by_name["rate"].help) == (ParamType("float"), "the text")
    assert (by_name["names"].type, by_name["names"].help) == (ParamType("str", True), "which")


def test_docstring_and_tag_that_differ_in_a_type_are_refused():
    with pytest.raises(NbsnakeError, match="is float here, but int in ':param'") as raised:
        tagged_spec(first=declare(":param int rate: text", OUT))
    assert raised.value.where[1:] == (2, 1)


def test_parameter_assigned_in_metadata_cell_and_tagged_cell_is_refused():
    with pytest.raises(NbsnakeError, match="'rate' is assigned twice"):
        tagged_spec(first=declare(":param rate: text", OUT, body="rate = 1"))


def test_tag_alone_makes_no_step():
    assert spec_of("a = 1", "b = 2", tags={1: ["parameters"]}) is None


def test_later_literal_that_overrules_a_parameter_is_refused():
    with pytest.raises(NbsnakeError, match="which overrides its value") as raised:
        spec_of(declare(":param rate: text", OUT), "import os\nrate = 0.1")
    assert raised.value.where[1:] == (2, 2)


@pytest.mark.parametrize(
    "code", ["rate = rate / 2", "rate += 1", "def f(rate=1): rate = 2", "r = 1"]
)
def test_later_cell_may_compute_with_a_parameter(code):
    assert spec_of(declare(":param rate: text", OUT), code)


def test_later_cell_may_assign_what_the_first_one_did():
    assert spec_of(declare(":param rate: text", OUT, body="rate = 1"), "rate = 0.1")
