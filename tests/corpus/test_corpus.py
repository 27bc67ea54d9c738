"""Every notebook of the corpus becomes a script that keeps its code, or is refused for a reason."""

import ast
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from corpus_convert import (
    IN_A_CELL,
    REASONS,
    Outcome,
    convert,
    kept_code_cells,
    says_python,
    sections,
)
from corpus_files import package_of
from IPython.core.inputtransformer2 import TransformerManager

pytestmark = pytest.mark.corpus

PACKAGES = ["jupytext", "nbclient", "nbconvert", "nbformat", "nbstripout", "nbval", "papermill"]
MIN_CONVERTED = 130
AROUND = re.compile(
    r"^_nb_(?:inline|loop|turn)\(.*\)$|^\w+ = _nb_\w+$|# figures end with their cell$"
)
DISPLAYS = {"display", "clear_output", "update_display", "DisplayHandle"}
MIN_CELLS_COMPARED = 400
# What only IPython gives, so that a cell that uses it is not the same in a script.
IPYTHON_NAMES = {"get_ipython", "display"}


@pytest.fixture(scope="module")
def outcome(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return convert(corpus, tmp_path_factory.mktemp("scripts") / "out")


@pytest.fixture(scope="module")
def scripts(outcome: Outcome, notebooks: list[str]) -> dict[str, str]:
    """The text of the script of each notebook that has one."""
    paths = {notebook: outcome.script(notebook) for notebook in notebooks}
    return {notebook: path.read_text("utf-8") for notebook, path in paths.items() if path.exists()}


def parse(source: str) -> ast.Module | None:
    """The tree of a cell that is plain Python, else None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def plain_cells(notebook: Path) -> dict[int, ast.Module]:
    trees = {number: parse(source) for number, source in kept_code_cells(notebook).items()}
    return {number: tree for number, tree in trees.items() if tree is not None}


def strings(tree: ast.AST) -> Counter[str]:
    """All string constants, docstrings and the pieces of f-strings included."""
    values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return Counter(value for value in values if isinstance(value, str))


def names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_nothing_is_printed_but_refusals_and_their_hints(outcome):
    assert outcome.odd_lines == ()
    assert outcome.stdout == ""
    assert outcome.code == 1


def test_every_notebook_is_converted_or_refused(outcome, scripts, notebooks):
    refused = {refusal.notebook for refusal in outcome.refusals}
    assert refused.isdisjoint(scripts)
    assert sorted(refused | set(scripts)) == notebooks
    written = {path for path in outcome.out.rglob("*") if path.is_file()}
    assert written == {outcome.script(notebook) for notebook in scripts}
    assert len(scripts) >= MIN_CONVERTED


def test_every_refusal_has_its_place(outcome):
    for refusal in outcome.refusals:
        assert (refusal.cell is not None) or refusal.reason not in IN_A_CELL, refusal


def test_no_python_notebook_is_refused_for_its_language(corpus, outcome):
    for refusal in outcome.refusals:
        if refusal.reason == "other language":
            assert not says_python(corpus / refusal.notebook), refusal


def test_what_is_refused_as_invalid_file_is_invalid_for_nbformat_too(corpus, outcome):
    """But for the cells of a later format, which nbformat lets pass and nbsnake cannot judge."""
    for refusal in outcome.refusals:
        if refusal.reason == "invalid file" and "unknown type" not in refusal.message:
            assert not is_valid(corpus / refusal.notebook), refusal


def is_valid(notebook: Path) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nbformat.validate(nbformat.read(notebook, as_version=4))
    except (KeyError, nbformat.ValidationError):
        return False
    return True


def test_what_is_refused_as_invalid_is_invalid_for_ipython_too(corpus, outcome):
    """A cell that runs in Jupyter may be refused for its magics, but never as bad Python."""
    for refusal in outcome.refusals:
        cells = kept_code_cells(corpus / refusal.notebook)
        if refusal.reason == "invalid Python" and cells:
            assert parse(TransformerManager().transform_cell(cells[refusal.cell])) is None, refusal


def test_what_is_refused_as_ipythons_is_not_plain_python(corpus, outcome):
    for refusal in outcome.refusals:
        cells = kept_code_cells(corpus / refusal.notebook)
        if refusal.reason == "IPython only" and cells:
            tree = parse(cells[refusal.cell])
            assert tree is None or names(tree) & IPYTHON_NAMES, refusal


def test_every_script_compiles(scripts):
    for notebook, text in scripts.items():
        compile(text, notebook, "exec", dont_inherit=True)


def test_all_texts_of_plain_cells_are_in_the_script(corpus, scripts):
    for notebook, text in scripts.items():
        cells = plain_cells(corpus / notebook).values()
        expected = sum((strings(tree) for tree in cells), Counter())
        assert not expected - strings(ast.parse(text)), notebook


def test_plain_cells_are_the_same_code_in_the_script(corpus, scripts, say):
    compared = 0
    for notebook, text in scripts.items():
        found = sections(text)
        for number, tree in plain_cells(corpus / notebook).items():
            if not names(tree) & IPYTHON_NAMES:
                own = ast.Module([*filter(is_own, tree.body)], [])
                assert is_same(ast.parse(own_lines(found[number])), own), (notebook, number)
                compared += 1
    say(f"plain code cells that are the same in the script: {compared}")
    assert compared >= MIN_CELLS_COMPARED


def is_own(statement: ast.stmt) -> bool:
    """Whether it does not import displays, of which a script has functions of its own."""
    names = statement.names if isinstance(statement, ast.ImportFrom) else []
    return not DISPLAYS.intersection(alias.name for alias in names)


def own_lines(text: str) -> str:
    """A cell without what the script does above and below it, as the kernel does."""
    return "".join(line for line in text.splitlines(keepends=True) if not AROUND.search(line))


def is_same(new: ast.Module, old: ast.Module) -> bool:
    match new.body, old.body:  # a cell that is to fail stands in a try
        case [ast.Try(body=inner)], [*before] if not isinstance(before[0], ast.Try):
            new = ast.Module(inner, [])
    return len(new.body) == len(old.body) and all(map(is_same_statement, new.body, old.body))


def is_same_statement(new: ast.stmt, old: ast.stmt) -> bool:
    """Equal code, but for the values of parameters, and for imports that must stand further up."""
    if isinstance(old, ast.ImportFrom) and old.module == "__future__":
        return ast.unparse(new) in ("pass", "()")
    value = getattr(new, "value", None)
    is_bound = isinstance(value, ast.Attribute) and ast.unparse(value.value) == "_args"
    if is_bound and isinstance(old, ast.Assign | ast.AnnAssign):
        new.value = old.value
    return ast.dump(new) == ast.dump(old)


def unguarded(tree: ast.AST, *, guarded: bool = False) -> Iterator[int]:
    """The lines that use ``get_ipython`` outside of a ``try`` that expects it to be missing."""
    for name, field in ast.iter_fields(tree):
        inside = guarded or (isinstance(tree, ast.Try) and name == "body" and catches(tree))
        for node in field if isinstance(field, list) else [field]:
            if isinstance(node, ast.Name) and node.id == "get_ipython" and not inside:
                yield node.lineno
            if isinstance(node, ast.AST):
                yield from unguarded(node, guarded=inside)


def catches(node: ast.Try) -> bool:
    caught = {name for handler in node.handlers for name in names(handler.type or handler)}
    bare = any(handler.type is None for handler in node.handlers)
    return bare or bool(caught & {"NameError", "Exception", "BaseException"})


def imports(tree: ast.AST, name: str) -> bool:
    aliases = (node for node in ast.walk(tree) if isinstance(node, ast.alias))
    return any((alias.asname or alias.name) == name for alias in aliases)


def test_no_script_needs_get_ipython(corpus, scripts):
    for notebook, text in scripts.items():
        tree = ast.parse(text)
        own = any(imports(cell, "get_ipython") for cell in plain_cells(corpus / notebook).values())
        assert own or not list(unguarded(tree)), notebook


def test_a_second_run_gives_the_same_bytes(corpus, outcome, tmp_path):
    again = convert(corpus, tmp_path / "again")
    assert (again.code, again.refusals) == (outcome.code, outcome.refusals)
    assert contents(again.out) == contents(outcome.out)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_package_gives_notebooks(outcome, scripts, notebooks, say: Callable[[str], None]):
    """The table for people; that each of them counts is what is tested."""
    reasons = {refusal.notebook: refusal.reason for refusal in reversed(outcome.refusals)}
    packages = sorted(set(map(package_of, notebooks)))
    assert packages == PACKAGES
    say(row("package", "notebooks", "converted", *REASONS))
    for package in [*packages, ""]:
        own = [notebook for notebook in notebooks if package in ("", package_of(notebook))]
        why = Counter(reasons.get(notebook) for notebook in own)
        converted = sum(notebook in scripts for notebook in own)
        say(row(package or "all", len(own), converted, *(why[reason] for reason in REASONS)))


def row(first: str, *cells: object) -> str:
    return f"{first:<12}" + "".join(f"{cell!s:>16}" for cell in cells)
