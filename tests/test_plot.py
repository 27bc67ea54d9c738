"""Pictures of a metric over parameters."""

import xml.etree.ElementTree as ET

import pytest

from nbsnake.compare.plot import picture
from nbsnake.compare.rows import Row
from nbsnake.errors import UsageError


def rows(*, revs=("workspace",), **values):
    """A row for each combination of the values of two parameters."""
    (one, ones), (two, twos) = values.items()
    return [
        Row("a", "a", rev, {one: x, two: y}, {"acc": place + number / 2})
        for rev in revs
        for place, x in enumerate(ones)
        for number, y in enumerate(twos)
    ]


CASES = {
    "lines": (rows(rate=[0.001, 0.01, 1], depth=[1, 2]), []),
    "bars": (rows(model=["a$b$", "_c"], flag=[True, False]), []),
    "map": (rows(rate=range(3), depth=range(9)), []),
    "map of texts": (rows(model=["x" * 30, "y" * 30], seed=[f"s{n}" for n in range(9)]), []),
    "map of one column": (rows(rate=[1], depth=range(9)), ["rate", "depth"]),
    "map with holes": (rows(rate=range(3), depth=range(9))[5:], []),
    "means": (rows(rate=range(3), depth=range(9)), ["depth"]),
    "one line for each revision": (rows(revs=["workspace", "v1"], rate=range(3), k=[1]), []),
    "a long legend": (rows(revs=["x" * 50, "v1"], rate=range(3), k=[1]), []),
    "lists": (rows(layers=[[1, 2], [3]], k=[None]), []),
}


@pytest.mark.parametrize(("given", "over"), CASES.values(), ids=CASES)
def test_the_same_rows_give_the_same_picture(given, over):
    for kind, start in (("png", b"\x89PNG\r\n"), ("svg", b"<?xml")):
        data = picture(given, "acc", over, kind)
        assert data.startswith(start)
        assert picture(given, "acc", over, kind) == data
    assert ET.fromstring(data).tag.endswith("svg")


@pytest.mark.parametrize(
    ("given", "over", "text"),
    [
        ([], [], "no rows have acc and a parameter that differs"),
        (rows(rate=[1], k=[2]), [], "no rows have acc and a parameter that differs"),
        ([Row("a", "a", "", {"k": 1}, {"acc": float("nan")})], ["k"], "no rows have acc and k"),
        (rows(revs=["v1", "v2"], rate=range(3), k=range(9)), [], "k has 9 values"),
    ],
)
def test_what_cannot_be_drawn_is_a_wrong_call(given, over, text):
    with pytest.raises(UsageError, match=text):
        picture(given, "acc", over, "png")
