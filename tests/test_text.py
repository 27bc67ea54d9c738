"""Text of others is shown and read as nothing but text, wherever it comes to lie."""

import csv
import html
import io
import subprocess
import sys
import tokenize
import xml.etree.ElementTree as ET

import pytest
from builders import declare, nb_fields, step
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nbsnake.compare.plot import picture
from nbsnake.compare.rows import Row
from nbsnake.escape import escaped
from nbsnake.model.quote import comment
from nbsnake.render.page import notebook_page
from nbsnake.render.script import render_script
from nbsnake.tables import Table, as_csv, as_markdown, as_text

CODINGS = (
    *("Decoding: a guide", "coding=raw_unicode_escape", "-*- coding: utf-7 -*-", "coding:=latin-1"),
    *("vim: set fileencoding=cp037 :", "coding\u202e=utf-7", "coding==utf-7", "codingcoding::x"),
)
HOSTILE = (
    *("\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\r\nforged", "a\u202eb", "\u2066x", "\ufeff"),
    *("![i](http://x/i.png)", "[a](javascript:x)", "<img src=x onerror=alert(1)>", "</td><script>"),
    *("http://x.example/", "www.x.example", "a@x.example", "@user", "#1", "`<b>`", "a|b|c", "&lt;"),
    *("**b**", "__b__", "~~s~~", "\\![i](x)", "``a`", "[a]: http://x", "*", "> q", "- l", "$x$"),
)
TEXTS = st.one_of(
    st.sampled_from(HOSTILE), st.text(), st.lists(st.sampled_from(HOSTILE)).map("".join)
)
ALLOWED = {"table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"}
ALLOWED |= {f"{tag}_{end}" for tag in ("tr", "th", "td") for end in ("open", "close")} | {"inline"}


@given(st.text(), st.sampled_from(["", "\n\t"]))
def test_what_is_shown_is_printed_and_can_be_told_apart(text, keep):
    shown = escaped(text, keep)
    assert all(char.isprintable() or char in keep for char in shown)
    assert (shown == text) == all(char.isprintable() or char in keep for char in text)


def test_all_that_commands_print_is_escaped():
    code = (
        "import sys; from nbsnake.escape import only_text\n"
        "with only_text():\n"
        "    print('out\\x1b[2J\\u202e'); sys.stderr.writelines(['err\\x9b\\n']); print('a\\tb')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("out\\x1b[2J\\u202e\na\tb\n", "err\\x9b\n")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1))
def test_tables_of_text_and_csv_hide_nothing(cells):
    table = Table(["one", "two"], cells)
    for text in (as_text(table), as_csv(table)):
        assert all(line.isprintable() for line in text.split("\n"))
    rows = [*csv.reader(io.StringIO(as_csv(table)))][1:]
    assert rows == [[escaped(one), escaped(two)] for one, two in cells]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1))
def test_markdown_of_values_is_text_or_code(cells):
    """Read by a parser of Markdown: the cells are the values, and nothing is a link or HTML."""
    text = as_markdown(Table(["one", "two"], cells))
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    assert {token.type for token in tokens} <= ALLOWED
    shown = [token for token in tokens if token.type == "inline"]
    inner = [each for token in shown for each in token.children or ()]
    assert {each.type for each in inner} <= {"text", "code_inline", "text_special"}
    found = ["".join(each.content for each in token.children or ()) for token in shown]
    expected = ["one", "two", *(escaped(value) for row in cells for value in row)]
    assert [*map(str.strip, found)] == [*map(str.strip, expected)]


@pytest.mark.parametrize("name", [*CODINGS, *HOSTILE])
def test_the_name_of_a_notebook_is_no_declaration(name):
    script = render_script(step(declare(":dvc-out: data/x"), path=f"notebooks/{name}.ipynb"))
    encoding, lines = tokenize.detect_encoding(io.BytesIO(script.encode()).readline)
    assert encoding == "utf-8"
    assert lines[0].startswith(b"#!/usr/bin/env python3")
    compile(script.encode(), "script", "exec")


@given(st.one_of(TEXTS, st.lists(st.sampled_from(CODINGS)).map("".join)))
def test_a_comment_is_one_line_that_declares_nothing(text):
    line = f"# {comment(text)}\n".encode()
    assert line.decode().splitlines() == [line.decode().rstrip("\n")]
    assert tokenize.detect_encoding(io.BytesIO(line).readline)[0] == "utf-8"


def test_a_page_of_a_notebook_runs_and_fetches_nothing():
    """What outputs hold is HTML of the notebook's code, and can ask nothing of anybody."""
    fields = {**nb_fields("x = 1  # \x1b[2J\u202e"), "nbformat_minor": 4}  # which has no ids
    evil = "</title><script src='http://x.example/x.js'></script>"
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": evil}}
    fields["cells"][0]["outputs"] = [output]
    page = notebook_page(fields, evil)
    assert "<title>&lt;/title&gt;&lt;script" in page
    assert "\u202e" not in page
    policy = html.unescape(
        page.partition('Content-Security-Policy" content="')[2].partition('"')[0]
    )
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy


@pytest.mark.parametrize("name", HOSTILE)
def test_a_picture_has_texts_only(name):
    rows = [Row("a", name, "", {"k": name, "j": n}, {"acc": n}) for n in (1, 2)]
    rows += [Row("a", "b", "", {"k": "other", "j": n}, {"acc": n}) for n in (1, 2)]
    svg = picture(rows, "acc", ["k"], "svg").decode()
    tags = {each.tag.rpartition("}")[2] for each in ET.fromstring(svg).iter()}
    assert not tags & {"script", "a", "image", "foreignObject"}
    assert "\u202e" not in svg


def test_dvc_leaves_the_streams_that_show_texts_escaped():
    code = "import sys; was = sys.stdout; import nbsnake.dvc.open; print(sys.stdout is was)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "True\n"
