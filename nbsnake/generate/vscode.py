"""Settings of VS Code for a project: tasks, the form of errors, and the schema of params.yaml.

See https://code.visualstudio.com/docs/debugtest/tasks. The marks ``# %% cell 3`` of scripts are
cells of the interactive window without any setting.
"""

import json
from collections.abc import Iterator
from typing import Any

from nbsnake.generate.files import GeneratedFile
from nbsnake.names import PARAMS_FILE
from nbsnake.settings.schema import SCHEMA_FILE

# Such as "notebooks/a.ipynb, cell 3 (In [7]), line 2: is not valid Python"; the message keeps the
# cell. What is only said of a notebook is no problem.
_FILE = r"^(?:nbsnake: )?([^\s,:][^,:]*\.\w+)(?:, )?"
_CELL = r"cell \d+(?: \(In \[\d+\]\))?"
WITH_LINE = rf"{_FILE}((?:{_CELL}, )?line (\d+): .+)$"
WITHOUT_LINE = rf"{_FILE}((?:{_CELL})?: (?!left out: |dropped: |no parameters: ).+)$"
TASKS = ("run", "generate", "check", "status", "port", "report")
EXTENSIONS = (
    *("ms-python.python", "ms-toolsai.jupyter", "redhat.vscode-yaml"),
    "snakemake.snakemake-lang",
)
SETTINGS: dict[str, Any] = {
    "yaml.schemas": {SCHEMA_FILE: [PARAMS_FILE]},
    "files.associations": {"Snakefile": "snakemake", "*.smk": "snakemake"},
    "files.watcherExclude": {"**/.dvc/cache/**": True, "**/.snakemake/**": True},
    "search.exclude": {"**/.dvc/cache": True, "**/.nbsnake": True, "**/.snakemake": True},
}


def vscode_files() -> Iterator[GeneratedFile]:
    """The files of ``.vscode``, each written where there is none."""
    documents = {
        "tasks.json": {"version": "2.0.0", "tasks": list(map(_task, TASKS))},
        "settings.json": SETTINGS,
        "extensions.json": {"recommendations": list(EXTENSIONS)},
    }
    for name, document in documents.items():
        text = json.dumps(document, indent=2) + "\n"
        yield GeneratedFile(path=f".vscode/{name}", text=text, once=True)


def _task(command: str) -> dict[str, Any]:
    """A task by the Python that is chosen in VS Code, whatever the terminal has on its path."""
    task = {
        "label": f"nbsnake {command}",
        "type": "process",
        "command": "${command:python.interpreterPath}",
        "args": ["-m", "nbsnake", command],
        "options": {"cwd": "${workspaceFolder}"},
        "problemMatcher": [_matcher(WITH_LINE, line=3), _matcher(WITHOUT_LINE)],
        "presentation": {"clear": True},
    }
    return task | ({"group": {"kind": "build", "isDefault": True}} if command == "run" else {})


def _matcher(regexp: str, **more: int) -> dict[str, Any]:
    kind = {} if more else {"kind": "file"}
    return {
        "owner": "nbsnake" if more else "nbsnake-file",
        "source": "nbsnake",
        "fileLocation": ["relative", "${workspaceFolder}"],
        "severity": "error",
        "pattern": {"regexp": regexp, **kind, "file": 1, "message": 2, **more},
    }
