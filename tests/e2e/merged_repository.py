"""A git repository of the pipeline in `lock_entries`, and the kinds of merges that teams make.

Its branches ``left`` and ``right`` both ran all stages, with another value of ``a`` and of ``b``.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path

from lock_entries import lock_of_run, wrong_entries

CONFLICT = re.compile(r"<<<<<<< .*\n((?s:.*?))=======\n((?s:.*?))>>>>>>> .*\n")


class Repository:
    """A work tree; git runs at the root of its project, without this Python's programs."""

    def __init__(self, root: Path, env: dict[str, str]) -> None:
        self.root = root
        self.env = {**env, "PATH": "/usr/local/bin:/usr/bin:/bin"}

    def git(self, *words: str) -> str:
        """What git prints; it must succeed."""
        done = self.call(*words)
        assert done.returncode == 0, f"git {words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *words], cwd=self.root, env=self.env, capture_output=True, text=True
        )

    @property
    def lock(self) -> str:
        return (self.root / "dvc.lock").read_text()

    def wrong(self) -> set[str]:
        return wrong_entries(self.lock)

    def write_run(self, a: int, b: int) -> None:
        """Leave what a run leaves, as far as git sees it."""
        (self.root / "params.yaml").write_text(f"a:\n  level: {a}\n\n\nb:\n  level: {b}\n")
        (self.root / "dvc.lock").write_text(lock_of_run(a, b))
        (self.root / ".gitignore").write_text("/.nbsnake/\n")
        self.git("add", ".")

    def run(self, a: int, b: int) -> None:
        """Run all stages, and commit."""
        self.write_run(a, b)
        self.git("commit", "--quiet", "--message", f"run with {a} and {b}")

    def branch(self, name: str, a: int, b: int, start: str = "main") -> None:
        """A branch with one run."""
        self.git("switch", "--quiet", "--create", name, start)
        self.run(a, b)

    def merge_by_hand(self, *words: str) -> None:
        """Call git, and where it finds conflicts, take both sides in turn and commit."""
        if self.call(*words).returncode == 0:
            return
        for path in self.git("diff", "--name-only", "--diff-filter=U").split():
            file, turn = self.root / path, count()
            text = CONFLICT.sub(
                lambda found, turn=turn: found[1 + next(turn) % 2], file.read_text()
            )
            file.write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--no-edit")

    def copy_to(self, root: Path) -> "Repository":
        shutil.copytree(self.root, root)
        return Repository(root, self.env)

    def clone(self, root: Path, *options: str) -> "Repository":
        self.git("clone", "--quiet", *options, f"file://{self.root}", str(root))
        return Repository(root, self.env)


def true_merge(repo: Repository) -> None:
    repo.git("merge", "--quiet", "--no-edit", "left")


def earlier_merge(repo: Repository) -> None:
    true_merge(repo)
    (repo.root / "readme.txt").write_text("more\n")
    repo.git("add", ".")
    repo.git("commit", "--quiet", "--message", "later")
    repo.git("switch", "--quiet", "--create", "topic", "left")
    (repo.root / "topic.txt").write_text("more\n")
    repo.git("add", ".")
    repo.git("commit", "--quiet", "--message", "topic")
    repo.git("switch", "--quiet", "right")
    repo.git("merge", "--quiet", "--no-edit", "topic")


def merge_resolved_by_hand(repo: Repository) -> None:
    repo.branch("wide", 3, 1)
    repo.branch("tall", 2, 5)
    repo.merge_by_hand("merge", "--no-edit", "wide")


def pending_merge(repo: Repository) -> None:
    repo.git("merge", "--quiet", "--no-commit", "left")


def squash(repo: Repository) -> None:
    repo.git("merge", "--quiet", "--squash", "left")
    repo.git("commit", "--quiet", "--no-edit")


def squash_by_a_service(repo: Repository) -> None:
    repo.git("merge", "--quiet", "--squash", "left")
    repo.git("commit", "--quiet", "--message", "left (#1)")


def rebase(repo: Repository) -> None:
    repo.git("rebase", "--quiet", "left")


def cherry_pick(repo: Repository) -> None:
    repo.git("cherry-pick", "left")


def cherry_pick_with_its_source(repo: Repository) -> None:
    repo.git("cherry-pick", "-x", "left")


def revert(repo: Repository) -> None:
    repo.run(1, 3)
    repo.git("revert", "--no-edit", "HEAD")


def revert_of_an_earlier_run(repo: Repository) -> None:
    repo.run(2, 2)
    repo.merge_by_hand("revert", "--no-edit", "HEAD^")


def merge_then_run(repo: Repository) -> None:
    true_merge(repo)
    repo.run(2, 2)


def run_before_the_commit(repo: Repository) -> None:
    pending_merge(repo)
    repo.write_run(2, 2)
    repo.git("commit", "--quiet", "--no-edit")


def octopus(repo: Repository) -> None:
    repo.git("switch", "--quiet", "--create", "third", "main")
    (repo.root / "third.txt").write_text("third\n")
    repo.git("add", ".")
    repo.git("commit", "--quiet", "--message", "third")
    repo.git("merge", "--quiet", "--no-edit", "left", "right")


def fast_forward(repo: Repository) -> None:
    repo.git("switch", "--quiet", "main")
    repo.git("merge", "--quiet", "--ff-only", "left")


def plain_repro(repo: Repository) -> None:
    for a, b in ((1, 3), (2, 3), (2, 2), (1, 2)):
        repo.run(a, b)


def amended_by_a_run(repo: Repository) -> None:
    true_merge(repo)
    repo.write_run(2, 2)
    repo.git("commit", "--quiet", "--amend", "--no-edit")


def amended_message(repo: Repository) -> None:
    true_merge(repo)
    repo.git("commit", "--quiet", "--amend", "--message", "both")


def revert_of_the_repair(repo: Repository) -> None:
    merge_then_run(repo)
    repo.git("revert", "--no-edit", "HEAD")


def merge_of_other_stages(repo: Repository) -> None:
    repo.git("switch", "--quiet", "main")
    repo.branch("early", 1, 4)
    repo.branch("late", 1, 4)
    repo.git("merge", "--quiet", "--no-edit", "early")


Kind = Callable[[Repository], None]
FOUND = frozenset({"join"})
NONE: frozenset[str] = frozenset()
# What each kind of merge leaves without the merge driver, and what the guard finds of it in a
# clone. Where that is less, `nbsnake check` finds it on the pull request's merge commit.
KINDS: dict[Kind, tuple[frozenset[str], frozenset[str]]] = {
    true_merge: (FOUND, FOUND),
    earlier_merge: (FOUND, FOUND),
    merge_resolved_by_hand: (FOUND, FOUND),
    pending_merge: (FOUND, FOUND),
    squash: (FOUND, FOUND),
    squash_by_a_service: (FOUND, NONE),
    rebase: (FOUND, NONE),
    cherry_pick: (FOUND, NONE),
    cherry_pick_with_its_source: (FOUND, FOUND),
    revert: (NONE, NONE),
    revert_of_an_earlier_run: (FOUND, FOUND),
    revert_of_the_repair: (FOUND, FOUND),
    merge_then_run: (NONE, NONE),
    run_before_the_commit: (NONE, NONE),
    octopus: (FOUND, FOUND),
    fast_forward: (NONE, NONE),
    plain_repro: (NONE, NONE),
    amended_by_a_run: (NONE, NONE),
    amended_message: (FOUND, FOUND),
    merge_of_other_stages: (NONE, NONE),
}
