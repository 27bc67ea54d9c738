"""Values of the docstring's conf file, filled into the docstring as MLV-tools did."""

from pathlib import Path

import pytest
from builders import (
    declare,
    spec_of,
    write_mlvtools,
)

from nbsnake.errors import NbsnakeError
from nbsnake.notebook.spec import Reading
from nbsnake.settings.settings import read_settings, reading

OUT = ":dvc-out: data/out.txt"


CONF = {"data": "data", "parts": [1, 2], "nested": {"name": "x"}}


def with_conf(*fields, conf=CONF):
    return spec_of(declare(*fields), reading=Reading(conf=conf))


def test_template_takes_values_of_the_conf_anywhere_in_the_docstring():
    spec = with_conf(
        ":param n: about {{ conf.nested.name | upper }}",
        "{% for part in conf.parts %}:dvc-in: {{ conf.data }}/{{ part }}.csv",
        "{% endfor %}",
        ":dvc-out: {{ conf['data'] }}/out.csv",
    )
    assert [each.path for each in spec.artifacts] == ["data/1.csv", "data/2.csv", "data/out.csv"]
    assert spec.params[0].help == "about X"


@pytest.mark.parametrize(
    "template", ["{{ conf.x }}", "{{ x }}", "{{ conf.nested.y }}", "{{ conf.data }"]
)
def test_template_that_cannot_be_filled_in_is_refused(template):
    with pytest.raises(NbsnakeError, match="cannot be rendered") as raised:
        with_conf(":param n: t", f":dvc-out: {template}")
    assert raised.value.where[1:] == (1, 4)


@pytest.mark.parametrize(
    "template",
    [
        "{{ conf.__class__.__base__.__subclasses__() }}",
        "{{ ''.__class__ }}",
        "{{ conf.clear() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ range(10**9) | list }}",
        "{{ 1 / 0 }}",
    ],
)
def test_template_reaches_nothing_but_the_conf(template):
    with pytest.raises(NbsnakeError, match="cannot be rendered"):
        with_conf(f":dvc-out: x{template}")


def test_template_in_a_path_without_a_conf_is_refused_with_advice():
    with pytest.raises(NbsnakeError) as raised:
        spec_of(declare(":dvc-out: {{ conf.data }}/x"))
    assert "docstring_conf in nbsnake.yaml" in raised.value.hint


@pytest.mark.parametrize("text", ["a {brace}", "{{ conf.data }}", "{% x", "{# y"])
def test_braces_in_a_description_pass_without_a_conf(text):
    assert spec_of(declare(f":param n: {text}", OUT)).params[0].help == text


def test_docstring_of_no_step_is_no_template():
    assert spec_of('"""{{ anything"""', reading=Reading(conf={})) is None


def test_conf_is_read_from_the_project_root(folder):
    Path("conf.yaml").write_text("data: raw\n")
    write_mlvtools(docstring_conf="./conf.yaml")
    assert reading(read_settings()).conf == {"data": "raw"}
