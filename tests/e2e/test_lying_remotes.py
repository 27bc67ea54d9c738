"""An S3 server that lies: nothing that it says becomes a result, and commands end."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from diamond import OUTPUTS
from e2e_project import Project
from hostile_project import remove
from lying_s3 import ENOUGH, LIES, LyingServer, lists_keys_that_lead_out, lying_server

pytestmark = [pytest.mark.e2e, pytest.mark.remote]


@pytest.fixture
def liar(s3: int) -> Iterator[LyingServer]:
    """A server that says the truth until it is told to lie."""
    with lying_server(s3) as server:
        yield server


@pytest.fixture
def pushed(done: Project, liar: LyingServer) -> Project:
    """A project whose results are on the server."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    done.env.update(keys, AWS_DEFAULT_REGION="us-east-1")
    done.dvc("remote", "add", "--default", "--quiet", "store", "s3://store/data")
    done.dvc("remote", "modify", "store", "endpointurl", f"http://127.0.0.1:{liar.server_port}")
    done.nbsnake("push")
    return done


def test_what_a_lying_server_sends_is_no_result(
    pushed: Project, liar: LyingServer, tmp_path: Path
) -> None:
    """One lie after another, of one server, which takes seconds to start."""
    before = pushed.outputs()
    for name, (lie, pattern) in LIES.items():
        for path in (".dvc/cache", *OUTPUTS):
            remove(pushed.root / path)
        liar.lie = lie
        ended = pushed.run_anyhow("nbsnake", "pull")
        story = f"{name}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
        assert "Traceback" not in ended.stderr, story
        assert re.search(pattern, ended.stderr), story
        assert (ended.returncode == 0) == (name in HARMLESS), story
        assert pushed.wrong_objects() == [], story
        assert all(before[path] == data for path, data in pushed.outputs().items()), story
        assert liar.taken < ENOUGH, story
        assert liar.elsewhere == [], story
    assert not [path for path in tmp_path.rglob("*") if path.name == "outside"]


HARMLESS = ("is_cut_off", "lists_keys_that_lead_out")  # what is asked for again; what is not used


def test_what_a_lying_server_lists_is_not_pushed_to(
    pushed: Project, liar: LyingServer, tmp_path: Path
) -> None:
    liar.lie = lists_keys_that_lead_out
    shutil.copytree(pushed.root / ".dvc/cache", tmp_path / "before")
    pushed.nbsnake("push")
    kept = {each.name for each in (tmp_path / "before").rglob("*")}
    assert {each.name for each in (pushed.root / ".dvc/cache").rglob("*")} == kept
