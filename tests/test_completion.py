"""Completion of commands and options, as a shell asks for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from results_builder import Folder

from nbsnake.cli import COMMANDS, SHELLS, main


def script_of(shell, capsys):
    assert main(["--print-completion", shell]) == 0
    return capsys.readouterr().out


def completed(line, capsys, tmp_path):
    """What bash offers at the end of a line."""
    (tmp_path / "completion").write_text(script_of("bash", capsys))
    words = " ".join(f"'{word}'" for word in line.split(" "))
    ask = (
        "source completion\n"
        f"COMP_WORDS=({words}) COMP_CWORD={len(line.split(' ')) - 1}\n"
        "function=$(complete -p nbsnake | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\n"
        '$function nbsnake; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return {word.strip() for word in done.stdout.splitlines()}


def test_bash_completes_commands(capsys, tmp_path):
    assert completed("nbsnake re", capsys, tmp_path) == {"record", "report", "restore"}
    assert completed("nbsnake ", capsys, tmp_path) >= set(COMMANDS)


def test_bash_completes_options_of_a_command(capsys, tmp_path):
    assert "--profile" in completed("nbsnake run --pro", capsys, tmp_path)
    assert "--pull" in completed("nbsnake restore --", capsys, tmp_path)


def test_bash_completes_names_of_steps(capsys, folder, monkeypatch):
    Folder()
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert completed("nbsnake why ma", capsys, folder) == {"make"}
    assert completed("nbsnake run make jo", capsys, folder) == {"join"}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script(shell, capsys, tmp_path):
    text = script_of(shell, capsys)
    assert "compare" in text
    if program := shutil.which(shell):
        (tmp_path / "completion").write_text(text)
        subprocess.run([program, "-n", "completion"], cwd=tmp_path, check=True)


def test_unknown_shell_is_refused(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--print-completion=csh"])
    assert left.value.code == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err
