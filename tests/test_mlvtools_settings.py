"""The configuration of MLV-tools, .mlvtools, and what nbsnake.yaml says beside it."""

from pathlib import Path

import pytest
from builders import (
    declare,
    spec_of,
    write_mlvtools,
)

from nbsnake.errors import PipelineError
from nbsnake.settings.settings import meaningless_settings, read_settings, reading

OUT = ":dvc-out: data/out.txt"


def test_settings_of_mlvtools_are_read(folder):
    write_mlvtools(ignore_keys=["# Mine"], dvc_var_python_cmd_path="SCRIPT")
    assert read_settings().ignore_keys == ("# Mine",)
    assert read_settings().dvc_var_python_cmd_path == "SCRIPT"


def test_own_settings_come_before_those_of_mlvtools(folder):
    write_mlvtools(ignore_keys=["# Mine"], dvc_var_python_cmd_name="NAME")
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
    write_mlvtools(ignore_keys=["# Left out"])
    rules = reading(read_settings())
    spec = spec_of(declare(OUT), "# Left out\n1", "# No effect\n2", reading=rules)
    assert [cell.index for cell in spec.program.cells] == [1, 3]


def test_keys_that_mean_nothing_here_are_reported(folder):
    write_mlvtools(path={"python_script_root_dir": "x"}, ignore_keys=[], notebooks=["x"], typo=1)
    assert meaningless_settings() == ["path", "notebooks", "typo"]
    assert read_settings().notebooks == ()


@pytest.mark.parametrize("text", ["{", "[]", "5", '{"ignore_keys": 5}', '{"docstring_conf": []}'])
def test_settings_that_cannot_be_read_are_refused(text, folder):
    Path(".mlvtools").write_text(text)
    with pytest.raises(PipelineError):
        read_settings()


@pytest.mark.parametrize("name", ["2x", "a-b", "", "_x", "$X", "a b"])
def test_variable_that_no_shell_knows_is_refused(name, folder):
    write_mlvtools(dvc_var_meta_filename=name)
    with pytest.raises(PipelineError, match="not the name of a shell variable"):
        read_settings()


def test_missing_docstring_conf_is_refused(folder):
    write_mlvtools(docstring_conf="conf.yaml")
    with pytest.raises(PipelineError, match=r"'conf\.yaml', which does not exist"):
        reading(read_settings())
