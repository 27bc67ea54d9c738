"""What Snakemake is called for is read by its own parser, in any spelling."""

import pytest
from snakemake.cli import parse_args

from nbsnake.snakemake.modes import WITHOUT_JOBS, Mode, is_plain, is_plain_run, mode_of, read_mode


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
    assert not is_plain_run()


@pytest.mark.parametrize(
    "line",
    [
        *("-c2", "-j 3", "-c all --quiet --keep-going --rerun-incomplete --show-failed-logs"),
        "-c1 --scheduler greedy --retries 2 --printshellcmds --verbose --logger nbsnake",
        "--executor local -j 9 --default-resources mem_mb=9 --set-threads a=2 --latency-wait 9",
    ],
)
def test_options_that_say_how_jobs_run_are_plain(line):
    parser, args = parse_args(line.split())
    assert is_plain(args, parser)


@pytest.mark.parametrize(
    "line",
    [
        *("-nc1", "all -c1", "a.txt -c1", "-Fc1", "-fc1", "-R a -c1", "-U a -c1", "-O a -c1"),
        *("-c1 --config a=1", "-c1 --configfile a.yaml", "-c1 --rerun-triggers mtime", "--lint"),
        *("-c1 --batch all=1/2", "-c1 --ignore-incomplete", "-c1 --allowed-rules a", "-tc1"),
        *("-c1 --software-deployment-method conda", "-c1 --report", "-c1 --report r.html"),
        *("-c1 --summary", "--dag", "--list-rules", "--unlock", "-c1 --delete-all-output"),
        *("-c1 --cleanup-metadata a", "-c1 --force-use-threads", "-c1 --nolock", "-c1 --notemp"),
        *(
            "-c1 --snakefile workflow/Snakefile",
            "-c1 --archive a.tar.gz",
            "-c1 --consider-ancient a=0",
        ),
    ],
)
def test_targets_and_other_options_are_not_plain(line, tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1\n")
    parser, args = parse_args(line.split())
    assert not is_plain(args, parser)


def test_lint_alone_lints():
    assert mode("--lint").lints


def test_profile_can_set_the_mode(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/config.yaml").write_text("touch: true\n")
    assert not mode("--profile", "p", "-c1").runs_jobs


def test_every_option_is_one_of_snakemakes():
    known = vars(parse_args([])[1])
    assert [name for name in WITHOUT_JOBS if name not in known] == []
