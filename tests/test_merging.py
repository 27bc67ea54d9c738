"""The laws of merges: which entries are combined, and what the drivers make of three versions."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lock_entries import entry, join_entry, lock, lock_of_run, wrong_entries

from nbsnake.dvc.lockblocks import blocks_of, files_of, is_plain, lines_of, sources_of, stage_name
from nbsnake.dvc.lockfile import HEAD
from nbsnake.job.locktext import entry_text
from nbsnake.merging.drivers import attribute_pattern, driver_command
from nbsnake.merging.guard import combined_blocks
from nbsnake.merging.stagewise import merge_blocks, merge_locks

BASE, OURS, THEIRS = lock_of_run(1, 1), lock_of_run(2, 1), lock_of_run(1, 2)
levels = st.integers(1, 4)
locks = st.builds(lock_of_run, levels, levels)
LONG = f"python {'x' * 40} --first=1 {'y' * 30} --second=2"


def join_of(text):
    return {name: block for name, block in blocks_of(text).items() if stage_name(name) == "join"}


def is_combined(block, *merged):
    return bool(combined_blocks(blocks_of(lock([block])), [join_of(text) for text in merged]))


def test_blocks_are_the_whole_text():
    text = lock_of_run(2, 3)
    assert [stage_name(line) for line in blocks_of(text)] == ["a", "b", "join"]
    assert HEAD + "".join(blocks_of(text).values()) == text


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("train:", "train"),
        ("train@0.1:", "train@0.1"),
        ("'1':", "1"),
        ('"a\\tb":', "a\tb"),
        (f"? train@{'k' * 130}", f"train@{'k' * 130}"),
    ],
)
def test_stage_is_known_by_the_line_that_names_it(line, name):
    value = "  :   cmd: x\n" if line.startswith("?") else "    cmd: x\n"
    (found,) = blocks_of(f"{HEAD}  {line}\n{value}    deps:\n    - path: y\n")
    assert stage_name(found) == name


@pytest.mark.parametrize(
    "text",
    [
        "schema: '2.0'\n",
        "stages: {}\n",
        "train:\n  cmd: x\n  deps:\n  - path: y\n",
        "<<<<<<< HEAD\n",
    ],
)
def test_text_without_stages_has_no_blocks(text):
    assert blocks_of(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        OURS.replace("schema: '2.0'", 'schema: "2.0"'),
        OURS.replace("stages:\n", "stages:\n  # a comment\n"),
        OURS.replace("  join:\n", "<<<<<<< HEAD\n  join:\n"),
        f"{OURS}more: 1\n",
        OURS.removesuffix("\n"),
    ],
)
def test_lock_that_dvc_did_not_print_is_not_merged(text):
    assert is_plain(OURS)
    assert not is_plain(text)
    assert merge_locks(BASE, text, THEIRS) is None
    assert merge_locks(BASE, OURS, text) is None


def test_lines_of_a_block_are_known_by_their_keys():
    lines = lines_of(join_entry(1, 2, 3, 4))
    assert ("cmd: python join.py",) in lines
    assert ("deps", "- path: data/a.txt", "size: 1") in lines
    assert ("outs", "- path: data/f.txt", "hash: md5") in lines


def test_files_of_a_block_are_told_apart():
    files = files_of(join_entry(1, 2, 3, 4))
    assert list(files.deps) == ["data/a.txt", "data/b.txt"]
    assert list(files.outs) == ["data/f.txt", "data/g.json"]
    assert len({*files.deps.values(), *files.outs.values()}) == 4


def test_block_of_a_damaged_lock_has_the_lines_that_it_has():
    assert ("deps",) in sources_of("  a:\n    cmd: x\n    deps\n", {})


def test_entry_of_two_runs_is_combined():
    assert is_combined(join_entry(2, 2, 2, 2), OURS, THEIRS)


@pytest.mark.parametrize("text", [OURS, THEIRS])
def test_entry_of_one_side_is_not_combined(text):
    assert combined_blocks(blocks_of(text), [blocks_of(OURS), blocks_of(THEIRS)]) == {}


def test_entry_with_a_line_of_no_side_is_not_combined():
    assert not is_combined(join_entry(2, 2, 4, 4), OURS, THEIRS)
    assert not is_combined(join_entry(2, 3, 2, 2), OURS, THEIRS)


def test_value_of_another_file_is_not_the_line_of_this_one():
    assert not is_combined(join_entry(2, 1, 3, 1), lock_of_run(2, 1), lock_of_run(1, 3))


def test_entry_under_another_name_is_not_combined():
    renamed = join_entry(2, 1, 2, 1).replace("join:", "merge:")
    assert not is_combined(renamed, OURS.replace("join:", "merge:"), THEIRS)


@pytest.mark.parametrize(
    ("ours", "theirs", "mixed"),
    [
        ([1, 2, 3], [9, 8, 7], [1, 8, 3]),
        ({"c": 1, "d": 2}, {"c": 9, "d": 8}, {"c": 1, "d": 8}),
    ],
)
def test_parameter_is_combined_by_its_lines(ours, theirs, mixed):
    sides = [
        blocks_of(lock([entry("s", {}, {"s.list": each}, {"f": 1})])) for each in (ours, theirs)
    ]
    mixed_block = blocks_of(lock([entry("s", {}, {"s.list": mixed}, {"f": 1})]))
    assert combined_blocks(mixed_block, sides) == mixed_block


def test_folded_command_is_combined_by_its_lines():
    def blocks(first, second):
        cmd = LONG.replace("first=1", f"first={first}").replace("second=2", f"second={second}")
        return blocks_of(lock([f"  s:\n{entry_text({'cmd': cmd}, 4)}"]))

    assert len(blocks(1, 2)["s:"].splitlines()) == 3
    assert combined_blocks(blocks(1, 1), [blocks(1, 2), blocks(2, 1)]) == blocks(1, 1)


def mixtures(ours, theirs):
    """All that a merge by lines can make of two versions of a block with the same keys."""
    pairs = zip(ours.splitlines(keepends=True), theirs.splitlines(keepends=True), strict=True)
    return {"".join(lines) for lines in product(*({*pair} for pair in pairs))}


@given(levels, levels, levels, levels)
def test_each_mixture_of_lines_is_combined_but_for_the_sides(a, b, c, d):
    (ours,), (theirs,) = (join_of(text).values() for text in (lock_of_run(a, b), lock_of_run(c, d)))
    for block in mixtures(ours, theirs):
        combined = is_combined(block, lock_of_run(a, b), lock_of_run(c, d))
        assert combined == (block not in (ours, theirs))


def test_stage_is_taken_from_the_side_that_changed_it():
    merged = merge_locks(BASE, OURS, THEIRS)
    blocks = blocks_of(merged.text)
    assert blocks["a:"] == blocks_of(OURS)["a:"]
    assert blocks["b:"] == blocks_of(THEIRS)["b:"]
    assert merged.due == ("join",)


def test_of_a_stage_that_both_sides_ran_the_run_that_fits_is_taken():
    ours = lock_of_run(2, 1)
    theirs = lock([*[*blocks_of(lock_of_run(1, 3)).values()][:2], join_entry(2, 3, 6, 6)])
    merged = merge_locks(BASE, ours, theirs)
    assert join_of(merged.text) == join_of(theirs)
    assert wrong_entries(merged.text) == set()


def test_what_follows_a_chosen_stage_is_chosen_by_it():
    def text(value, then):
        first = entry("first", {"a": value}, {}, {"f": value})
        return lock([entry("last", {"f": value}, {}, {"g": then}), first])

    base, ours, theirs = text(1, 1), text(2, 2), text(3, 3)
    source = entry("a", {}, {"a.level": 3}, {"a": 3})
    merged = merge_locks(base, ours + source, theirs + source)
    assert {**blocks_of(merged.text)} == {**blocks_of(theirs + source)}
    assert merged.due == ()


def test_same_inputs_need_no_run():
    ours, theirs = lock([join_entry(1, 1, 5, 1)]), lock([join_entry(1, 1, 6, 1)])
    merged = merge_locks(lock([join_entry(1, 1, 4, 1)]), ours, theirs)
    assert (merged.text, merged.due) == (ours, ())


def test_stages_that_both_sides_added_are_all_there_in_our_order():
    new = [entry(name, {}, {}, {"f": 1}) for name in "xyz"]
    merged = merge_locks("", lock([new[1], new[0]]), lock([new[2], new[0]]))
    assert [*blocks_of(merged.text)] == ["y:", "x:", "z:"]


def test_stage_that_one_side_removed_is_gone_unless_the_other_ran_it():
    without = lock([*blocks_of(BASE).values()][:2])
    assert merge_locks(BASE, without, BASE).text == without
    assert merge_locks(BASE, BASE, without).text == without
    assert join_of(merge_locks(BASE, without, OURS).text) == join_of(OURS)
    assert join_of(merge_locks(BASE, OURS, without).text) == join_of(OURS)


@given(locks, locks, locks)
def test_merge_takes_whole_entries_only(base, ours, theirs):
    versions = [blocks_of(text) for text in (base, ours, theirs)]
    merged, due = merge_blocks(*versions)
    assert combined_blocks(merged, versions[1:]) == {}
    assert wrong_entries(lock(merged.values())) == set()
    outs = {path: md5 for block in merged.values() for path, md5 in files_of(block).outs.items()}
    fits = files_of(merged["join:"]).deps.items() <= outs.items()
    assert fits or "join:" in due


@given(locks, locks)
def test_merge_with_an_unchanged_side_is_the_other_side(base, ours):
    assert merge_locks(base, ours, base).text == ours
    assert merge_locks(base, base, ours).text == ours
    assert merge_locks(base, ours, ours).text == ours


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("dvc.lock", "/dvc.lock"),
        ("sub/workflow/rules/*.smk", "/sub/workflow/rules/*.smk"),
        ("my project/dvc.lock", '"/my project/dvc.lock"'),
        ("a*[b]/dvc.lock", '"/a\\\\*\\\\[b\\\\]/dvc.lock"'),
        ('a"b/dvc.lock', '"/a\\"b/dvc.lock"'),
        ("Länder/dvc.lock", "/Länder/dvc.lock"),
    ],
)
def test_attributes_are_for_one_path_only(path, pattern):
    assert attribute_pattern(path) == pattern


def test_program_of_the_driver_is_quoted_for_the_shell_and_for_git():
    command = driver_command("/a b/50%/it's/nbsnake", "lock")
    assert """'/a b/50%%/it'"'"'s/nbsnake'""" in command
    assert re.findall(r"(?<!%)%\w", command) == ["%O", "%A", "%B", "%P", "%A", "%O", "%B"]
