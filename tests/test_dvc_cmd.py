"""A step with a command of its own, ``:dvc-cmd:``, as MLV-tools had it."""

import pytest
from builders import (
    declare,
    pipeline,
    planned_words,
    rule_words,
    run_script,
    spec_of,
    step,
    write_mlvtools,
)
from dvc.parsing.context import Context

from nbsnake.errors import NbsnakeError
from nbsnake.render.stage import command, render_stage
from nbsnake.settings.settings import read_settings, reading

OUT = ":dvc-out: data/out.txt"


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
    write_mlvtools(
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
