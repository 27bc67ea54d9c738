"""The extension in a real Jupyter server: who may ask what, and what a save does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from diamond import LEFT
from e2e_project import Project
from loopback_jupyter import Jupyter, browser, serving

pytest.importorskip("jupyter_server.serverapp", reason="pip install 'nbsnake[jupyter]'")
pytestmark = pytest.mark.e2e
WAYS = ("status", "why", "progress", "parameters", "report", "executed")
MARKUP = "<img src=x onerror=alert(1)>&\"'{{7}}%s"
LEFT_PATH = "project/notebooks/left.ipynb"


@pytest.fixture(scope="module")
def jupyter(generated: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A server beside a project in which nothing has run, and files that are in no project."""
    folder = tmp_path_factory.mktemp("jupyter")
    project = generated.copy_to(folder / "root/project")
    (folder / "root/free.ipynb").write_text(project.read("notebooks/left.ipynb"))
    (folder / "outside.ipynb").write_text(project.read("notebooks/left.ipynb"))
    (folder / "root/link.ipynb").symlink_to(folder / "outside.ipynb")
    cells = [cell.replace("results of all/left.txt", "results/other.txt") for cell in LEFT]
    project.write_notebook(MARKUP, cells)
    project.env["HOLD_FILE"] = str(folder / "hold")  # which is not there until a test wants it
    with serving(project, folder) as server:
        yield server


def script(jupyter: Jupyter, step: str = "left") -> str:
    return jupyter.project.read(f"workflow/scripts/{step}.py")


@pytest.mark.parametrize("way", [*WAYS, "run"])
def test_nobody_gets_an_answer_without_the_token(jupyter: Jupyter, way: str) -> None:
    method = "POST" if way == "run" else "GET"
    for by in (browser(), browser(Authorization="token wrong")):
        found = jupyter.of(way, "left", method, by=by)
        is_login = found.history and "/login" in found.url  # where pages lead
        assert found.status_code == 403 or is_login


@pytest.mark.parametrize("way", WAYS)
def test_page_of_another_origin_gets_no_answer(jupyter: Jupyter, way: str) -> None:
    assert jupyter.of("status", "left", by=jupyter.logged_in()).status_code == 200
    other = jupyter.logged_in(Origin="http://example.org")
    assert jupyter.of(way, "left", by=other).status_code == 404


@pytest.mark.parametrize(
    ("way", "method"), [("run", "POST"), ("run", "DELETE"), ("parameters", "PUT")]
)
def test_form_of_another_page_changes_nothing(jupyter: Jupyter, way: str, method: str) -> None:
    user = jupyter.logged_in()
    assert jupyter.of(way, "left", method, by=user).status_code == 403
    user.headers["X-XSRFToken"] = user.cookies["_xsrf"]
    assert jupyter.of("run", "left", "DELETE", by=user).status_code == 202
    assert jupyter.of("progress", "left").json() == {"run": None}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "path", ["../outside.ipynb", "link.ipynb", "project/../../outside.ipynb", "/etc/passwd", "a\0b"]
)
def test_path_outside_of_the_root_is_refused(jupyter: Jupyter, way: str, path: str) -> None:
    assert jupyter.ask(f"nbsnake/{way}", path=path).status_code == 404


def test_word_that_is_an_option_is_refused(jupyter: Jupyter) -> None:
    assert jupyter.of("why", "left", step="--help").status_code == 400
    assert jupyter.of("run", "left", "POST", step="--config=a").status_code == 400


def test_notebook_in_no_project_has_no_steps(jupyter: Jupyter) -> None:
    found = jupyter.ask("nbsnake/status", path="free.ipynb")
    assert found.status_code == 200
    assert found.json() == {"project": None, "why": "", "steps": [], "run": None}
    assert jupyter.ask("nbsnake/run", "POST", path="free.ipynb").status_code == 404


def test_status_names_states_reasons_and_what_steps_need(jupyter: Jupyter) -> None:
    found = jupyter.status("left")
    assert found["state"] == "never run"
    assert found["project"] == "project"
    assert found["notebook"] == LEFT_PATH
    assert found["needs"] == ["make"]
    assert {step["step"]: step["lane"] for step in found["steps"]}["make"] == 0


def test_save_of_a_step_generates_its_script(jupyter: Jupyter) -> None:
    assert "product_of" not in script(jupyter)
    assert jupyter.save("left", "values = [", "product_of = values = [").ok
    assert jupyter.status("left")["state"] == "never run"  # which waits for the generate
    assert "product_of" in script(jupyter)


def test_fault_in_a_notebook_is_shown_and_the_save_succeeds(jupyter: Jupyter) -> None:
    before = script(jupyter, "join")
    assert jupyter.save("join", "Join what both", ":dvc-out x\\nJoin what both").status_code == 200
    found = jupyter.status("join")
    assert found["state"] == "not generated"
    assert "notebooks/join.ipynb" in found["fault"]
    assert "cell 2" in found["fault"] or "In [" in found["fault"]
    assert script(jupyter, "join") == before
    assert jupyter.save("join", ":dvc-out x\\nJoin what both", "Join what both").status_code == 200
    assert jupyter.status("join")["state"] == "never run"
    assert jupyter.status("join")["fault"] == ""


def test_script_that_cannot_be_written_is_not_called_fresh(jupyter: Jupyter) -> None:
    blocked = jupyter.project.root / "workflow/scripts/make.py"
    blocked.unlink()
    blocked.mkdir()
    assert jupyter.save("make", "words = file", "words = kept = file").ok
    found = jupyter.status("make")
    assert found["state"] == "not generated"
    assert "workflow/scripts/make.py" in found["fault"]
    blocked.rmdir()
    jupyter.project.nbsnake("generate")
    found = jupyter.status("make")
    assert (found["state"], found["fault"]) == ("never run", "")


def test_name_with_markup_is_a_name_and_its_pages_run_nothing(jupyter: Jupyter) -> None:
    found = jupyter.of("status", MARKUP)
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("application/json")
    assert jupyter.save(MARKUP).status_code == 200
    name = found.json()["steps"][-1]["step"]
    assert jupyter.of("why", MARKUP, step=name).json()["code"] == 0
    page = jupyter.of("report", MARKUP)
    assert "<img src=x" not in page.text
    assert page.headers["content-security-policy"].startswith("sandbox allow-popups allow-scripts;")
    missing = jupyter.of("executed", MARKUP)
    assert missing.status_code == 404
    assert "<img src=x" not in missing.text


@pytest.mark.browser
def test_run_is_followed_to_its_end_and_its_pages_are_shown(jupyter: Jupyter) -> None:
    started = jupyter.of("run", "left", "POST")
    assert started.status_code == 202
    assert jupyter.of("run", "left", "POST").status_code == 409
    run = jupyter.wait_for_run("left")
    assert run["code"] == 0, run
    assert run["progress"]["total"] == 2
    assert sorted(run["progress"]["done"]) == ["left", "make"]
    assert jupyter.status("left")["state"] == "fresh"
    page = jupyter.of("executed", "left")
    assert "write_slowly" in page.text
    assert page.headers["content-security-policy"].startswith("sandbox allow-popups;")


@pytest.mark.browser
def test_parameter_is_shown_written_and_makes_the_step_stale(jupyter: Jupyter) -> None:
    jupyter.of("run", "left", "POST")
    jupyter.wait_for_run("left")
    form = jupyter.of("parameters", "left").json()
    first = form["fields"][0]
    assert (first["keys"], first["type"], first["own"]) == (["left", "factor"], "int", True)
    new = {"keys": ["left", "factor"], "text": "5", "null": False}
    wrong = {**new, "text": "x"}
    for other in ([new], "x", {"changes": {}, "digest": form["digest"]}, {"changes": [new]}):
        assert jupyter.of("parameters", "left", "PUT", body=other).status_code == 400
    body = {"changes": [wrong], "digest": form["digest"]}
    refused = jupyter.of("parameters", "left", "PUT", body=body)
    assert refused.status_code == 422
    assert refused.json()["faults"][0]["keys"] == ["left", "factor"]
    body = {"changes": [new], "digest": form["digest"]}
    assert jupyter.of("parameters", "left", "PUT", body=body).status_code == 200
    assert "factor: 5" in jupyter.project.read("params.yaml")
    assert "left.factor was 3, now 5" in str(jupyter.status("left")["reasons"])
    stale = jupyter.of("parameters", "left", "PUT", body=body)
    assert stale.status_code == 422
    assert "has changed since it was shown" in stale.json()["fault"]
    body = {
        "changes": [{**new, "text": "3"}],
        "digest": jupyter.of("parameters", "left").json()["digest"],
    }
    assert jupyter.of("parameters", "left", "PUT", body=body).status_code == 200
    assert jupyter.status("left")["state"] == "fresh"


@pytest.mark.browser
def test_failure_names_the_cell(jupyter: Jupyter) -> None:
    jupyter.save(
        "left",
        "os.makedirs(os.path.dirname(product)",
        "1 / 0; os.makedirs(os.path.dirname(product)",
    )
    jupyter.of("run", "left", "POST")
    assert jupyter.wait_for_run("left")["code"] == 1
    found = jupyter.status("left")
    assert found["state"] == "failed"
    assert found["failure"] == {"cell": 5, "error": "ZeroDivisionError: division by zero"}
    assert "ZeroDivisionError" in jupyter.of("executed", "left", failed="1").text
    assert found["run"]["progress"]["failed"] == ["left"]


@pytest.mark.browser
def test_run_that_is_stopped_starts_nothing_more(jupyter: Jupyter) -> None:
    project = jupyter.project
    project.replace("params.yaml", "repeat: 2", "repeat: 3")
    project.computed()
    hold = Path(project.env["HOLD_FILE"])
    hold.touch()
    jupyter.of("run", "right", "POST", all="1")
    while "right" not in project.peek():
        assert jupyter.of("progress", "right").json()["run"]["running"]
    assert jupyter.status("right")["state"] == "running"
    assert jupyter.of("run", "right", "DELETE").status_code == 202
    hold.unlink()
    assert jupyter.wait_for_run("right")["code"] != 0
    assert "join" not in project.computed()


@pytest.mark.browser
def test_save_of_a_notebook_or_of_its_pair_generates_beside_jupytext(
    generated: Project, tmp_path: Path
) -> None:
    pytest.importorskip("jupytext", reason="pip install '.[beside]'")
    project = generated.copy_to(tmp_path / "root/project")
    (tmp_path / "root/jupytext.toml").write_text('formats = "ipynb,py:percent"\n')
    manager = "--ServerApp.contents_manager_class=jupytext.TextFileContentsManager"
    with serving(project, tmp_path, "server", manager) as server:
        assert server.save("left", "values = [", "kept = values = [").ok
        assert server.status("left")["state"] == "never run"
        assert "kept = values" in script(server)
        assert server.save("left.py", "kept = values = [", "other = values = [").ok
        assert server.status("left")["state"] == "never run"
        assert "other = values" in script(server)
