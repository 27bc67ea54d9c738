"""Where the value of a parameter comes from: which of two places wins, and what is a fault."""

import pytest
from builders import declare, nb

from nbsnake.compile.compile import compile_pipeline, find_seeds
from nbsnake.errors import NbsnakeError
from nbsnake.model.step import Overlay
from nbsnake.notebook.read_step import read_step
from nbsnake.settings.overlays import OverlaySet
from nbsnake.settings.uses import Use

FIELDS = (
    ":param out: where it goes",
    ":param float rate: how fast",
    ":param str title: a text",
    ":dvc-out out: out/{client}.txt",
)
BODY = 'out = "o"\nrate = 0.1\ntitle = "none"\n'


def use(name="other", **values):
    out = {} if name == "train" else {"out": "other/{client}.txt"}
    return Use(
        name=name,
        notebook="notebooks/train.ipynb",
        file="nbsnake.yaml",
        index=0,
        values={**out, **values},
    )


def clients(**files):
    overlays = {
        Overlay("client", name, f"clients/{name}.yaml"): held for name, held in files.items()
    }
    return [OverlaySet(axis="client", folder="clients", files=overlays)]


def values_of(params, uses=(), overlays=None, extras=(), body=BODY):
    """Each variant's rate, by the name of its step and its client."""
    spec = read_step(nb(declare(*FIELDS, *extras, body=body), path="notebooks/train.ipynb"))
    sets = clients(acme={}, globex={}) if overlays is None else overlays
    found = {}
    for step in compile_pipeline([spec], params, uses, sets).steps:
        rate = next(argument for argument in step.arguments if argument.name == "rate")
        for variant in step.variants:
            found[f"{step.name}@{variant.key}"] = step.value(rate, variant)
    return found


@pytest.mark.parametrize(
    ("params", "rate"),
    [
        ({}, 0.1),
        ({"rate": 2}, 2),
        ({"rate": 2, "train": {"title": "x"}}, 2),
        ({"rate": 2, "train": {"rate": 3}}, 3),
        ({"other": {"rate": 4}}, 0.1),
    ],
)
def test_the_nearest_section_of_params_wins(params, rate):
    found = values_of(params, [use()])
    assert found["train@acme"] == rate
    assert found["other@acme"] == params.get("other", {}).get("rate", rate)


def test_what_a_use_tells_wins_over_params():
    params = {"train": {"rate": 3}, "other": {"rate": 4}}
    assert values_of(params, [use(rate=5)])["other@acme"] == 5
    assert values_of({"train": {"rate": 3}}, [use("train", rate=5)])["train@acme"] == 5
    assert values_of({"base": {"pace": 6.5}}, [use(rate="{{ base.pace }}")])["other@acme"] == 6.5


def test_params_win_over_extras_and_these_over_the_literal():
    extras = [":dvc-extra: --rate 7"]
    assert values_of({}, extras=extras)["train@acme"] == 7
    assert values_of({"train": {"rate": 3}}, extras=extras)["train@acme"] == 3


def test_a_client_wins_over_params_for_itself():
    sets = clients(acme={"train": {"rate": 9}}, globex={})
    found = values_of({"train": {"rate": 3}}, [use()], sets)
    assert found == {"train@acme": 9, "train@globex": 3, "other@acme": 9, "other@globex": 3}
    sets = clients(acme={"rate": 9}, globex={})
    assert values_of({"train": {"rate": 3}}, overlays=sets)["train@acme"] == 9


def test_a_client_leaves_what_a_use_has_for_itself_unless_it_names_the_use():
    sets = clients(acme={"train": {"rate": 9}}, globex={})
    assert values_of({"train": {"rate": 3}}, [use(rate=5)], sets)["other@acme"] == 5
    params = {"train": {"rate": 3}, "other": {"rate": 4}}
    assert values_of(params, [use()], sets)["other@acme"] == 4
    sets = clients(acme={"other": {"rate": 9}}, globex={})
    assert values_of(params, [use()], sets)["other@acme"] == 9


def test_a_value_that_all_clients_give_needs_no_other():
    sets = clients(acme={"train": {"rate": 1}}, globex={"train": {"rate": 2}})
    assert values_of({}, overlays=sets, body='out = "o"\ntitle = "t"\n') == {
        "train@acme": 1,
        "train@globex": 2,
    }
    with pytest.raises(NbsnakeError, match="has no value"):
        values_of({}, overlays=clients(acme={"train": {"rate": 1}}, globex={}), body='out = "o"\n')


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("of {client}", "of acme"),
        ("{client} {{x}}", "acme {x}"),
        ("plain", "plain"),
    ],
)
def test_axes_are_filled_into_texts_of_a_use(text, filled):
    spec = read_step(nb(declare(*FIELDS, body=BODY), path="notebooks/train.ipynb"))
    steps = compile_pipeline([spec], {}, [use(title=text)], clients(acme={})).steps
    step = next(each for each in steps if each.name == "other")
    title = next(argument for argument in step.arguments if argument.name == "title")
    assert step.value(title, step.variants[0]) == filled


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("of {cleint}", r"\{cleint\} is not an axis of 'other'"),
        ("{{ a.b }} inside", "replaced only as the whole value"),
        ("{{a.b}} inside", "replaced only as the whole value"),
        ("{{ basee.pace }}", "params.yaml has no 'basee.pace'"),
        ("two\nlines", "more than a command can hold"),
    ],
)
def test_texts_of_a_use_that_cannot_be_meant_are_refused(text, fault):
    with pytest.raises(NbsnakeError, match=fault):
        values_of({"base": {"pace": 1}}, [use(title=text)])


@pytest.mark.parametrize(
    ("params", "seeds"),
    [
        ({}, {"train": {"rate": 0.1, "title": "none"}}),
        ({"rate": 2}, {"train": {"title": "none"}}),
        ({"train": {"rate": 2, "title": "x"}}, {}),
        ({"other": {"rate": 2}}, {"train": {"rate": 0.1, "title": "none"}}),
    ],
)
def test_only_literals_that_count_are_seeds(params, seeds):
    spec = read_step(nb(declare(*FIELDS, body=BODY), path="notebooks/train.ipynb"))
    assert find_seeds([spec], params, [use()], clients(acme={})) == seeds


def test_what_a_use_tells_for_the_own_step_is_no_seed():
    spec = read_step(nb(declare(*FIELDS, body=BODY), path="notebooks/train.ipynb"))
    found = find_seeds([spec], {}, [use("train", rate=5)], clients(acme={}))
    assert found == {"train": {"title": "none"}}
