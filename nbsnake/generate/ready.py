"""Files for other tools that `nbsnake init` writes once, where they are not there yet."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from nbsnake.generate.files import GeneratedFile
from nbsnake.generate.resources import resource

CI: Mapping[str, tuple[str, str]] = {
    "github": (".github/workflows/pipeline.yml", "ci/github.yml"),
    "gitlab": (".gitlab-ci.yml", "ci/gitlab.yml"),
}
_INSTALL: Mapping[str, str] = {
    "requirements.txt": "python -m pip install nbsnake -r requirements.txt",
    "pyproject.toml": "python -m pip install nbsnake .",
    "": "python -m pip install nbsnake",
}


def ci_files(service: str) -> Iterator[GeneratedFile]:
    """The pipeline for a hosting service, one of :data:`CI`."""
    path, name = CI[service]
    known = next(file for file in _INSTALL if not file or Path(file).is_file())
    text = resource(name).replace("INSTALL", _INSTALL[known])
    yield GeneratedFile(path=path, text=text, once=True)
