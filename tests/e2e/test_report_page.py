"""The report in a real browser: nothing is loaded, nothing of others runs, all can be read."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import Visit
from e2e_project import Project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SMALL = 300_000  # bytes of the page of the example, without pictures
SCRIPT = (
    "<script>document.title = 'changed'</script><img src=x onerror=\"document.title='changed'\">"
)


@pytest.fixture(scope="module")
def edited(digits: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example after a run and an edit, with its report and that of the last commit."""
    project = digits.copy_to(tmp_path_factory.mktemp("report") / "digits")
    project.replace("params.yaml", "c: 4.0", "c: 0.5")
    project.nbsnake("report")
    project.nbsnake("report", "--rev", "HEAD", "-o", "past.html")
    return project


@pytest.fixture
def page_in(chromium: "Browser") -> "Iterator[Callable[..., Page]]":
    """Open a file in a browser with other settings."""
    contexts = []

    def opened(path: Path, **settings: object) -> "Page":
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


def axe() -> str:
    """The program that finds faults of accessibility."""
    package = pytest.importorskip("axe_playwright_python")
    return next(Path(package.__file__).parent.rglob("axe.min.js")).read_text()


def test_page_of_the_example_asks_nothing_and_reports_nothing(
    edited: Project, visit: Callable[[Path], Visit]
) -> None:
    page, requests, messages = visit(edited.root / "report.html")
    assert [url for url in requests if not url.startswith("data:")] == []
    assert messages == []
    assert page.title() == "digits: pipeline"
    assert page.locator(".g .node").count() == 6
    picture = (edited.root / "results/confusion.png").stat().st_size * 4 / 3
    assert (edited.root / "report.html").stat().st_size < SMALL + 2 * picture


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "past.html"])
def test_page_has_no_fault_of_accessibility(
    edited: Project, page_in: "Callable[..., Page]", name: str, scheme: str
) -> None:
    page = page_in(edited.root / name, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.evaluate(axe())
    found = page.evaluate("axe.run(document, {iframes: false})")["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_page_of_a_commit_asks_nothing_and_reports_nothing(
    edited: Project, visit: Callable[[Path], Visit]
) -> None:
    page, requests, messages = visit(edited.root / "past.html")
    assert [url for url in requests if not url.startswith("data:")] == []
    assert messages == []
    assert page.locator(".g .node").count() == 6
    assert "svm.c was" not in page.locator("main").inner_text()


def test_everything_can_be_read_without_javascript(
    edited: Project, page_in: "Callable[..., Page]"
) -> None:
    page = page_in(edited.root / "report.html", java_script_enabled=False)
    text = page.locator("main").inner_text()
    for word in (
        "svm.c was 4.0, now 0.5",
        "waits for svm",
        "results/confusion.png",
        "vote.accuracy",
    ):
        assert word in text
    assert page.locator(".tools").is_hidden()
    page.locator("summary", has_text="notebook of the last run of svm").click()
    assert page.get_by_text("SVC(C=c").is_visible()


def test_keyboard_reaches_filter_sort_and_scheme(
    edited: Project, page_in: "Callable[..., Page]"
) -> None:
    page = page_in(edited.root / "report.html", color_scheme="light")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#search").focus()
    page.keyboard.type("svm")
    assert page.locator("tbody tr.filtered:visible").count() == 2  # svm, and what waits for it
    page.locator("#search").fill("")
    page.locator("#theme").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.className") == "dark"
    head = page.locator("#steps ~ .scroll th button").first
    head.focus()
    page.keyboard.press("Enter")
    names = page.locator("#steps ~ .scroll tbody td:first-child").all_inner_texts()
    assert names == sorted(names)
    page.locator(".g a").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash").startswith("#step-")


def test_project_of_a_hostile_author_is_text(
    done: Project, visit: Callable[[Path], Visit], page_in: "Callable[..., Page]"
) -> None:
    done.replace("params.yaml", "factor: 3", f"factor: 3\nother: {json.dumps(SCRIPT)}")
    path = "notebooks/join.ipynb"
    document = json.loads(done.read(path))
    document["cells"][0]["source"] = [
        f"# {SCRIPT}\n\n[a](javascript:alert(1)) ![b](http://h/b.png)"
    ]
    lines = document["cells"][-1]["source"]
    lines[-1] += "\n"
    lines += [
        "class Shown:\n",
        f"    def _repr_html_(self):\n        return {SCRIPT!r} + '<b>table</b>'\n",
        f"print({SCRIPT!r})\nShown()\n",
    ]
    done.write(path, json.dumps(document))
    done.replace("notebooks/join.ipynb", "Join what both branches wrote.", SCRIPT.replace('"', "'"))
    done.nbsnake("run")
    metrics = json.loads(done.read("metrics.json"))
    assert metrics
    done.nbsnake("report")
    page, requests, messages = visit(done.root / "report.html")
    assert requests == []
    assert messages == []
    assert page.title() == "done: pipeline"
    assert page.locator("img").count() == 0
    page.locator("summary", has_text="notebook of the last run of join").click()
    frame = page.frame_locator("iframe").first
    assert frame.locator("b").inner_text() == "table"
    assert frame.locator("script").count() == 0
    assert page.get_by_text("document.title").first.is_visible()
    done.git("add", ".")
    done.git("commit", "--quiet", "--message", SCRIPT)
    done.git("tag", "<b>tag</b>")
    done.nbsnake("report", "--rev", "<b>tag</b>", "-o", "past.html")
    page, requests, messages = visit(done.root / "past.html")
    assert (requests, messages) == ([], [])
    assert page.title() == "done at <b>tag</b>: pipeline"
    assert page.locator("img, main b").count() == 0
