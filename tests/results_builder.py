"""A project of two steps on disk, with its plan, for the laws of what is fresh, locked, restored.

``make`` copies ``in.txt`` to ``mid.txt``, ``join`` doubles that into ``out.txt``. Jobs run through
`nbsnake exec` in this process; nothing else is started but the commands themselves.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from nbsnake.job.atomic import write_atomically
from nbsnake.job.cache import Cache
from nbsnake.job.content import source_digests
from nbsnake.job.digests import Digests
from nbsnake.job.exec import main as run_exec
from nbsnake.job.jobs import write_jobs
from nbsnake.job.plan import PLAN_FILE, Plan, PlannedOut, PlannedStep, plan_to_dict
from nbsnake.job.receipt import Receipt, read_receipt
from nbsnake.results.freshness import Judge, Verdict
from nbsnake.results.sync import Synced, sync

COPY = "import sys; open(sys.argv[2], 'w').write(open(sys.argv[1]).read() * int(sys.argv[3]))"

FRESH = {"make": "fresh", "join": "fresh"}


def planned(name: str, dep: str, out: str, times: int = 1, **changes: object) -> PlannedStep:
    """A step that writes what it reads, ``times`` times."""
    argv = (sys.executable, "-c", COPY, dep, out, str(times))
    step = PlannedStep(
        name=name,
        notebook=f"notebooks/{name}.ipynb",
        cmd=f"python {name}.py",
        argv=argv,
        deps=(dep,),
        outs=(PlannedOut(out),),
        params={"params.yaml": {f"{name}.times": times}},
        run_cache=True,
        axes={},
        lists={},
        keys={},
    )
    return step._replace(**changes)


class Folder:
    """The working directory as a project, with the plan of its steps."""

    def __init__(self) -> None:
        Path("in.txt").write_text("1\n")
        Path(".dvc").mkdir()
        self.plan_steps(
            planned("make", "in.txt", "mid.txt"), planned("join", "mid.txt", "out.txt", 2)
        )

    def plan_steps(self, *steps: PlannedStep, links: tuple[str, ...] = ("copy",)) -> None:
        cache = Cache(".dvc/cache", links)
        self.plan = Plan(
            steps={step.name: step for step in steps},
            params={},
            cache=cache,
            root=os.getcwd(),
            state=os.path.join(os.environ["DVC_SITE_CACHE_DIR"], "repo", "x"),
        )
        document = plan_to_dict(self.plan, source_digests([]))
        write_atomically(PLAN_FILE, json.dumps(document).encode())
        write_jobs(self.plan)

    def exec(self, name: str, *command: str) -> int:
        """Run a job of the step, by its own command unless another is given."""
        return run_exec([name, "--", *(command or self.plan.steps[name].argv)])

    def run_all(self) -> None:
        for name in self.plan.steps:
            assert self.exec(name) == 0
        assert self.sync().refused == {}

    def sync(self) -> Synced:
        return sync(self.plan, Digests())

    def judge(self) -> Judge:
        return Judge(self.plan, Digests())

    def verdicts(self) -> dict[str, Verdict]:
        return self.judge().verdicts()

    def states(self) -> dict[str, str]:
        return {name: verdict.state for name, verdict in self.verdicts().items()}

    def receipt(self, name: str) -> Receipt:
        receipt = read_receipt(name)
        assert receipt is not None
        return receipt

    def object_of(self, path: str) -> Path:
        content = Digests().of(path)
        assert content is not None
        return Path(self.plan.cache.object_path(content.md5))

    def forget_objects(self) -> None:
        shutil.rmtree(".dvc/cache/files")
