"""The site builds without a warning, the tutorial is run, and calls on all pages are valid."""

import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from doc_blocks import DOCS, ROOT, Shell, blocks, put

from nbsnake.cli import COMMANDS, full_parser
from nbsnake.notebook.keys import KEYS
from nbsnake.settings.settings import KNOWN


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path / "home")


@pytest.mark.docs
def test_the_tutorial_is_true(shell, tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    found = blocks(DOCS / "tutorial.md")
    assert {language for language, _ in found} == {"csv", "python", "sh", "text"}
    put(folder, found)
    printed = ""
    for language, text in found:
        if language == "sh":
            printed = shell(text, folder)
        elif language == "text":
            assert text.rstrip("\n") in printed, f"{text}\nis not in\n{printed}"


def calls_of(path):
    """The calls of nbsnake in the shell blocks and "you do" tables of a page, without comments."""
    shown = [text for language, text in blocks(path) if language == "sh"]
    tables = re.findall(r"(?<=^\| you do \|).*?(?=^$)", path.read_text(), re.MULTILINE | re.DOTALL)
    first = [line.split(" | ")[0] for table in tables for line in table.splitlines()]
    inline = [call for cell in first for call in re.findall(r"`(nbsnake [a-z][^`]*)`", cell)]
    for line in [*"".join(shown).splitlines(), *inline]:
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if words[:1] == ["nbsnake"]:
            end = next((n for n, word in enumerate(words) if re.match(r"[|>&]|2>", word)), None)
            yield words[1:end]


ALL = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("examples/*/*.md"))]
PAGES = [path for path in ALL if any(calls_of(path))]


def test_pages_have_calls():
    assert {"README", "commands", "tutorial", "cluster"} <= {path.stem for path in PAGES}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_calls_on_pages_are_valid(path):
    parser = full_parser()[0]
    for words in calls_of(path):
        end = words.index("--") if "--" in words else None
        assert parser.parse_args(words[:end]).command in COMMANDS


def test_keys_and_settings_are_documented():
    page = (DOCS / "notebooks.md").read_text(encoding="utf-8")
    assert [key for key in KEYS if f"`:{key}" not in page] == []
    assert [name for name in KNOWN if f"\n{name}: " not in page] == []


class Links(HTMLParser):
    """What a page links or loads, and the places in it that links may lead to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.places = [], {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places |= {given[key] for key in ("id", "name") if given.get(key)}
        self.links += [(tag, given[key]) for key in ("href", "src") if given.get(key)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("material", reason="mkdocs-material is not installed: make docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    env = {**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    return folder


@pytest.mark.docs
def test_links_of_the_site_lead_to_what_is_there_and_nothing_is_loaded_from_elsewhere(site):
    pages = {path: Links(path) for path in site.rglob("*.html") if path.name != "404.html"}
    assert len(pages) > 20
    for path, page in pages.items():
        for tag, link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert tag == "a" or link.startswith("data:"), f"{path} loads {link}"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{path}: {link}"
            if target in pages:
                assert unquote(parts.fragment) in pages[target].places, f"{path}: {link}"


def test_every_page_of_the_repository_is_in_the_menu_of_the_site():
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [path.name for path in DOCS.glob("*.md") if f": {path.name}\n" not in menu] == []
