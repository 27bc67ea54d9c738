"""Each state that Kubernetes and AWS Batch document gives its state and its reason.

The objects are as the services' documentation shows them (kubernetes.io/docs/concepts/workloads:
Jobs, Pod Lifecycle, Disruptions; docs.aws.amazon.com/batch: Job states, Troubleshooting, Automated
job retries). Where kubectl is installed, it reads them from a server on this machine.
"""

import json
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from nbsnake.errors import ToolError
from nbsnake.remote import exec as remote_exec
from nbsnake.remote.reasons import explain
from nbsnake.remote.runs import Run
from nbsnake.remote.template import FAILED, RUNNING, SUCCESS, read_template

DOCS = (Path(__file__).parents[1] / "docs/cluster.md").read_text(encoding="utf-8")
NAME = "nbsnake-a"
LABELS = {"job-name": NAME}
UNSET = {}


def documented(name, folder):
    """A template of docs/cluster.md."""
    (text,) = re.findall(rf"```yaml\n# workflow/remote/{name}\.yaml\n(.*?)```", DOCS, re.S)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return read_template(f"{name}.yaml")


def job(type_="", reason="", message=""):
    """The status of a Job with one condition, if any."""
    condition = {"type": type_, "status": "True", "reason": reason, "message": message}
    return {"conditions": [condition]} if type_ else {"active": 1}


def pod(phase, state=UNSET, **status):
    """The status of a Pod with one container."""
    containers = [{"name": "step", "state": state}] if state else []
    return {"phase": phase, "containerStatuses": containers, **status}


def waiting(reason, message):
    return {"waiting": {"reason": reason, "message": message}}


LIMIT = job("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
SCHEDULED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
TARGET = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
# By a name: the Job, its Pod, the state, and what is said.
KUBE = {
    "starts": (job(), pod("Pending", waiting("ContainerCreating", "")), RUNNING, ""),
    "runs": (job(), pod("Running", {"running": {"startedAt": "2026-01-01"}}), RUNNING, ""),
    "no image": (
        job(),
        pod("Pending", waiting("ImagePullBackOff", 'Back-off pulling image "a:1"')),
        RUNNING,
        "its image cannot be fetched",
    ),
    "no such image": (
        job(),
        pod("Pending", waiting("ErrImagePull", "not found")),
        RUNNING,
        "its image cannot be fetched",
    ),
    "no secret": (
        job(),
        pod("Pending", waiting("CreateContainerConfigError", 'secret "keys" not found')),
        RUNNING,
        "its container cannot start",
    ),
    "no room": (
        job(),
        pod("Pending", conditions=[{**SCHEDULED, "message": "0/3 nodes are available"}]),
        RUNNING,
        "no machine has room",
    ),
    "suspended": (job("Suspended", "JobSuspended", "Job suspended"), None, RUNNING, "suspended"),
    "done": (
        job("Complete", "CompletionsReached", "Reached expected number of succeeded pods"),
        pod("Succeeded", {"terminated": {"exitCode": 0, "reason": "Completed"}}),
        SUCCESS,
        "",
    ),
    "failed": (
        LIMIT,
        pod("Failed", {"terminated": {"exitCode": 1, "reason": "Error"}}),
        FAILED,
        "",
    ),
    "memory": (
        LIMIT,
        pod("Failed", {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
        FAILED,
        "more memory than its limit",
    ),
    "time": (
        job("Failed", "DeadlineExceeded", "Job was active longer than specified deadline"),
        None,
        FAILED,
        "passed its time limit",
    ),
    "evicted": (
        LIMIT,
        pod("Failed", reason="Evicted", message="The node was low on resource: memory."),
        FAILED,
        "machine was lost",
    ),
    "preempted": (LIMIT, pod("Failed", conditions=[TARGET]), FAILED, "machine was lost"),
    "deleted": (None, None, FAILED, "it was deleted"),
}


def batch(status, reason=None, container=UNSET):
    detail = {"jobId": "8f2e", "status": status, "container": container}
    return [{**detail, "statusReason": reason} if reason else detail]


ESSENTIAL = "Essential container in task exited"
AWS = {
    **{state: (batch(state), RUNNING, "") for state in ("SUBMITTED", "PENDING", "STARTING")},
    "RUNNING": (batch("RUNNING"), RUNNING, ""),
    "RUNNABLE": (batch("RUNNABLE"), RUNNING, ""),
    "blocked": (
        batch("RUNNABLE", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job is too large"),
        RUNNING,
        "no machine has room",
    ),
    "full": (
        batch("RUNNABLE", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - no capacity"),
        RUNNING,
        "no machine has room",
    ),
    "SUCCEEDED": (batch("SUCCEEDED", ESSENTIAL, {"exitCode": 0}), SUCCESS, ""),
    "FAILED": (batch("FAILED", ESSENTIAL, {"exitCode": 1}), FAILED, ""),
    "memory": (
        batch(
            "FAILED",
            ESSENTIAL,
            {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"},
        ),
        FAILED,
        "more memory than its limit",
    ),
    "spot": (
        batch("FAILED", "Host EC2 (instance i-0a1b2c3d4e5f67890) terminated."),
        FAILED,
        "machine was lost",
    ),
    "time": (batch("FAILED", "Job attempt duration exceeded timeout"), FAILED, "time limit"),
    "image": (
        batch("FAILED", "Task failed to start", {"reason": "CannotPullContainerError: a:1"}),
        FAILED,
        "its image cannot be fetched",
    ),
    "forgotten": ([], FAILED, ""),
}


class Api(BaseHTTPRequestHandler):
    """As much of the API of Kubernetes as ``kubectl get`` asks for."""

    def do_GET(self):
        found = self.server.answers.get(self.path.partition("?")[0])
        missing = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
        absent = {**missing, "apiVersion": "v1", "message": f'jobs.batch "{NAME}" not found'}
        data = json.dumps(found or absent).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Nothing is printed."""


def resources(version, name, kind):
    """What the API says of one kind of objects."""
    one = {"name": name, "singularName": "", "namespaced": True, "kind": kind, "verbs": ["get"]}
    return {"kind": "APIResourceList", "groupVersion": version, "resources": [one]}


def objects(version, kind, status):
    """The objects of a kind, of which there is one or none."""
    meta = {"name": NAME, "namespace": "default", "labels": LABELS}
    one = {"apiVersion": version, "kind": kind, "metadata": meta, "status": status}
    listed = {"apiVersion": version, "kind": f"{kind}List", "metadata": {}}
    return {**listed, "items": [] if status is None else [one]}


def answers(job_status, pod_status):
    """What the API answers, by path."""
    jobs, pods = objects("batch/v1", "Job", job_status), objects("v1", "Pod", pod_status)
    batch_version = {"groupVersion": "batch/v1", "version": "v1"}
    group = {"name": "batch", "versions": [batch_version], "preferredVersion": batch_version}
    at = "/apis/batch/v1/namespaces/default/jobs"
    return {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]},
        "/api/v1": resources("v1", "pods", "Pod"),
        "/apis/batch/v1": resources("batch/v1", "jobs", "Job"),
        "/api/v1/namespaces/default/pods": pods,
        at: jobs,
        **({f"{at}/{NAME}": jobs["items"][0]} if jobs["items"] else {}),
    }


@pytest.fixture
def kube(folder, monkeypatch):
    """Makes the real kubectl see a Job and its Pod; gives the template."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl: apt-get install kubernetes-client")
    monkeypatch.setenv("HOME", str(folder))  # where kubectl keeps what it knows of a server
    with HTTPServer(("127.0.0.1", 0), Api) as server:
        config = {"clusters": [{"name": "c", "cluster": {}}], "current-context": "c"}
        config["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{server.server_port}"
        config["contexts"] = [{"name": "c", "context": {"cluster": "c", "user": "c"}}]
        (folder / "kubeconfig").write_text(json.dumps({"kind": "Config", **config}))
        monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield lambda *found: setattr(server, "answers", answers(*found))
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", KUBE)
def test_kubectl_tells_each_state_and_its_reason(kube, folder, name):
    job_status, pod_status, state, said = KUBE[name]
    kube(job_status, pod_status)
    check(documented("kube", folder), NAME, state, said)


@pytest.mark.parametrize(("status", "found"), [(job(), NAME), (None, "")])
def test_kubectl_finds_a_job_by_its_name(kube, folder, status, found):
    kube(status, None)
    assert documented("kube", folder).job_named(NAME, "a") == found


@pytest.mark.remote  # it has what speaks the language of --query
@pytest.mark.parametrize("name", AWS)
def test_aws_batch_tells_each_state_and_its_reason(folder, monkeypatch, name):
    jobs, state, said = AWS[name]
    read = documented("aws", folder)
    aws(folder, monkeypatch, {"jobs": jobs})
    check(read, "8f2e", state, said)


AWS_CLI = """\
#!{python}
import json, sys, jmespath
query = sys.argv[sys.argv.index("--query") + 1]
found = jmespath.search(query, json.load(open({answer!r})))
assert sys.argv[sys.argv.index("--output") + 1] == "text"
assert sys.argv[1:5] == ["batch", "describe-jobs", "--jobs", "8f2e"]
print(found)  # the CLI's text for a string, and "None" for null
"""


def aws(folder, monkeypatch, answer):
    """Put a program first in the PATH that prints of an answer what its --query asks for."""
    pytest.importorskip("jmespath", reason="pip install 'nbsnake[remote]'")
    import sys

    (folder / "bin").mkdir()
    (folder / "answer.json").write_text(json.dumps(answer))
    text = AWS_CLI.format(python=sys.executable, answer=str(folder / "answer.json"))
    (folder / "bin/aws").write_text(text)
    (folder / "bin/aws").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:/usr/bin:/bin")


def check(template, name, state, said):
    """What the template says of a job is its state and its reason, as the run says it."""
    found, printed = template.ask(name)
    assert found == state, printed
    reason = explain(f"{template.why(name)} {printed}")
    assert said in (reason.meaning if reason else ""), template.why(name)
    assert bool(said) == bool(reason)


def template(folder, status, reason):
    (folder / "here.yaml").write_text(
        f"submit: ['true']\nstatus: {status}\nreason: {reason}\ncancel: ['true']\npoll: 0.01\n"
    )
    return read_template("here.yaml")


def test_a_failure_has_the_reason_with_its_word_and_what_to_do(folder):
    read = template(folder, "[echo, failed]", "[echo, 'OOMKilled, exit code 137']")
    with pytest.raises(ToolError) as caught:
        remote_exec.wait("train", Run("", NAME, "7"), read, (folder / "absent").as_uri())
    assert caught.value.message == (
        "the job 7 ended without a result: it used more memory than its limit "
        "(failed; OOMKilled, exit code 137)"
    )
    assert "give the step more memory" in caught.value.hint


def test_what_keeps_a_job_waiting_is_said_once(folder, monkeypatch, capfd):
    monkeypatch.setattr(remote_exec, "ASK_WHY", 0.0)
    status = "[sh, -c, 'echo x >> asked; [ $(wc -l < asked) -gt 3 ] && echo failed || echo no']"
    read = template(folder, status, "[echo, ImagePullBackOff]")
    with pytest.raises(ToolError, match="its image cannot be fetched"):
        remote_exec.wait("train", Run("", NAME, "7"), read, (folder / "absent").as_uri())
    said = [line for line in capfd.readouterr().err.splitlines() if "waits" in line]
    assert said == [
        "nbsnake exec: train: the job 7 waits: its image cannot be fetched (ImagePullBackOff)"
    ]


def test_a_reason_that_cannot_be_asked_for_hides_nothing(folder):
    read = template(folder, "[echo, failed]", "[sh, -c, 'echo no access >&2; exit 1']")
    with pytest.raises(ToolError, match=r"ended without a result: failed; no access"):
        remote_exec.wait("train", Run("", NAME, "7"), read, (folder / "absent").as_uri())


def test_kubectl_takes_the_documented_job(kube, folder):
    """By its own check of what it would send."""
    read = documented("kube", folder)
    kube(job(), None)
    text = json.dumps(read.input).replace("{name}", NAME).replace("{threads}", "2")
    done = subprocess.run(
        ["kubectl", "create", "--dry-run=client", "--validate=false", "-f", "-", "-o", "name"],
        input=text,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == f"job.batch/{NAME}", done.stderr
