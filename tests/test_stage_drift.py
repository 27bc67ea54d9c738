"""Which stages of dvc.yaml are not what the notebooks give."""

import pytest

from nbsnake.generate.stage_drift import changed_stages

OURS = """\
stages:
  a:
    desc: First.
    cmd: python a.py --n=${item.n}
    deps: [a.py]
    outs: [a.txt]
    meta: {nbsnake: notebooks/a.ipynb}
  b:
    foreach: [1, 2]
    do:
      cmd: python b.py
      meta: {nbsnake: notebooks/b.ipynb}
  mine:
    cmd: cat a.txt
"""


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("First", "Second", {}),
        ("[1, 2]", "[1, 2, 3]", {}),
        ("cat", "head", {}),
        ("[a.py]", "[a.py, b.py]", {"a": "notebooks/a.ipynb"}),
        ("    outs: [a.txt]\n", "", {"a": "notebooks/a.ipynb"}),
        ("--n=", "-n ", {"a": "notebooks/a.ipynb"}),
        ("python b.py", "b.py", {"b": "notebooks/b.ipynb"}),
        ("  b:", "  c:", {}),  # it has no results yet
    ],
)
def test_a_stage_is_another_where_its_result_would_be(before, after, changed):
    assert before in OURS
    assert changed_stages(OURS, OURS.replace(before, after)) == changed


@pytest.mark.parametrize("text", ["", "stages:\n", "stages: 1\n", "- a\n", "stages: {a: 1}\n"])
def test_a_file_without_generated_stages_has_none(text):
    assert changed_stages(text, OURS) == changed_stages(OURS, text) == {}
