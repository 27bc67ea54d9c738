"""JupyterLab and Notebook in a real browser, with the extension: badge, run, pages, parameters."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from e2e_project import Project
from loopback_jupyter import TOKEN, Jupyter, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Locator, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
PLACES = {"lab": "lab/tree", "notebook": "notebooks"}
PATIENCE = 60_000  # milliseconds
WAIT = """\
import os, time
while os.path.exists(os.environ["HOLD_FILE"]): time.sleep(0.02)"""


class Opened(NamedTuple):
    """The notebook of the step ``svm`` of the example, whose results are fresh, in a browser."""

    app: str
    jupyter: Jupyter
    page: "Page"
    messages: list[str]

    @property
    def badge(self) -> "Locator":
        return self.page.locator(".nbsnake-badge button")

    def wait_for_state(self, state: str) -> None:
        self.page.wait_for_selector(f".nbsnake-badge button[data-state='{state}']")

    def picture(self, name: str, folder: Path) -> None:
        self.page.screenshot(path=folder / f"{self.app}-{name}.png")

    def type_into_cell(self, number: int, text: str) -> None:
        """Put lines at the end of a cell, and save with the keyboard."""
        cell = self.page.locator(".jp-Notebook .jp-Cell").nth(number - 1)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.insert_text(f"\n{text}")
        self.page.keyboard.press("Control+s")

    def choose(self, item: str) -> None:
        """A command of the badge's menu."""
        self.badge.click()
        self.page.locator(".lm-Menu-item", has_text=item).click()

    def in_front(self, title: str, text: str) -> "FrameLocator":
        """The page under a tab of Lab, which covers it once more while it still starts."""
        tab = self.page.locator(".lm-TabBar-tab", has_text=title)
        shown = self.page.locator(".nbsnake-page").last.frame_locator("iframe")
        tab.wait_for()
        for _ in range(PATIENCE // 500):
            if shown.get_by_text(text).first.is_visible():
                return shown
            tab.click()
            self.page.wait_for_timeout(500)
        raise AssertionError(f"{title}: no {text!r} to be seen")


@pytest.fixture(scope="module", params=["lab", "notebook"])
def served(
    request: pytest.FixtureRequest, digits: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Jupyter]]:
    """A server whose project is fresh when a test begins."""
    pytest.importorskip("notebook", reason="pip install '.[browser]'")
    folder = tmp_path_factory.mktemp(request.param)
    project = digits.copy_to(folder / "root/project")
    project.env["HOLD_FILE"] = str(folder / "hold")
    with serving(project, folder, request.param) as jupyter:
        yield request.param, jupyter


@pytest.fixture
def opened(
    served: tuple[str, Jupyter], digits: Project, chromium: "Browser", tmp_path: Path
) -> Iterator[Opened]:
    app, jupyter = served
    for path in ("notebooks/svm.ipynb", "params.yaml"):
        jupyter.project.write(path, digits.read(path))
    jupyter.project.nbsnake("run", "svm")  # from the cache
    context = chromium.new_context(viewport={"width": 1400, "height": 800})
    context.set_default_timeout(PATIENCE)
    page, messages = context.new_page(), list[str]()
    page.on("pageerror", lambda error: messages.append(error.stack or str(error)))
    page.on("console", lambda message: message.type == "error" and messages.append(message.text))
    path = f"{PLACES[app]}/project/notebooks/svm.ipynb"
    page.goto(f"{jupyter.url}{path}?token={TOKEN}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    yield Opened(app, jupyter, page, messages)
    page.screenshot(path=tmp_path / f"{app}-end.png")
    context.close()


def test_edited_cell_makes_the_badge_stale_and_a_run_makes_it_fresh(
    opened: Opened, tmp_path: Path
) -> None:
    opened.wait_for_state("fresh")
    opened.picture("fresh", tmp_path)
    opened.type_into_cell(4, WAIT)
    opened.wait_for_state("stale")
    assert "cell 4" in opened.badge.inner_text()
    opened.picture("stale", tmp_path)
    hold = Path(opened.jupyter.project.env["HOLD_FILE"])
    hold.touch()
    opened.choose("Show the steps")
    opened.page.locator(".nbsnake-panel li[data-step='svm']").wait_for()
    opened.choose("Run step")
    opened.wait_for_state("running")
    opened.page.locator(".nbsnake-panel progress").wait_for()
    opened.picture("running", tmp_path)
    hold.unlink()
    opened.wait_for_state("fresh")
    opened.page.wait_for_selector(".nbsnake-panel li[data-step='svm'][data-state='fresh']")
    opened.picture("run", tmp_path)
    assert WAIT.splitlines()[-1] in opened.jupyter.project.read("workflow/scripts/svm.py")
    assert [each for each in opened.messages if "nbsnake" in each] == []  # Notebook has its own


def test_pages_open_and_run_nothing_as_the_user(opened: Opened, tmp_path: Path) -> None:
    opened.wait_for_state("fresh")
    for item, title, text in (
        ("Open the executed notebook", "Run of svm", "joblib"),
        ("Open the report", "Report", "6 steps: "),
    ):
        if opened.app == "lab":
            opened.choose(item)
            shown = opened.in_front(title, text)
        else:
            with opened.page.context.expect_page() as new:
                opened.choose(item)
            shown = new.value
            shown.get_by_text(text).first.wait_for()
        assert shown.locator("body").evaluate("() => self.origin") == "null"
        if opened.app == "lab":
            opened.picture(item.split()[-1], tmp_path)
            opened.page.get_by_role("tab", name="svm.ipynb").click()
    opened.choose("Show why")
    assert "svm is fresh" in opened.page.locator(".nbsnake-why").inner_text()


def test_form_writes_params_yaml_with_types_and_comments(opened: Opened, tmp_path: Path) -> None:
    project = opened.jupyter.project
    project.write("params.yaml", project.read("params.yaml").replace("c: 4.0", "c: 4.0  # x"))
    opened.wait_for_state("fresh")
    opened.choose("Parameters")
    field = opened.page.locator(".nbsnake-form input[name='svm.c']")
    field.fill("many")
    opened.page.get_by_role("button", name="Write params.yaml").click()
    fault = opened.page.locator(".nbsnake-field .nbsnake-fault", has_text="of the type float")
    fault.wait_for()
    opened.picture("fault", tmp_path)
    field.fill("5")
    opened.page.get_by_role("button", name="Write params.yaml").click()
    opened.wait_for_state("stale")
    assert "svm.c was 4.0, now 5.0" in opened.badge.inner_text()
    assert "c: 5.0  # x" in project.read("params.yaml")
    opened.picture("form", tmp_path)


def test_failing_step_shows_its_cell(opened: Opened, tmp_path: Path) -> None:
    opened.wait_for_state("fresh")
    opened.type_into_cell(4, "1 / 0")
    opened.wait_for_state("stale")
    opened.page.get_by_role("button", name="Run step").click()
    opened.wait_for_state("failed")
    opened.page.locator(".nbsnake-badge", has_text="cell 4: ZeroDivisionError").wait_for()
    opened.page.locator(".jp-Notebook .jp-Cell").first.click()
    opened.choose("Go to the failed cell")
    opened.page.locator(".jp-Cell.nbsnake-failed.jp-mod-active", has_text="1 / 0").wait_for()
    opened.picture("failed", tmp_path)


def test_fault_of_a_notebook_is_shown_until_it_is_fixed(opened: Opened, tmp_path: Path) -> None:
    opened.wait_for_state("fresh")
    opened.type_into_cell(4, "x = = 1")
    opened.wait_for_state("not generated")
    assert "not generated: cell 4, line" in opened.badge.inner_text()
    assert "notebooks/svm.ipynb, cell 4" in (opened.badge.get_attribute("title") or "")
    opened.picture("fault", tmp_path)
    for _ in "x = = 1":
        opened.page.keyboard.press("Backspace")
    opened.page.keyboard.press("Control+s")
    opened.wait_for_state("fresh")
