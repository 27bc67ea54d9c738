"""Notebooks with faults give a script or a refusal, and nothing else happens."""

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mutate
import pytest
from corpus_convert import convert
from mutation_worker import SECONDS, corpus_seeds

pytestmark = pytest.mark.corpus

COUNT = 10_000
WORKERS = 2
FOLDERS, IN_A_FOLDER = 20, 50
FIRST_OF_FOLDERS = 1_000_000  # other notebooks than those before


@pytest.fixture(scope="module")
def seeds(corpus: Path) -> list[bytes]:
    return corpus_seeds(corpus)


def work(corpus: Path, folder: Path, first: int) -> dict:
    """What one worker finds; where its process died, that is a fault of the number at hand."""
    folder.mkdir()
    script = str(Path(__file__).with_name("mutation_worker.py"))
    numbers = [str(first), str(COUNT), str(WORKERS)]
    done = subprocess.run(
        [sys.executable, script, str(corpus), *numbers, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"mutation {(folder / 'now').read_text().strip()}: {done.stderr}"
    assert sorted(os.listdir(folder)) == ["now", "result.json"]
    return json.loads((folder / "result.json").read_text())


def test_mutated_notebooks_end_in_a_script_or_a_refusal(corpus, tmp_path, say):
    """``python tests/corpus/mutate.py NUMBER`` prints the notebook of a fault."""
    with ThreadPoolExecutor(WORKERS) as pool:
        runs = [pool.submit(work, corpus, tmp_path / str(first), first) for first in range(WORKERS)]
        results = [run.result() for run in runs]
    ends = sum((Counter(result["ends"]) for result in results), Counter())
    seconds, number = max(tuple(result["worst"]) for result in results)
    peak = max(result["peak_kib"] for result in results) // 1024
    say(f"{COUNT} mutations: worst {seconds:.2f} s (number {number}), peak memory {peak} MiB")
    say(f"    {', '.join(f'{end}: {count}' for end, count in sorted(ends.items()))}")
    assert [fault for result in results for fault in result["faults"]] == []
    assert sum(ends[f"convert: {end}"] for end in ("script", "refused")) == COUNT
    assert min(ends[f"{way}: {end}"] for way, end in LIVELY) > COUNT / 50


# Both ends are met often, or the mutations would test nothing.
LIVELY = [(way, end) for way in ("convert", "generate") for end in ("script", "refused")]


def test_folders_of_mutated_notebooks_by_the_command_line(seeds, tmp_path, say):
    converted = 0
    for number in range(FOLDERS):
        folder = tmp_path / str(number) / "notebooks"
        folder.mkdir(parents=True)
        first = FIRST_OF_FOLDERS + number * IN_A_FOLDER
        for place in range(IN_A_FOLDER):
            data = mutate.mutated(first + place, seeds)
            (folder / f"n{first + place}.ipynb").write_bytes(data)
        converted += check_folder(folder)
    say(f"{FOLDERS} folders of {IN_A_FOLDER} mutations by the command line: {converted} converted")
    assert converted > FOLDERS


def check_folder(folder: Path) -> int:
    """Convert it and look at all that came of it; the number of scripts."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    outcome = convert(folder, folder.parent / "out", seconds=SECONDS * IN_A_FOLDER)
    assert outcome.odd_lines == ()
    assert outcome.code == (1 if outcome.refusals else 0)
    scripts = {path.with_suffix("").name for path in outcome.out.glob("*.py")}
    refused = {refusal.notebook.removesuffix(".ipynb") for refusal in outcome.refusals}
    assert scripts | refused == {path.with_suffix("").name for path in before}
    assert scripts.isdisjoint(refused)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(os.listdir(folder.parent)) == ["notebooks", *(["out"] if scripts else [])]
    return len(scripts)
