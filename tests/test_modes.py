"""What Snakemake is called for is read by its own parser, in any spelling."""

import pytest
from snakemake.cli import parse_args

from nbsnake.snakemake.modes import WITHOUT_JOBS, Mode, mode_of, read_mode


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def mode(*words):
    return mode_of(parse_args(words)[1])


@pytest.mark.parametrize(
    "line",
    [
        *("-tc2", "-c2 -t", "--touch -c 2", "--tou -c2", "-Sc1", "-c1 --summ", "--lt", "-l"),
        *("-c1 --dag", "-c1 --rulegraph", "--unlock", "--delete-all-output -c1"),
        *("-c1 --report", "-c1 --report x.html", "-c1 --reporter html", "--lint"),
        *("-c1 --cleanup-metadata a b", "-c1 --archive a.tar.gz", "-c1 --containerize"),
    ],
)
def test_modes_that_run_no_job(line):
    assert not mode(*line.split()).runs_jobs


@pytest.mark.parametrize("line", ["-c2", "-nc2", "", "-c1 --report a.html --report-after-run"])
def test_runs_and_dry_runs(line):
    assert mode(*line.split()) == Mode()


def test_without_params_among_the_triggers_content_is_not_seen():
    assert not mode("-c1", "--rerun-triggers", "mtime", "code").sees_content
    assert mode("-c1", "--rerun-triggers", "mtime", "params").sees_content


def test_options_of_a_program_that_calls_the_api_are_its_own(monkeypatch):
    monkeypatch.setattr("sys.argv", ["program", "--touch"])
    assert read_mode() == Mode()


def test_lint_alone_lints():
    assert mode("--lint").lints


def test_profile_can_set_the_mode(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/config.yaml").write_text("touch: true\n")
    assert not mode("--profile", "p", "-c1").runs_jobs


def test_every_option_is_one_of_snakemakes():
    known = vars(parse_args([])[1])
    assert [name for name in WITHOUT_JOBS if name not in known] == []
