"""A merge is not a run: entries that git combined are found, and the merge driver makes none."""

import shutil
import sysconfig
from pathlib import Path

import pytest
from merged_repository import (
    FOUND,
    KINDS,
    NONE,
    Kind,
    Repository,
    cherry_pick,
    octopus,
    pending_merge,
    rebase,
    squash_by_a_service,
    true_merge,
)

from nbsnake.merging.drivers import driver_command, install_drivers
from nbsnake.merging.guard import MEMO_FILE, Suspects, find_suspects
from nbsnake.names import GENERATED

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory, tool_env):
    """Only to be copied."""
    return new_repository(tmp_path_factory.mktemp("merges") / "repo", tool_env)


@pytest.fixture
def repo(tmp_path, two_runs):
    """On the branch ``right``."""
    return two_runs.copy_to(tmp_path / "repo")


def new_repository(root: Path, env: dict[str, str], folder: str = "") -> Repository:
    project = root / folder
    project.mkdir(parents=True)
    repo = Repository(project, env)
    repo.git("init", "--quiet", "--initial-branch=main", str(root))
    repo.run(1, 1)
    repo.branch("left", 2, 1)
    repo.branch("right", 1, 2)
    return repo


def found_in(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> frozenset[str]:
    monkeypatch.chdir(repo.root)
    return frozenset(find_suspects().merges)


def installed_in(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(repo.root)
    for name, value in repo.env.items():
        if name.startswith("GIT_"):
            monkeypatch.setenv(name, value)
    return install_drivers()


def clone_of(repo: Repository, kind: Kind) -> Repository:
    """A clone by another person; what is not committed is only here."""
    return repo if kind is pending_merge else repo.clone(repo.root.with_name("clone"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_guard_finds_what_merges_combined(repo, kind, monkeypatch):
    wrong, found = KINDS[kind]
    kind(repo)
    assert repo.wrong() == wrong
    assert found_in(clone_of(repo, kind), monkeypatch) == found


@pytest.mark.lock
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_with_the_driver_no_merge_combines_entries(repo, kind, monkeypatch):
    assert "dvc.lock" in installed_in(repo, monkeypatch)
    kind(repo)
    wrong = FOUND if kind is octopus else NONE  # a strategy that knows no drivers
    assert repo.wrong() == wrong
    assert found_in(clone_of(repo, kind), monkeypatch) == wrong


@pytest.mark.parametrize("kind", [squash_by_a_service, rebase, cherry_pick])
def test_merge_commit_of_a_pull_request_shows_what_a_service_would_make_of_it(
    repo, kind, monkeypatch
):
    service = repo.clone(repo.root.with_name("service"))
    service.git("merge", "--quiet", "--no-edit", "origin/left")
    runner = service.clone(repo.root.with_name("runner"), "--depth=2")
    assert found_in(runner, monkeypatch) == FOUND
    kind(repo)
    assert repo.lock == runner.lock


def test_shallow_clone_says_how_to_get_the_parents(repo, monkeypatch):
    true_merge(repo)
    clone = repo.clone(repo.root.with_name("clone"), "--depth=1")
    monkeypatch.chdir(clone.root)
    before = find_suspects()
    assert "git fetch --deepen=1" in before.unseen
    assert (before.merges, before.at_head) == ({}, True)
    clone.git("fetch", "--quiet", "--deepen=1")
    assert (frozenset(find_suspects().merges), find_suspects().unseen) == (FOUND, "")


def test_shallow_clone_below_a_merge_says_so_too(repo, monkeypatch):
    true_merge(repo)
    repo.git("commit", "--quiet", "--allow-empty", "--message", "later")
    monkeypatch.chdir(repo.clone(repo.root.with_name("clone"), "--depth=2").root)
    assert "git fetch --deepen=1" in find_suspects().unseen
    assert not find_suspects().at_head


def test_shallow_clone_without_a_merge_at_its_end_has_nothing_to_say(repo, monkeypatch):
    monkeypatch.chdir(repo.clone(repo.root.with_name("clone"), "--depth=1").root)
    assert find_suspects() == Suspects()


def test_newest_merge_is_named(repo, monkeypatch):
    true_merge(repo)
    title = f"merge {repo.git('rev-parse', 'HEAD')[:7]}"
    repo.git("commit", "--quiet", "--allow-empty", "--message", "later")
    monkeypatch.chdir(repo.root)
    assert find_suspects().merges == {"join": title}


def test_memo_spares_the_history_until_there_is_a_new_commit(repo, monkeypatch):
    true_merge(repo)
    assert found_in(repo, monkeypatch) == FOUND
    with monkeypatch.context() as patch:
        patch.setattr("nbsnake.merging.guard.commits_of_lock", None)
        assert found_in(repo, monkeypatch) == FOUND
    repo.run(2, 2)
    assert found_in(repo, monkeypatch) == NONE
    repo.git("switch", "--quiet", "--detach", "HEAD^")
    assert found_in(repo, monkeypatch) == FOUND


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "found": [1]}'])
def test_damaged_memo_is_made_again(repo, monkeypatch, text):
    true_merge(repo)
    assert found_in(repo, monkeypatch) == FOUND
    Path(MEMO_FILE).write_text(text)
    assert found_in(repo, monkeypatch) == FOUND


@pytest.mark.parametrize("folder", ["sub", 'it\'s a "sub" [folder] of 50%'])
def test_project_in_a_subfolder_is_guarded_and_merged(tmp_path, tool_env, monkeypatch, folder):
    repo = new_repository(tmp_path / "repo", tool_env, folder)
    repo.git("branch", "other")
    true_merge(repo)
    assert found_in(repo, monkeypatch) == FOUND
    repo.git("switch", "--quiet", "other")
    assert "dvc.lock" in installed_in(repo, monkeypatch)
    true_merge(repo)
    assert repo.wrong() == NONE


def test_outside_of_a_repository_and_before_the_first_commit_nothing_is_found(
    tmp_path, tool_env, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert find_suspects() == Suspects()
    assert install_drivers() == []
    Repository(tmp_path, tool_env).git("init", "--quiet")
    assert find_suspects() == Suspects()


def test_repository_that_git_does_not_read_is_reported(repo, monkeypatch):
    (repo.root / ".git/config").write_text("[broken\n")
    monkeypatch.chdir(repo.root)
    suspects = find_suspects()
    assert "git cannot read this repository" in suspects.unseen
    assert suspects.at_head
    assert install_drivers() == []


def attributes(repo: Repository) -> Path:
    return repo.root / ".git/info/attributes"


def test_drivers_are_installed_once_and_beside_what_is_there(repo, monkeypatch):
    attributes(repo).parent.mkdir(exist_ok=True)
    attributes(repo).write_text("*.csv diff=csv")
    assert len(installed_in(repo, monkeypatch)) == 4
    text = attributes(repo).read_text()
    assert text.startswith("*.csv diff=csv\n/dvc.lock merge=nbsnake-lock\n")
    assert installed_in(repo, monkeypatch) == []
    assert attributes(repo).read_text() == text
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("line", ["dvc.lock merge=union", "dvc.lock -merge", "*.lock merge"])
def test_way_of_merging_that_somebody_chose_stays(repo, monkeypatch, line):
    (repo.root / ".gitattributes").write_text(f"{line}\n")
    assert "dvc.lock" not in installed_in(repo, monkeypatch)
    assert "dvc.lock" not in attributes(repo).read_text()
    assert repo.call("config", "merge.nbsnake-lock.driver").returncode == 1


def test_work_trees_share_the_drivers(repo, monkeypatch, tmp_path):
    repo.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "main")
    tree = Repository(tmp_path / "tree", repo.env)
    assert len(installed_in(tree, monkeypatch)) == 4
    assert installed_in(repo, monkeypatch) == []
    true_merge(repo)
    assert repo.wrong() == NONE


def test_driver_of_another_environment_is_replaced(repo, monkeypatch):
    installed_in(repo, monkeypatch)
    repo.git("config", "merge.nbsnake-lock.driver", "/gone/nbsnake merge")
    assert installed_in(repo, monkeypatch) == ["dvc.lock"]
    true_merge(repo)
    assert repo.wrong() == NONE


def test_without_the_program_git_merges_lines_as_in_other_clones(repo, monkeypatch):
    installed_in(repo, monkeypatch)
    repo.git("config", "merge.nbsnake-lock.driver", driver_command("/gone/nbsnake", "lock"))
    true_merge(repo)
    assert repo.wrong() == found_in(repo, monkeypatch) == FOUND


def test_driver_names_the_stages_to_run_wherever_its_program_lies(repo, monkeypatch, tmp_path):
    installed_in(repo, monkeypatch)
    program = tmp_path / 'it\'s "a" $(folder) of 50% %A' / "nbsnake"
    program.parent.mkdir()
    program.symlink_to(shutil.which("nbsnake", path=sysconfig.get_path("scripts")))
    repo.git("config", "merge.nbsnake-lock.driver", driver_command(str(program), "lock"))
    assert "dvc.lock is merged stage by stage; to be run: join" in repo.git("merge", "left")
    assert repo.wrong() == NONE


def test_lock_that_dvc_did_not_print_is_left_to_the_user(repo, monkeypatch):
    installed_in(repo, monkeypatch)
    for branch in ("left", "right"):
        repo.git("switch", "--quiet", branch)
        (repo.root / "dvc.lock").write_text(f"# checked\n{repo.lock}")
        repo.git("commit", "--quiet", "--all", "--message", "comment")
    ours = repo.lock
    done = repo.call("merge", "left")
    assert done.returncode == 1
    assert "take one whole side: git checkout --ours dvc.lock" in done.stderr
    assert repo.lock == ours


def write_rules(repo: Repository, path: str, texts: dict[str, str]) -> None:
    for branch in ("left", "right"):
        repo.git("switch", "--quiet", branch)
        (repo.root / path).parent.mkdir(parents=True, exist_ok=True)
        (repo.root / path).write_text(texts[branch])
        repo.git("add", ".")
        repo.git("commit", "--quiet", "--message", "rule")


def test_of_generated_files_our_side_is_taken(repo, monkeypatch):
    installed_in(repo, monkeypatch)
    texts = {branch: f"{GENERATED}.\n{branch}\n" for branch in ("left", "right")}
    write_rules(repo, "workflow/rules/join.smk", texts)
    assert "nbsnake generate" in repo.git("merge", "--no-edit", "left")
    assert (repo.root / "workflow/rules/join.smk").read_text() == texts["right"]


def test_rules_of_a_person_are_merged_by_lines(repo, monkeypatch):
    installed_in(repo, monkeypatch)
    path = "workflow/rules/own.smk"
    write_rules(repo, path, {"left": "left\n", "right": "right\n"})
    assert repo.call("merge", "left").returncode == 1
    text = (repo.root / path).read_text()
    assert "<<<<<<< ours\nright\n=======\nleft\n>>>>>>> theirs\n" in text
