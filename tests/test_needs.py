"""What a step needs of its machine: read, changed by settings, and printed into its rule only."""

import pytest
from builders import config_of, declare, pipeline, planned_words, spec_of, step

from nbsnake.compile.compile import compile_pipeline
from nbsnake.model.needs import Needs, Resource, parse_need, parse_resource
from nbsnake.notebook.needs import without_needs
from nbsnake.render.rule import render_rule
from nbsnake.render.script import render_script
from nbsnake.render.stage import render_stage

OUT = ":dvc-out: data/a.txt"
ALL = (
    ":threads: 4",
    ":resources: mem_mb=8000*attempt runtime=60",
    ":conda: tiny",
    ":retries: 2",
    ":group: g",
)


def rule(*fields):
    made = step(declare(OUT, *fields))
    return render_rule(made, pipeline(made))


def test_needs_change_the_rule_and_nothing_that_is_locked():
    plain, needy = step(declare(OUT)), step(declare(OUT, *ALL))
    assert render_script(needy) == render_script(plain)
    assert render_stage(needy) == render_stage(plain)
    assert planned_words(needy, pipeline(needy)) == planned_words(plain, pipeline(plain))
    assert config_of(needy) == config_of(plain)
    assert rule(*ALL) != rule()


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("quotes", ['"""', "'''", 'r"""'])
def test_the_script_is_the_same_wherever_the_lines_stand(place, quotes):
    lines = ["A step.", "", OUT]
    needy = [*lines[: place + 1], ":threads: 4", ":group: g", *lines[place + 1 :]]
    for end in ("", "\n"):
        sources = [f"{quotes}" + "\n".join(each) + end + quotes[-3:] for each in (lines, needy)]
        assert without_needs(sources[1]) == sources[0]


def test_code_beside_the_docstring_stays():
    source = f'"""{OUT}\n:threads: 4\n"""; x = ":threads: 4"\ny = """\n:threads: 5\n"""\n'
    assert without_needs(source) == source.replace(f"{OUT}\n:threads: 4\n", f"{OUT}\n")


def test_only_a_rule_with_threads_passes_them_on():
    assert "exec a --threads={threads} --" in rule(":threads: 1")
    assert "threads" not in rule(":retries: 1")


def test_a_container_needs_no_environment_unless_it_is_named():
    assert "conda" not in rule(":container: docker://a/b")
    both = rule(":container: docker://a/b", ":conda: workflow/envs/b.yaml")
    assert '"../../workflow/envs/b.yaml"' in both
    assert '"docker://a/b"' in both


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("8000", [8000, 8000, 8000]),
        ("8000*attempt", [8000, 16000, 24000]),
        ("8000 * attempt ** 2", [8000, 32000, 72000]),
    ],
)
def test_amounts_grow_with_the_attempt(text, amounts):
    resource = parse_resource("mem_mb", text)
    assert [resource.amount(attempt) for attempt in (1, 2, 3)] == amounts
    printed = resource.text
    assert [eval(printed, {"attempt": attempt}) for attempt in (1, 2, 3)] == amounts  # noqa: S307


@pytest.mark.parametrize(
    "text",
    ["8GB", "attempt", "8000*attempts", "8000*attempt**9", "-1", "1.5", "8000+attempt", "", "0x10"],
)
def test_amounts_are_never_expressions(text):
    with pytest.raises(ValueError, match="mem_mb is"):
        parse_resource("mem_mb", text)


def test_a_text_is_quoted_where_it_is_printed():
    assert """constraint="a\\"b'c",""" in rule(
        r""":resources: 'constraint=a"b'"'"'c'""".replace("\\", "")
    )


@pytest.mark.parametrize(("key", "value"), [("threads", 0), ("threads", True), ("retries", 101)])
def test_numbers_are_whole_and_sensible(key, value):
    with pytest.raises(ValueError, match=str(value)):
        parse_need(key, value)


def test_settings_change_single_needs_of_single_steps():
    spec = spec_of(declare(OUT, *ALL))
    changes = {"a": {"threads": 8, "group": None, "resources": {"runtime": None, "gpu": "1"}}}
    (changed,) = compile_pipeline([spec], {}, needs=changes).steps
    assert changed.needs == Needs(
        threads=8,
        resources=(Resource("mem_mb", "8000 * attempt"), Resource("gpu", "1")),
        conda="tiny",
        retries=2,
    )


def test_needs_are_what_a_step_declares_too():
    assert spec_of(declare(":threads: 2")).needs == Needs(threads=2)


def test_mpi_is_refused_as_no_launcher_starts_the_step():
    with pytest.raises(ValueError, match=r"ask for tasks=N, and call 'srun' or 'mpirun'"):
        parse_resource("mpi", "mpirun")
