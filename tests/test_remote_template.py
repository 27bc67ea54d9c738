"""How jobs are submitted, asked for and cancelled, as a file says."""

import json

import pytest

from nbsnake.errors import NbsnakeError, ToolError
from nbsnake.remote.template import FAILED, RUNNING, SUCCESS, read_template

PLAIN = """\
submit: [sh, -c, 'cat > "$0"; echo ignored; echo job-7', "{name}.json"]
input: {kind: Job, args: [python3, -c, "{start}"], memory: "{memory}", path: "{.status}"}
status: [echo, "phase:", "{job}"]
success: [Complete]
failed: [Failed, NotFound]
cancel: [touch, "{job}"]
values: {memory: 2Gi}
steps:
  train: {memory: 16Gi}
"""
FAULTY = """\
submit: sbatch
statsu: [x]
poll: 0
cancel: []
values: {job: 1}
steps: {a: {start: b}}
"""
KNOWN = "submit, input, status, success, failed, cancel, poll, remote, values, steps"
WORDS = {"name": "nbsnake-train-1", "start": "print('a \"b\" $c {job}')", "threads": "4"}


def template(text):
    with open("here.yaml", "w", encoding="utf-8") as file:
        file.write(text)
    return read_template("here.yaml")


@pytest.mark.parametrize(("step", "memory"), [("train", "16Gi"), ("plot", "2Gi")])
def test_words_are_put_in_as_they_are_and_other_braces_stay(folder, step, memory):
    assert template(PLAIN).start(step, WORDS) == "job-7"
    sent = json.loads((folder / "nbsnake-train-1.json").read_text())
    assert sent == {
        "kind": "Job",
        "args": ["python3", "-c", WORDS["start"]],
        "memory": memory,
        "path": "{.status}",
    }


@pytest.mark.parametrize(
    ("job", "state"), [("Complete", SUCCESS), ("Failed", FAILED), ("Incomplete", RUNNING)]
)
def test_a_job_has_ended_when_the_answer_has_one_of_the_words(folder, job, state):
    assert template(PLAIN).ask(job) == (state, f"phase: {job}")


def test_cancel_gets_the_id(folder):
    template(PLAIN).stop("job-7")
    assert (folder / "job-7").exists()


@pytest.mark.parametrize(
    ("submit", "message"),
    [
        ("[sh, -c, 'echo no quota >&2; exit 4']", "ended with 4 and printed no quota"),
        ("['true']", "ended with 0 and printed nothing"),
        ("[/nowhere/qsub]", "cannot run /nowhere/qsub"),
    ],
)
def test_a_job_that_is_not_submitted_is_an_error_of_the_tool(folder, submit, message):
    text = f"submit: {submit}\nstatus: [x]\ncancel: [x]\n"
    with pytest.raises(ToolError, match=message):
        template(text).start("train", WORDS)


def test_all_faults_of_a_file_are_named_with_their_lines(folder):
    with pytest.raises(NbsnakeError) as caught:
        template(FAULTY)
    assert str(caught.value).splitlines() == [
        "here.yaml: there is no 'status'",
        "here.yaml, line 1: submit is not a list",
        f"here.yaml, line 2: 'statsu' is none of {KNOWN}",
        "here.yaml, line 3: poll is not a number of seconds above 0",
        "here.yaml, line 4: cancel is empty",
        "here.yaml, line 5: values.job is not text",
        "here.yaml, line 6: steps cannot have start, which nbsnake itself puts in",
    ]
