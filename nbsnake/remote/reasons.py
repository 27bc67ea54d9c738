"""Why a job waits or has failed, in the words of Kubernetes and AWS Batch, and what to do.

The words are from kubernetes.io/docs/concepts/workloads (Jobs, Pod Lifecycle, Disruptions, Node-
pressure Eviction), kubernetes.io/docs/concepts/containers/images, and docs.aws.amazon.com/batch
(Troubleshooting AWS Batch, Automated job retries).
"""

import re
from typing import NamedTuple


class Reason(NamedTuple):
    """What a word means, and what to do about it."""

    words: str
    meaning: str
    hint: str


_MEMORY = "give the step more memory, among `steps` of the settings of jobs"
_AGAIN = "run again, or give the step :retries:"
_IMAGE = "see that the image exists, and that the machines may read it"
_REQUEST = "request less, or ask who runs the cluster"
# The first one that matches counts: what a container says before what follows from it.
_REASONS = (
    Reason("OOMKilled|OutOfMemoryError", "it used more memory than its limit", _MEMORY),
    Reason(
        "ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull|ImageInspectError"
        "|CannotPullContainerError|CannotPullImageManifestError",
        "its image cannot be fetched",
        _IMAGE,
    ),
    Reason(
        "CreateContainerConfigError|CreateContainerError|RunContainerError"
        "|CannotStartContainerError|CannotCreateContainerError|ResourceInitializationError"
        "|StartError|ContainerCannotRun",
        "its container cannot start",
        "see that the secrets and programs that the settings of jobs name exist",
    ),
    Reason(
        "DeadlineExceeded|Job attempt duration exceeded timeout",
        "it passed its time limit",
        "raise the limit: activeDeadlineSeconds in Kubernetes, timeout in AWS Batch",
    ),
    Reason(
        r"Evicted|EvictionByEvictionAPI|TerminationByKubelet|NodeLost|NodeShutdown"
        r"|DeletionByTaintManager|DeletionByPodGC|Preempt\w+|PreemptionByScheduler"
        r"|Host EC2 \(instance [^)]*\) terminated",
        "its machine was lost or needed for others",
        _AGAIN,
    ),
    Reason("NotFound", "it was deleted", _AGAIN),
    Reason(
        r"Unschedulable|MISCONFIGURATION:\w+|CAPACITY:\w+|OutOfcpu|OutOfmemory",
        "no machine has room for what it requests",
        _REQUEST,
    ),
    Reason("JobSuspended", "it is suspended", "resume it, or ask who suspended it"),
)


def explain(text: str) -> Reason | None:
    """The reason in what the tools print, with the word that they have; None for an unknown one."""
    for reason in _REASONS:
        if found := re.search(rf"(?<!\w)(?:{reason.words})(?!\w)", text):
            return reason._replace(words=found[0])
    return None
