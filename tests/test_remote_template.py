"""How jobs are submitted, asked for and cancelled, as a file says."""

import json
import re
from pathlib import Path

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
leave: -1
values: {job: 1}
steps: {a: {start: b}}
"""
KNOWN = (
    "submit, input, status, success, failed, reason, find, cancel, poll, remote, leave, values, "
    "steps"
)
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


@pytest.mark.parametrize(
    ("find", "found"),
    [("[echo, 'id of {name} in {memory}']", "id of n in 16Gi"), ("['true']", ""), (None, "")],
)
def test_a_job_is_found_by_its_name(folder, find, found):
    text = PLAIN if find is None else f"find: {find}\n{PLAIN}"
    assert template(text).job_named("n", "train") == found


def test_without_an_answer_it_is_not_known_whether_there_is_a_job(folder):
    read = template(f"find: [sh, -c, 'echo no route >&2; exit 1']\n{PLAIN}")
    with pytest.raises(ToolError, match="a job n is not known: sh ended with 1 and printed no rou"):
        read.job_named("n", "train")


def test_a_job_whose_submission_was_not_answered_is_found(folder):
    fails = "submit: [sh, -c, 'echo no quota >&2; exit 4']\nstatus: [x]\ncancel: [x]\n"
    assert template(f"{fails}find: [echo, 'id of {{name}}']").start("a", WORDS) == (
        "id of nbsnake-train-1"
    )
    with pytest.raises(ToolError, match="printed no quota"):
        template(f"{fails}find: ['false']").start("a", WORDS)


def test_all_faults_of_a_file_are_named_with_their_lines(folder):
    with pytest.raises(NbsnakeError) as caught:
        template(FAULTY)
    assert str(caught.value).splitlines() == [
        "here.yaml: there is no 'status'",
        "here.yaml, line 1: submit is not a list",
        f"here.yaml, line 2: 'statsu' is none of {KNOWN}",
        "here.yaml, line 3: poll is not a number of seconds above 0",
        "here.yaml, line 4: cancel is empty",
        "here.yaml, line 5: leave is not a number of bytes",
        "here.yaml, line 6: values.job is not text",
        "here.yaml, line 7: steps cannot have start, which nbsnake itself puts in",
    ]


DOCS = (Path(__file__).parents[1] / "docs/cluster.md").read_text(encoding="utf-8")
# What the tools print for the commands of docs/cluster.md: kubectl 1.31 (the types of conditions of
# batch/v1, kubernetes.io/docs/concepts/workloads/controllers/job), and the AWS CLI 2 (the states of
# docs.aws.amazon.com/batch/latest/userguide/job_states.html), where "None" is its word for null.
ANSWERS = {
    "kube": [
        ("", "", RUNNING),
        ("SuccessCriteriaMet Complete", "", SUCCESS),
        ("FailureTarget Failed", "", FAILED),
        ("", 'Error from server (NotFound): jobs.batch "nbsnake-a" not found', FAILED),
        ("", "Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout", RUNNING),
        ("Suspended", "", RUNNING),
    ],
    "aws": [
        *((state, "", RUNNING) for state in ("SUBMITTED", "PENDING", "RUNNABLE", "RUNNING")),
        ("SUCCEEDED", "", SUCCESS),
        ("FAILED", "", FAILED),
        ("None", "", FAILED),
        ("", "Could not connect to the endpoint URL", RUNNING),
    ],
}


@pytest.fixture(params=sorted(ANSWERS))
def documented(request, folder):
    """A template of docs/cluster.md, by its name."""
    blocks = re.findall(rf"```yaml\n# workflow/remote/{request.param}\.yaml\n(.*?)```", DOCS, re.S)
    (text,) = blocks
    return request.param, template(text)


def tool(folder, monkeypatch, program, printed, error="", code=0):
    """Put a program first in the PATH that keeps its words and input, and prints a text."""
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    (folder / "printed").write_text(printed)
    (folder / "error").write_text(error)
    file = bin_folder / program
    file.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > "{folder}/words"\ncat > "{folder}/input"\n'
        f'cat "{folder}/printed"\ncat "{folder}/error" >&2\nexit {code}\n'
    )
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:/usr/bin:/bin")


def test_documented_templates_submit_what_the_services_take(documented, folder, monkeypatch):
    name, read = documented
    program = read.submit[0]
    printed = {"kube": "nbsnake-train-1", "aws": "8f2e4c1a-0000\n"}[name]
    tool(folder, monkeypatch, program, printed)
    assert read.start("train", WORDS) == printed.strip()
    sent = json.loads((folder / "input").read_text())
    if name == "kube":
        container = sent["spec"]["template"]["spec"]["containers"][0]
        labels = {"job-name": "nbsnake-train-1"}
        assert sent["metadata"] == {"name": "nbsnake-train-1", "labels": labels}
        assert container["command"] == ["python3", "-c", WORDS["start"]]
        assert container["resources"]["requests"] == {"cpu": "4", "memory": "16Gi"}
    else:
        assert sent["jobName"] == "nbsnake-train-1"
        assert sent["containerOverrides"]["command"] == ["python3", "-c", WORDS["start"]]
        needs = sent["containerOverrides"]["resourceRequirements"]
        assert {each["type"]: each["value"] for each in needs} == {"VCPU": "4", "MEMORY": "4096"}
    assert re.findall(r"\{\w+\}", json.dumps(sent)) == ["{job}"]  # of the code to start


def test_an_error_of_the_tool_says_nothing_of_the_job(folder, monkeypatch):
    read = template(PLAIN.replace("failed: [Failed, NotFound]\n", ""))
    tool(folder, monkeypatch, read.status[0], "phase: Running", "connection failed")
    assert read.ask("job-7")[0] == RUNNING
    tool(folder, monkeypatch, read.status[0], "phase: failed", "")
    assert read.ask("job-7")[0] == FAILED


def test_documented_templates_know_the_answers_of_their_tools(documented, folder, monkeypatch):
    name, read = documented
    for printed, error, state in ANSWERS[name]:
        tool(folder, monkeypatch, read.status[0], printed, error, code=1 if error else 0)
        assert read.ask("job-7")[0] == state, (printed, error)
        assert "job-7" in (folder / "words").read_text().split()
    tool(folder, monkeypatch, read.find[0], "job-7\n")
    assert read.job_named("nbsnake-a", "train") == "job-7"
    words = (folder / "words").read_text()
    asked = {"kube": "job\nnbsnake-a\n", "aws": "--job-queue\nanalysis\n"}[name]
    assert asked in words
    assert "nbsnake-a" in words
    tool(folder, monkeypatch, read.find[0], "\n")
    assert read.job_named("nbsnake-a", "train") == ""
    tool(folder, monkeypatch, read.cancel[0], "")
    read.stop("job-7")
    assert "job-7" in (folder / "words").read_text().split()
