"""What the report shows of others: their HTML, cells and texts have no element of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_parts import HOSTILE, Elements, cell

from nbsnake.report.cells import notebook_html
from nbsnake.report.sanitize import frame, harmless

PARTS = st.sampled_from(
    [
        *("<script>", "</script>", "<b>", "</b>", "<style>", "</style>", "<svg>", "<math>", "<!--"),
        *(
            "-->",
            "<img src=http://h/a.png onerror=x()>",
            "<a href='javascript:x()'>",
            "<iframe src=x>",
        ),
        *(
            "<p style='background:url(http://h/b)'>",
            "@import 'http://h/c';",
            "p{color:red}",
            "<base href=x>",
        ),
        *(
            "<meta http-equiv=refresh content=0>",
            "<link rel=stylesheet href=x>",
            "&lt;script&gt;",
            "<x-y z=1>",
        ),
        *(
            "<td onclick=x()>",
            "<TEMPLATE>",
            "<noscript>",
            "<",
            ">",
            "'",
            '"',
            "</",
            "\x1b[31m",
            "text",
        ),
        "<img src='data:image/png;base64,AAAA'>",
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_harmless_html_runs_nothing_and_loads_nothing(html):
    text = harmless(html)
    for tag, given_attributes in Elements(text).found:
        assert tag not in ("script", "iframe", "base", "meta", "link", "template", "noscript")
        for name, value in given_attributes.items():
            assert not name.startswith("on")
            assert name not in ("href", "srcset", "action")
            assert name != "src" or value.startswith("data:image/")
    assert "url(" not in text
    assert "\x1b" not in text
    assert harmless(text) == text or "&" in text


def test_table_of_a_library_stays_as_it_is():
    html = '<table class="d"><tr><th>a</th><td colspan="2">1 &lt; 2</td></tr></table>'
    assert harmless(html) == html
    assert 'sandbox=""' in frame(html, "a")


def test_outputs_are_shown_as_what_they_are():
    page = notebook_html(
        {
            "cells": [
                cell("# Title\n\n<b>*x*</b> ![p](http://h/p.png)", kind="markdown"),
                cell(
                    "x = '<b>'",
                    {
                        "output_type": "stream",
                        "name": "stdout",
                        "text": "1 %\r2 %\n\x1b[31mred\x1b[0m",
                    },
                    {
                        "output_type": "display_data",
                        "data": {"image/png": "AA==", "text/plain": "F"},
                    },
                    {"output_type": "execute_result", "data": {"text/html": HOSTILE}},
                    {"output_type": "display_data", "data": {"image/png": '"><script>'}},
                    {"output_type": "error", "traceback": ["<Trace>", "KeyError"]},
                ),
            ]
        }
    )
    assert "<h4>Title</h4>" in page
    assert "&lt;b&gt;<em>x</em>&lt;/b&gt;" in page
    assert 'src="data:image/png;base64,AA=="' in page
    assert "2 %\nred" in page
    assert "&lt;Trace&gt;" in page
    tags = [tag for tag, _ in Elements(page).found]
    assert "script" not in tags
    assert tags.count("img") == 1
    assert tags.count("iframe") == 1


@pytest.mark.parametrize("document", [None, [], {}, {"cells": [{}]}, {"cells": 3}, {"cells": [1]}])
def test_what_is_no_notebook_shows_nothing(document):
    assert notebook_html(document) == ""
