"""Folders are what DVC takes them for: .dvcignore files of any kind, anywhere."""

import os
from pathlib import Path

import pytest
from dvc.fs import localfs
from dvc.ignore import DvcIgnoreFilter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbsnake.dvc.scan import check_files
from nbsnake.errors import ToolError
from nbsnake.job.content import stamp, tree_of_folder
from nbsnake.job.ignore import IgnoreFileError, hides_any, walk_files

NAMES = ("a", "b", "ab", "abab", "c.txt", "d.txt", ".e", "[x]", "f g", "!h", "#i", "é")
PARTS = (
    *NAMES,
    "*",
    "**",
    "?",
    "a*",
    "*.txt",
    "[ab]",
    "[!a]",
    "[^a]*",
    "[]x]",
    "**b",
    "*a*",
    "*b*a*",
    "a*b",
    "\\#i",
    "\\!h",
)
BROKEN = (*("[", "a[b", "/", "//", "a//b", "**/", "/**", "*/", "***", " a ", "a/**/", "!**/"),)
words = st.lists(st.sampled_from((*PARTS, "**", "*")), min_size=1, max_size=5).map("/".join)
patterns = st.tuples(
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    words,
    st.sampled_from(["", "/"]),
).map("".join) | st.sampled_from(BROKEN)
ignores = st.lists(patterns | st.just("# a comment") | st.just(""), max_size=4).map("\n".join)
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)
trees = st.tuples(
    st.lists(paths, min_size=1, max_size=12),
    st.dictionaries(
        st.sampled_from(["", "out/", "out/a/", "out/b/", "out/a/b/"]), ignores, max_size=3
    ),
)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def seen_by_dvc(folder):
    """The files of a folder as DVC lists them."""
    root = os.getcwd()
    found = DvcIgnoreFilter(localfs, root).find(localfs, os.path.join(root, folder))
    return {os.path.relpath(path, folder) for path in found}


def seen_here(folder):
    return {relpath for relpath, _ in walk_files(folder)}


def write(files, ignored):
    for path in [f"out/{each}" for each in files] + [f"{each}.dvcignore" for each in ignored]:
        file = Path(path)
        if not file.is_dir() and all(up.is_dir() or not up.exists() for up in file.parents):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(ignored.get(path.removesuffix(".dvcignore"), "x"))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees)
def test_files_are_those_that_dvc_lists(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("tree")
    os.chdir(folder)
    (folder / "out").mkdir()
    write(*tree)
    for place in ("out", str(folder / "out"), *(["out/a"] if (folder / "out/a").is_dir() else [])):
        seen = seen_by_dvc(place)
        if any(path.rpartition("/")[2] == ".dvcignore" for path in seen):
            with pytest.raises(IgnoreFileError):
                seen_here(place)
        else:
            assert seen_here(place) == seen
            every = {
                path.relative_to(place).as_posix()
                for path in Path(place).rglob("*")
                if path.is_file()
            }
            if not any(path.endswith(".dvcignore") for path in every):
                assert hides_any(place, every) == (every != seen)


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 30 + "b",
        "**/a/" * 30 + "b",
        "**/*a*/" * 12 + "x",
        "a/**/" * 30 + "b",
        "[a-z]*" * 30 + "0",
    ],
)
def test_a_pattern_with_many_wildcards_takes_time_in_proportion(project, pattern):
    (project / ".dvcignore").write_text(f"{pattern}\n")
    deep, long = "a/" * 60, "a" * 250
    assert not hides_any("out", [f"{deep}c", f"{long}.", f"{deep}{long}/{long}."])


def test_dvc_is_not_given_a_pattern_that_keeps_it_busy(project):
    (project / "out").mkdir()
    (project / "out/.dvcignore").write_text(f"c\n*b*c*d\n{'*a' * 30}b\n")
    check_files()
    (project / "out" / ("a" * 250)).write_text("")
    with pytest.raises(ToolError, match=r"^out/.dvcignore, line 3: ") as error:
        check_files()
    assert "takes more than 2 s" in str(error.value)


def test_patterns_do_not_hide_the_root(project):
    (project / ".dvcignore").write_text(".*\n")
    assert not hides_any(".", ["dvc.yaml", "a/b"])
    assert hides_any(".", ["a/.b"])


def test_pattern_that_changes_later_is_followed(project):
    write(["a", "b"], {})
    before = stamp("out")
    assert seen_here("out") == {"a", "b"}
    (project / ".dvcignore").write_text("/out/b\n")
    assert seen_here("out") == {"a"}
    assert stamp("out") != before
    assert hides_any("out", ["a", "b"])
    (project / ".dvcignore").write_text("/out/b\n!/out/b\n")
    assert seen_here("out") == {"a", "b"}
    assert not hides_any("out", ["a", "b"])


def test_snakemakes_time_stamp_never_counts(project):
    write(["a", "c/b"], {})
    digests = tree_of_folder("out")
    for folder in ("out", "out/c"):
        (project / folder / ".snakemake_timestamp").write_text("")
    assert tree_of_folder("out") == digests


def test_folder_outside_of_the_project_knows_no_patterns(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "a").write_text("x")
    (project / ".dvcignore").write_text("a\n")
    assert seen_here(str(elsewhere)) == {"a"}


def test_project_inside_a_folder_is_no_part_of_it(project):
    write(["a", "b/c"], {})
    (project / "out/b/.dvc").mkdir()
    assert seen_here("out") == {"a"} == seen_by_dvc("out")


def test_unreadable_folder_is_an_error(project):
    with pytest.raises(OSError, match="nowhere"):
        list(walk_files("nowhere"))
