"""What MLV-tools did works here, and what it did wrong does not happen.

Its rules are those of mlvtools 2.2; each test names one. What a rule of its does otherwise here is
said in docs/from-mlvtools.md.
"""

import ast
import json
import shlex
from pathlib import Path

import pytest
from builders import (
    declare,
    nb,
    pipeline,
    planned_words,
    received,
    rule_words,
    run_script,
    spec_of,
    step,
)
from dvc.parsing.context import Context

from nbsnake.compile.compile import compile_pipeline
from nbsnake.errors import NbsnakeError, PipelineError
from nbsnake.generate.script_diff import is_same_program
from nbsnake.model.paramtype import ParamType
from nbsnake.notebook.keys import step_name
from nbsnake.notebook.read_step import PLAIN, Reading, read_any, read_step
from nbsnake.render.script import render_plain_script, render_script
from nbsnake.render.stage import command, render_stage
from nbsnake.settings.settings import meaningless_settings, read_settings, reading

OUT = ":dvc-out: data/out.txt"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mlvtools(**settings):
    Path(".mlvtools").write_text(json.dumps(settings))


# The configuration, .mlvtools.


def test_settings_of_mlvtools_are_read(folder):
    mlvtools(ignore_keys=["# Mine"], dvc_var_python_cmd_path="SCRIPT")
    assert read_settings().ignore_keys == ("# Mine",)
    assert read_settings().dvc_var_python_cmd_path == "SCRIPT"


def test_own_settings_come_before_those_of_mlvtools(folder):
    mlvtools(ignore_keys=["# Mine"], dvc_var_python_cmd_name="NAME")
    Path("nbsnake.yaml").write_text("ignore_keys: [Ours]\n")
    settings = read_settings()
    assert (settings.ignore_keys, settings.dvc_var_python_cmd_name) == (("Ours",), "NAME")


def test_project_without_settings_has_the_defaults_of_mlvtools(folder):
    settings = read_settings()
    assert settings.ignore_keys == ("No effect",)
    assert settings.dvc_var_python_cmd_path == "MLV_PY_CMD_PATH"
    assert settings.dvc_var_python_cmd_name == "MLV_PY_CMD_NAME"
    assert settings.dvc_var_meta_filename == "MLV_DVC_META_FILENAME"


def test_ignore_keys_replace_the_usual_one(folder):
    mlvtools(ignore_keys=["# Left out"])
    rules = reading(read_settings())
    spec = spec_of(declare(OUT), "# Left out\n1", "# No effect\n2", reading=rules)
    assert [cell.index for cell in spec.program.cells] == [1, 3]


def test_keys_that_mean_nothing_here_are_reported(folder):
    mlvtools(path={"python_script_root_dir": "x"}, ignore_keys=[], notebooks=["x"], typo=1)
    assert meaningless_settings() == ["path", "notebooks", "typo"]
    assert read_settings().notebooks == ()


@pytest.mark.parametrize("text", ["{", "[]", "5", '{"ignore_keys": 5}', '{"docstring_conf": []}'])
def test_settings_that_cannot_be_read_are_refused(text, folder):
    Path(".mlvtools").write_text(text)
    with pytest.raises(PipelineError):
        read_settings()


@pytest.mark.parametrize("name", ["2x", "a-b", "", "_x", "$X", "a b"])
def test_variable_that_no_shell_knows_is_refused(name, folder):
    mlvtools(dvc_var_meta_filename=name)
    with pytest.raises(PipelineError, match="not the name of a shell variable"):
        read_settings()


def test_missing_docstring_conf_is_refused(folder):
    mlvtools(docstring_conf="conf.yaml")
    with pytest.raises(PipelineError, match=r"'conf\.yaml', which does not exist"):
        reading(read_settings())


# Names.


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("My notebook", "my_notebook"),
        ("01_(test) nb", "step_01__test_nb"),
        ("Données", "données"),
        ("a+b", "a_b"),
    ],
)
def test_step_is_named_after_the_notebook_in_lower_case(stem, name):
    assert spec_of(declare(OUT), path=f"x/{stem}.ipynb").name == step_name(stem) == name


@pytest.mark.parametrize(("one", "two"), [("01-a", "01 a"), ("A", "a"), ("x.y", "x y")])
def test_two_notebooks_with_one_name_are_refused(one, two):
    first = step(declare(":dvc-out: 1"), path=f"{one}.ipynb")
    second = step(declare(":dvc-out: 2"), path=f"{two}.ipynb")
    with pytest.raises(PipelineError, match="both give the step name"):
        pipeline(first, second)


@pytest.mark.parametrize("key", ["step", "dvc-meta-file"])
@pytest.mark.parametrize(
    ("text", "name"), [("other", "other"), ("my other.dvc", "my_other"), (" A.dvc ", "a")]
)
def test_step_may_be_given_a_name_with_or_without_dvc(key, text, name):
    assert spec_of(declare(f":{key}: {text}", OUT)).name == name


def test_name_given_twice_the_same_is_one_name():
    assert spec_of(declare(":dvc-meta-file: x", ":dvc-meta-file: x.dvc", OUT)).name == "x"


def test_name_given_twice_differently_is_refused():
    with pytest.raises(NbsnakeError, match="a second name"):
        spec_of(declare(":dvc-meta-file: x", ":dvc-meta-file: y", OUT))


def test_given_name_that_another_step_has_is_refused():
    one = step(declare(":dvc-out: 1", ":dvc-meta-file: b.dvc"), path="a.ipynb")
    with pytest.raises(PipelineError, match="both give the step name 'b'"):
        pipeline(one, step(declare(":dvc-out: 2"), path="b.ipynb"))


def test_script_says_where_it_comes_from_however_it_is_called():
    text = render_script(step(declare(OUT), path="notebooks/a b.ipynb"))
    assert "Generated by nbsnake from notebooks/a b.ipynb." in text.splitlines()[1]


@pytest.mark.parametrize("option", ["--my-param-One=5", "--my_param_One=5", "--my-param-One 5"])
def test_option_has_dashes_and_keeps_its_case(option):
    made = step(declare(":param int my_param_One: text", OUT, body="my_param_One = 1"))
    assert received(made, *option.split()) == {"my_param_One": 5}


def test_parameter_may_end_in_an_underscore():
    made = step(declare(":param int in_: text", OUT, body="in_ = 1"))
    assert received(made, "--in-", "5") == {"in_": 5}


# Parameters.


def param(field, body=""):
    return spec_of(declare(field, OUT, body=body)).params[0]


def test_parameter_without_type_is_a_text():
    made = step(declare(":param rate:", OUT), params={"rate": "x"})
    assert (made.arguments[0].type, made.arguments[0].help) == (ParamType("str"), "")


@pytest.mark.parametrize(
    "field", [":param str out : text", ":param  str  out:text", ":param str out :"]
)
def test_space_before_the_second_colon_is_read(field):
    assert (param(field).name, param(field).type) == ("out", ParamType("str"))


def test_type_may_hold_spaces():
    assert param(":param Dict[str, int] x: text").type == ParamType("dict")
    assert param(":param str | None x: text").type == ParamType("str", optional=True)


@pytest.mark.parametrize("kind", ["list", "List", "list[str]", "List[str]", "typing.List[str]"])
def test_list_takes_several_words(kind):
    made = step(declare(f":param {kind} names: text", OUT, body="names = []"))
    assert received(made, "--names", "a", "b c") == {"names": ["a", "b c"]}
    assert received(made, "--names") == {"names": []}


@pytest.mark.parametrize("kind", ["int", "float"])
def test_items_of_a_list_have_its_type(kind):
    made = step(declare(f":param List[{kind}] n: text", OUT, body="n = []"))
    assert received(made, "--n", "1", "-2") == {"n": [1, -2]}


@pytest.mark.parametrize("kind", ["|ist", "date", "List[List[int]]", "numpy.array", "a b"])
def test_type_that_would_fail_at_run_time_is_refused(kind):
    with pytest.raises(NbsnakeError, match="unknown type"):
        param(f":param {kind} x: text")


def test_false_is_false():
    made = step(declare(":param bool x: text", OUT, body="x = True"))
    assert received(made, "--x", "--x=False") == {"x": False}


@pytest.mark.parametrize("kind", ["Path", "Optional[int]", "int?", "dict"])
def test_type_that_mlvtools_could_not_run_runs(kind, folder):
    made = step(
        declare(f":param {kind} x: text", OUT),
        params={"x": {} if kind == "dict" else None} if kind != "Path" else {"x": "y"},
    )
    assert run_script(made, folder, "--help").returncode == 0


def test_parameter_with_a_literal_is_not_required():
    assert received(step(declare(":param int n: defaults to 3.", OUT, body="n = 3"))) == {"n": 3}


@pytest.mark.parametrize(
    "fields",
    [
        [":param x: a", ":param x: b"],
        [":param int class: a"],
        [":param int 1x: a"],
        [":param my-x: a"],
        [":param : a"],
    ],
)
def test_name_that_makes_no_script_is_refused(fields):
    with pytest.raises(NbsnakeError, match="in ':param"):
        spec_of(declare(*fields, OUT))


@pytest.mark.parametrize("line", [":param rate the rate", ":dvc-in data/x.csv", ":dvc-out data/y"])
def test_field_without_its_second_colon_is_refused(line):
    with pytest.raises(NbsnakeError, match="colon"):
        spec_of(declare(line, OUT))


@pytest.mark.parametrize(
    "cells", [[declare(OUT) + declare(":dvc-in: x")], [declare(OUT), declare(":dvc-in: x")]]
)
def test_second_docstring_with_keys_is_refused(cells):
    with pytest.raises(NbsnakeError):
        spec_of(*cells)


@pytest.mark.parametrize("text", ['say "x"', "100% of %o", "one\n    two", "{x} $y `z` \\\\"])
def test_help_of_any_text_gives_a_script(text, folder):
    made = step(declare(f":param int n: {text}", OUT, body="n = 1"))
    done = run_script(made, folder, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert text.split()[0] in done.stdout


@pytest.mark.parametrize(
    "field", [":returns: x", ":raises ValueError: if", ":type x: int", ":see: y"]
)
def test_other_fields_pass_and_stay_in_the_docstring(field):
    assert field in render_script(step(declare(field, OUT)))


@pytest.mark.parametrize("text", ["Args:\n    x: a\n\nReturns:\n    y", "x : int\n    The x."])
def test_docstring_of_another_style_declares_nothing(text):
    assert spec_of(f'"""{text}"""') is None


def test_comment_may_stand_above_the_docstring():
    assert spec_of("# why\n\n# more\n" + declare(OUT))


def test_parameter_without_a_value_is_refused_before_it_runs():
    with pytest.raises(PipelineError, match="has no value"):
        step(declare(":param rate: text", OUT))


# Files.


def artifacts(*fields):
    return [(each.path, each.role, each.param) for each in spec_of(declare(*fields)).artifacts]


def test_file_may_be_that_of_a_parameter_or_of_none():
    assert artifacts(":param x: t", ":dvc-in x: a", ":dvc-in: b", ":dvc-out-persist: c") == [
        ("a", "dep", "x"),
        ("b", "dep", None),
        ("c", "out-persist", None),
    ]


@pytest.mark.parametrize(
    "field", [":dvc-out x : ./d/e", ":dvc-out x:d/e  ", ":dvc-out  x  :  d//e"]
)
def test_spaces_around_parameter_and_path_do_not_count(field):
    assert artifacts(":param x: t", field) == [("d/e", "out", "x")]


@pytest.mark.parametrize("key", ["dvc-in", "dvc-out", "dvc-out-persist"])
def test_path_may_hold_spaces_and_is_quoted(key):
    made = step(declare(":param x: t", f":{key} x: a b's.csv", OUT))
    assert "--x=a b's.csv" in shlex.split(command(made))
    assert "--x=a b's.csv" in rule_words(made, pipeline(made))


@pytest.mark.parametrize("field", [":dvc-in:", ":dvc-out:  ", ":dvc-in x:", ":dvc-out-persist x:"])
def test_empty_path_is_refused(field):
    with pytest.raises(NbsnakeError, match="needs the path"):
        spec_of(declare(":param x: t", field, OUT))


@pytest.mark.parametrize("key", ["dvc-in", "dvc-out", "dvc-out-persist"])
def test_file_of_an_unknown_parameter_is_refused(key):
    with pytest.raises(NbsnakeError, match="not declared"):
        spec_of(declare(f":{key} x: a", OUT))


@pytest.mark.parametrize("kind", ["int", "bool", "dict", "list[int]"])
def test_file_of_a_parameter_that_is_no_text_is_refused(kind):
    with pytest.raises(NbsnakeError, match=f"declared as {kind}".replace("[", r"\[")):
        spec_of(declare(f":param {kind} x: t", ":dvc-in x: a", OUT))


def test_list_may_carry_files():
    assert artifacts(":param list x: t", ":dvc-in x: a", ":dvc-in x: b") == [
        ("a", "dep", "x"),
        ("b", "dep", "x"),
    ]


def test_script_itself_is_a_dependency():
    assert "workflow/scripts/a.py" in render_stage(step(declare(OUT)))["deps"]


def test_persistent_output_is_declared_to_dvc():
    stage = render_stage(step(declare(":dvc-out-persist: a")))
    assert stage["outs"] == [{"a": {"persist": True}}]


# Values for the script.


def test_extra_may_be_repeated_and_reaches_the_script_as_written():
    fields = [
        ":param int n: t",
        ":param list[str] w: t",
        ":dvc-extra: --n 3",
        ":dvc-extra: --w a 'b c'",
    ]
    assert shlex.split(command(step(declare(*fields, OUT))))[2:] == ["--n=3", '--w=["a", "b c"]']


def test_extra_that_the_script_does_not_know_is_refused():
    with pytest.raises(PipelineError, match="not a parameter of this notebook"):
        step(declare(":dvc-extra: --m 3", OUT))


def test_extra_that_a_shell_would_expand_is_refused():
    with pytest.raises(NbsnakeError, match="shell syntax"):
        spec_of(declare(":param n: t", ":dvc-extra: --n $(date)", OUT))


# A command of one's own.

TUTORIAL = [
    ":param str subset: which part of the data",
    ":param Path source: all of the data",
    ":param Path target: where to",
    ":dvc-cmd: dvc run -f $MLV_DVC_META_FILENAME",
    "    -o ./data/train.csv",
    "    -o ./data/test.csv",
    "    -d ./data/all.csv",
    '    "$MLV_PY_CMD_PATH --source ./data/all.csv --subset train --target ./data/train.csv &&',
    '     $MLV_PY_CMD_PATH --source ./data/all.csv --subset test --target ./data/test.csv"',
]


def test_one_notebook_may_run_several_times():
    made = step(declare(*TUTORIAL), path="notebooks/Split data.ipynb")
    script = "workflow/scripts/split_data.py"
    assert render_stage(made)["cmd"] == (
        f"{script} --source ./data/all.csv --subset train --target ./data/train.csv && "
        f"{script} --source ./data/all.csv --subset test --target ./data/test.csv"
    )
    assert render_stage(made)["deps"] == ["data/all.csv", script]
    assert render_stage(made)["outs"] == ["data/test.csv", "data/train.csv"]
    assert rule_words(made, pipeline(made)) == ["bash", "-c", render_stage(made)["cmd"]]


@pytest.mark.parametrize("end", ["", "\\\\", " \\\\ "])
def test_lines_of_a_command_may_end_in_a_backslash(end):
    lines = [f":dvc-cmd: dvc run -o a{end}", f"    -d b{end}", "    $MLV_PY_CMD_PATH --n 1"]
    made = step(declare(*lines, ":param n: t"))
    assert command(made) == "workflow/scripts/a.py --n 1"
    assert sorted(each.path for each in made.artifacts) == ["a", "b"]


def test_variables_of_a_command_may_have_other_names(folder):
    mlvtools(
        dvc_var_python_cmd_path="SCRIPT",
        dvc_var_python_cmd_name="FILE",
        dvc_var_meta_filename="META",
    )
    text = "dvc run -f ${META} -o a $SCRIPT --x $MLV_PY_CMD_PATH && ./old/$FILE && echo $SCRIPTS"
    spec = spec_of(declare(f":dvc-cmd: {text}"), reading=reading(read_settings()))
    script = "workflow/scripts/a.py"
    assert spec.command.text == f"{script} --x $MLV_PY_CMD_PATH && {script} && echo $SCRIPTS"


def test_stage_of_a_command_has_the_name_that_it_gives():
    spec = spec_of(declare(":dvc-cmd: dvc run -f my/Other.dvc -o a $MLV_PY_CMD_PATH"))
    assert (spec.name, spec.command.text) == ("other", "workflow/scripts/other.py")
    assert spec_of(declare(":dvc-cmd: dvc run -n x -o a $MLV_PY_CMD_PATH")).name == "x"


def test_meta_file_comes_before_the_name_that_a_command_gives():
    fields = [":dvc-cmd: dvc run -f b.dvc -o a $MLV_PY_CMD_PATH", ":dvc-meta-file: c"]
    assert spec_of(declare(*fields)).name == "c"


def test_every_option_of_a_command_is_read():
    text = (
        "dvc run -d a --deps b -o c --outs d -O e --outs-no-cache f -m g --metrics h -M i "
        "--metrics-no-cache j --plots k --plots-no-cache l --outs-persist m/ "
        "--outs-persist-no-cache n -p o.p,q --params r.yaml:s,t --no-exec --force --desc 'x y' "
        "--no-commit --overwrite-dvcfile --ignore-build-cache --external echo $HOME"
    )
    stage = render_stage(step(declare(f":dvc-cmd: {text}")))
    uncached = {"cache": False}
    assert stage["cmd"] == "echo $HOME"
    assert stage["deps"] == ["a", "b", "workflow/scripts/a.py"]
    assert stage["params"] == ["o.p", "q", {"r.yaml": ["s", "t"]}]
    assert stage["outs"] == [
        *("c", "d", {"e": uncached}, {"f": uncached}),
        *({"m": {"persist": True}}, {"n": {"cache": False, "persist": True}}),
    ]
    assert stage["metrics"] == ["g", "h", {"i": uncached}, {"j": uncached}]
    assert stage["plots"] == ["k", {"l": uncached}]


@pytest.mark.parametrize("key", ["dvc-in", "dvc-out", "dvc-metric", "dvc-plot"])
def test_dvc_cmd_with_another_key_of_files_is_refused(key):
    with pytest.raises(NbsnakeError, match=f"cannot be combined with :{key}:"):
        spec_of(declare(f":{key}: a", ":dvc-cmd: dvc run -o a $MLV_PY_CMD_PATH"))


def test_dvc_cmd_with_out_persist_is_refused():
    with pytest.raises(NbsnakeError, match="cannot be combined with :dvc-out-persist:"):
        spec_of(declare(":dvc-cmd: dvc run -o a $MLV_PY_CMD_PATH", ":dvc-out-persist: b"))


def test_dvc_cmd_with_extra_is_refused():
    with pytest.raises(NbsnakeError, match="cannot be combined with :dvc-extra:"):
        spec_of(declare(":dvc-cmd: dvc run -o a $MLV_PY_CMD_PATH", ":dvc-extra: --n 1"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not begin"),
        ("dvc add x", "does not begin"),
        ("dvc run", "no command after"),
        ("dvc run -d x", "no command after"),
        ("dvc run -o", "expected one argument"),
        ("dvc run --nope -o x y", "unrecognized arguments: --nope"),
        ("dvc run -o x 'y", "No closing quotation"),
    ],
)
def test_command_that_is_no_dvc_run_is_refused(text, reason):
    with pytest.raises(NbsnakeError, match=reason):
        spec_of(declare(f":dvc-cmd: {text}", ":param n: t"))


def test_two_commands_are_refused():
    line = ":dvc-cmd: dvc run -o a $MLV_PY_CMD_PATH"
    with pytest.raises(NbsnakeError, match="more than one"):
        spec_of(declare(line, line))


def test_parameters_of_a_command_need_no_value_and_are_required_options(folder):
    made = step(declare(*TUTORIAL))
    assert {arg.name: arg.required for arg in made.arguments} == dict.fromkeys(
        ["subset", "source", "target"], True
    )
    assert "required" in run_script(made, folder).stderr


def test_outputs_of_a_command_are_linked_like_others():
    split = step(declare(*TUTORIAL), path="split.ipynb")
    train = step(declare(":dvc-in: data/train.csv", OUT), path="train.ipynb")
    assert [each.name for each in pipeline(train, split).steps] == ["split", "train"]


@pytest.mark.parametrize(
    "text",
    [
        "python $MLV_PY_CMD_PATH --n 1 && echo 'a b'",
        "python3 $MLV_PY_CMD_PATH",
        "cd x && python ../$MLV_PY_CMD_PATH",
    ],
)
def test_command_may_name_the_interpreter(text):
    made = step(declare(f":dvc-cmd: dvc run -o a {text}", ":param n: t"))
    assert planned_words(made, pipeline(made)) == rule_words(made, pipeline(made))


@pytest.mark.parametrize("text", ["echo '${x}' {y} \"$Z\"", "'${x} {y} \\'", "a | b > c 2>&1; d"])
def test_command_reaches_shell_as_it_was_written(text):
    made = step(declare(f":dvc-cmd: dvc run -o a $MLV_PY_CMD_PATH {text}".replace("\\", "\\\\")))
    said = f"workflow/scripts/a.py {text}"
    assert Context({}).resolve_str(command(made), key="cmd") == said
    assert rule_words(made, pipeline(made)) == ["bash", "-c", said]


# Values in docstrings.

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
    assert param(f":param n: {text}").help == text


def test_docstring_of_no_step_is_no_template():
    assert spec_of('"""{{ anything"""', reading=Reading(conf={})) is None


def test_conf_is_read_from_the_project_root(folder):
    Path("conf.yaml").write_text("data: raw\n")
    mlvtools(docstring_conf="./conf.yaml")
    assert reading(read_settings()).conf == {"data": "raw"}


# Cells.


def test_code_beside_the_docstring_is_kept(folder):
    body = "import math\nn = 1\ndef half(x):\n    return math.floor(x / 2)\n"
    made = step(declare(":param int n: t", OUT, body=body), "print(half(n))")
    assert run_script(made, folder, "--n=9").stdout == "4\n"


def test_docstring_stands_once_in_the_script():
    assert render_script(step(declare(OUT))).count(OUT) == 1


@pytest.mark.parametrize(
    "source", ["x = '''\n# No effect\n'''", "x = '# No effect'", "x = 1  # No effect"]
)
def test_no_effect_in_a_string_keeps_the_cell(source):
    assert len(spec_of(declare(OUT), source).program.cells) == 2


@pytest.mark.parametrize("comment", ["#No effect", "# no effect", "#   NO EFFECT: plot"])
def test_no_effect_may_be_spelled_otherwise(comment):
    found = [cell.index for cell in spec_of(declare(OUT), f"import os\n{comment}\n1").program.cells]
    assert found == [1]


def test_parameters_are_found_below_a_left_out_first_cell():
    assert spec_of("# No effect\nimport os", declare(":param n: t", OUT)).params[0].name == "n"


def test_markdown_and_raw_cells_become_comments():
    made = step(declare(OUT), ("markdown", "# A\n\n'''text'''"), ("raw", "import nothing"))
    script = render_script(made)
    assert script.endswith("# %% [raw] cell 3\n# import nothing\n")
    assert ast.dump(ast.parse(script)) == ast.dump(ast.parse(render_script(step(declare(OUT)))))


@pytest.mark.parametrize("cells", [[], ["# only a comment"], [("markdown", "# A")], ["", "  \n"]])
def test_notebook_without_code_gives_a_script(cells):
    program = read_any(nb(*cells)).program
    compile(render_plain_script(program, (), (), "."), "script.py", "exec", dont_inherit=True)


def test_functions_of_cells_leak_no_names_into_one_another(folder):
    made = step(
        declare(OUT), "args = [1]\ndef f():\n    global args\n    return args", "print(f())"
    )
    assert run_script(made, folder).stdout == "[1]\n"


# Whether a script is still what its notebook gives.


def test_same_program_differs_by_layout_only():
    script = render_script(step(declare(OUT), "x = 1\nprint(x)"))
    assert is_same_program(script, script.replace("x = 1", "x  =  (1)  # one\n"))


@pytest.mark.parametrize(
    ("old", "new"), [("x = 1", "x = 2"), ("Step.", "Other."), ("print(x)", "")], ids=repr
)
def test_other_program_or_docstring_counts(old, new):
    script = render_script(step(declare(OUT), "x = 1\nprint(x)"))
    assert not is_same_program(script, script.replace(old, new))


def test_other_ignore_keys_give_another_script():
    def script(reading):
        spec = spec_of(declare(OUT), "# Mine\nx = 1", reading=reading)
        return render_script(compile_pipeline([spec], {}).steps[0])

    assert not is_same_program(script(PLAIN), script(Reading(no_effect=("Mine",))))


@pytest.mark.parametrize("first", ["# just a comment", "%matplotlib inline\n%load_ext autoreload"])
def test_metadata_may_follow_cells_without_code(first):
    found = read_step(nb(first, declare(":param rate: r", OUT, body="rate = 2"), "print(rate)"))
    assert [param.name for param in found.params] == ["rate"]
    assert found.program.metadata == 2
