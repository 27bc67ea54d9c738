"""The comment on a pull request, and the CI files that make it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from state_cases import state
from test_text import ALLOWED, HOSTILE

from nbsnake.commands.init import write_once
from nbsnake.generate.ready import CI, ci_files
from nbsnake.report.comment import comment
from nbsnake.report.differences import Differences

GOLDEN = Path(__file__).parent / "texts/comment.md"
NOTHING = Differences({}, {}, {}, {})
FOUND = Differences(
    cells={"notebooks/svm.ipynb": {2: ["-a", "+b"], 5: ["+c"]}},
    params={"svm.rate": (0.1, 0.2)},
    metrics={"svm accuracy": (0.9, 0.925), "svm name": ("a", None)},
    outs={"models/svm.pkl": "changed"},
)


def test_a_comment_says_what_runs_and_what_changed(update_golden):
    states = [state("load"), state("svm", "stale", reasons=("svm.rate was 0.1, now 0.2",))]
    text = comment(FOUND, states, "origin/main", "")
    if update_golden:
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_where_nothing_differs_that_is_all():
    text = comment(NOTHING, [state("a")], "main", "")
    assert text == (
        "### nbsnake: main to here\n\n1 step: 1 fresh; nothing is to run\n\nNothing differs.\n"
    )
    assert "step" not in comment(NOTHING, [], "v1", "v2")


def test_an_integer_that_no_float_holds_has_no_change():
    text = comment(NOTHING._replace(metrics={"m": (10**400, 1)}), [], "v1", "v2")
    assert str(10**400) in text


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_in_it_is_markup(text):
    found = Differences({text: {1: []}}, {text: (text, 1)}, {text: (1, text)}, {text: text})
    tokens = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .parse(comment(found, [state(text, "stale")], text, text))
    )
    kinds = {token.type for token in tokens}
    blocks = {f"{tag}_{end}" for tag in ("heading", "paragraph") for end in ("open", "close")}
    assert kinds <= ALLOWED | blocks
    inner = {child.type for token in tokens for child in token.children or ()}
    assert inner <= {"text", "code_inline", "text_special"}


@pytest.mark.parametrize("service", CI)
def test_ci_files_check_run_and_report(service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (file,) = ci_files(service)
    assert yaml.safe_load(file.text)
    assert "run: python -m pip install nbsnake\n" in file.text or "- python -m pip" in file.text
    calls = ("nbsnake check", "nbsnake run", "nbsnake report", "nbsnake diff --markdown")
    assert all(call in file.text for call in calls)
    assert ".dvc/cache" in file.text
    (tmp_path / "requirements.txt").write_text("pandas\n")
    (file,) = ci_files(service)
    assert "-r requirements.txt" in file.text


SCHEMAS = {"github": "github-workflows", "gitlab": "gitlab-ci"}


def against_schema(service, path):
    """The exit code and the words of the check by the schema that the service publishes."""
    # A process of its own, for importing it changes what YAML's reader takes for a date.
    words = ["--builtin-schema", f"vendor.{SCHEMAS[service]}", str(path)]
    call = [sys.executable, "-m", "check_jsonschema", *words]
    done = subprocess.run(call, capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("service", CI)
def test_ci_files_are_as_the_service_has_published(service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (file,) = ci_files(service)
    path = tmp_path / "ci.yml"
    path.write_text(file.text)
    assert against_schema(service, path) == (0, "ok -- validation done\n")
    wrong = re.sub(r"^( +)(runs-on|script):", r"\1\2s:", file.text, count=1, flags=re.MULTILINE)
    path.write_text(wrong)
    code, said = against_schema(service, path)
    assert code == 1
    assert "Schema validation errors" in said


def test_a_file_that_is_there_stays(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_once(ci_files("github"))
    path = Path(CI["github"][0])
    path.write_text("mine")
    write_once(ci_files("github"))
    assert path.read_text() == "mine"
    assert capsys.readouterr().err == f"wrote {path}\nkept {path}, which is there already\n"


def test_actions_are_pinned_and_no_value_of_others_becomes_a_part_of_a_command():
    (file,) = ci_files("github")
    used = re.findall(r"uses: (.+)", file.text)
    assert len(used) == 4
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v[\d.]+", each) for each in used)
    (job,) = yaml.safe_load(file.text)["jobs"].values()
    assert not any("${{" in step.get("run", "") for step in job["steps"])
