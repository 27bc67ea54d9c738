"""What `nbsnake profile` says and writes, on clusters that answer what a real one printed.

Golden: `pytest --update-golden` writes tests/profiles, one file for each case.
"""

from pathlib import Path

import pytest
from builders import declare, nb_bytes
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.cli import main
from nbsnake.cluster.generic import SYSTEMS
from nbsnake.cluster.profiles import Setting, read_profile, render_profile
from nbsnake.cluster.slurm.facts import minutes, parse_cluster
from nbsnake.job.receipt import Receipt, write_receipt

PROFILE = "workflow/profiles/slurm/profile.yaml"
GOLDEN = Path(__file__).parent / "profiles"

CONFIG = """\
Configuration data as of 2026-11-25T16:07:45
AccountingStorageEnforce = {enforce}
AccountingStorageType   = accounting_storage/{accounting}
ClusterName             = lab
JobRequeue              = {requeue}
MinJobAge               = {age} sec
SLURM_VERSION           = 22.05.8

Slurmctld(primary) at login is UP
"""
SMALL = "main*|up|infinite|2|4|4000|(null)|(null)\nshort|up|10:00|1|4|4000|(null)|(null)\n"
LARGE = (
    "cpu*|up|2-00:00:00|9|64|250000|(null)|(null)\n"
    "cpu*|up|2-00:00:00|2|128+|500000+|(null)|(null)\n"
    "gpu|up|1-00:00:00|1|48|500000|gpu:a100:4(S:0-1)|(null)\n"
    "old|down|infinite|1|256|900000|(null)|(null)\n"
)
NONE = "a|up|30:00|1|4|4000|(null)|(null)\nb|up|1:00:00|1|4|4000|(null)|(null)\n"
CLUSTERS = {
    "plain": (CONFIG.format(enforce="none", accounting="none", requeue=1, age=300), SMALL),
    "accounts": (
        CONFIG.format(enforce="associations", accounting="slurmdbd", requeue=0, age=300),
        LARGE,
    ),
    "forgetful": (CONFIG.format(enforce="none", accounting="slurmdbd", requeue=1, age=10), NONE),
    "blind": (CONFIG.format(enforce="none", accounting="none", requeue=1, age=10), SMALL),
    "strange": ("Configuration data\n", SMALL),
    "silent": (None, SMALL),
}
GROUP = (":group: tiny",)
# cluster, words, keys of the step
CASES = {
    "plain": ("plain", "slurm", ()),
    "plain_groups": ("plain", "slurm --poll 5", GROUP),
    "accounts": ("accounts", "slurm --account lab --partition gpu", ()),
    "accounts_without_one": ("accounts", "slurm", ()),
    "accounting_only": ("forgetful", "slurm --partition a", ()),
    "no_default_partition": ("forgetful", "slurm", ()),
    "no_such_partition": ("plain", "slurm --partition mian", ()),
    "account_where_there_are_none": ("plain", "slurm --account lab", ()),
    "forgets_jobs": ("blind", "slurm", ()),
    "not_understood": ("strange", "slurm", ()),
    "does_not_answer": ("silent", "slurm", ()),
    "no_slurm": (None, "slurm", ()),
    "no_slurm_check": (None, "slurm --check", ()),
    "check_fits": ("accounts", "slurm --check", (":threads: 100", ":resources: mem_mb=400000")),
    "check_too_much": (
        "plain",
        "slurm --check",
        (":threads: 9", ":resources: mem_mb=1500*attempt gpu=1"),
    ),
    "check_time": ("plain", "slurm --check", (":resources: slurm_partition=short runtime=60",)),
    "check_partition": ("plain", "slurm --check", (":resources: slurm_partition=gpu",)),
    "check_kinds_of_nodes": (
        "accounts",
        "slurm --check",
        (":threads: 100", ":resources: gpu=1 slurm_partition=gpu"),
    ),
    "check_per_cpu": ("plain", "slurm --check", (":threads: 4", ":resources: mem_mb_per_cpu=1500")),
    "check_tasks": ("plain", "slurm --check", (":resources: tasks=64",)),
    "check_down": ("accounts", "slurm --check", (":resources: slurm_partition=old",)),
    "check_elsewhere": ("accounts", "slurm --check", (":resources: gpu=2",)),
    "generic_slurm": (None, "generic --system slurm", ()),
    "generic_sge": (None, "generic --system sge", ()),
    "generic_pbs": (None, "generic --system pbs", ()),
    "generic_lsf": (None, "generic --system lsf", ()),
    "generic_own": (None, "generic --submit qs --status qq --cancel qd", GROUP),
    "generic_unknown": (None, "generic --submit qs", ()),
    "default": (None, "default", ()),
    "options_of_others": (None, "default --partition main --submit qs", ()),
    "generic_options_of_slurm": (None, "generic --system lsf --check --poll 3", ()),
    "dry_run": ("plain", "slurm --dry-run", ()),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one step, of which ``make`` writes the notebook, and the cluster it sees."""
    (tmp_path / "project/notebooks").mkdir(parents=True)
    (tmp_path / "project/.dvc").mkdir()
    (tmp_path / "bin").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    return tmp_path


def program(folder, name, text):
    file = folder / "bin" / name
    body = "exit 1" if text is None else f"cat <<'END'\n{text}END\n"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def arrange(folder, cluster, fields):
    cell = declare(":dvc-out: data/a.txt", *fields)
    Path("notebooks/a.ipynb").write_bytes(nb_bytes(cell))
    if cluster:
        config, sinfo = CLUSTERS[cluster]
        program(folder, "scontrol", config)
        program(folder, "sinfo", sinfo)
        program(folder, "sbatch", "")


@pytest.fixture
def without_slurm(monkeypatch):
    """As on a machine where no Slurm is installed, whether this one has it or not."""
    which = __import__("shutil").which
    hidden = ("sbatch", "scontrol", "sinfo")
    monkeypatch.setattr(
        "shutil.which", lambda name, **more: None if name in hidden else which(name, **more)
    )


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_and_written(case, project, capsys, update_golden, request):
    cluster, words, fields = CASES[case]
    if cluster is None:
        request.getfixturevalue("without_slurm")
    arrange(project, cluster, fields)
    code = main(["profile", *words.split()])
    said = capsys.readouterr()
    written = sorted(path for path in Path("workflow").rglob("*") if path.is_file())
    text = f"$ nbsnake profile {words}\nexit code {code}\n\n{said.err}{said.out}"
    for path in written:
        text += f"\n--- {path}\n{path.read_text(encoding='utf-8')}"
    file = GOLDEN / f"{case}.txt"
    if update_golden:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    assert bool(written) is (code == 0 and "--check" not in words and "--dry-run" not in words)


def test_ends_of_lines_are_no_escape_sequences(project, capsys):
    for cluster, words, fields in (CASES["accounts"], CASES["plain_groups"]):
        arrange(project, cluster, fields)
        assert main(["profile", *words.split(), "--force"]) == 0
        said = capsys.readouterr()
        assert said.err.count("\n") > 3
        assert "\\n" not in said.err + said.out + Path(PROFILE).read_text()


def test_a_profile_is_written_once_and_overwritten_by_force_only(project, capsys):
    arrange(project, "plain", ())
    assert main(["profile", "slurm"]) == 0
    first = Path(PROFILE).read_text()
    assert main(["profile", "slurm"]) == 0
    assert "as it would be written" in capsys.readouterr().err

    Path(PROFILE).write_text(first.replace("jobs: 100", "jobs: 7"))
    assert main(["profile", "slurm"]) == 1
    captured = capsys.readouterr()
    assert "-jobs: 7\n+jobs: 100\n" in captured.out
    assert "--force" in captured.err
    assert "jobs: 7" in Path(PROFILE).read_text()

    assert main(["profile", "slurm", "--force"]) == 0
    assert Path(PROFILE).read_text() == first


def test_a_profile_has_the_last_word_on_what_a_step_asks(project, capsys):
    arrange(project, "plain", (":threads: 9", ":resources: mem_mb=9000"))
    profile = Path(PROFILE)
    profile.parent.mkdir(parents=True)
    profile.write_text("set-threads: {a: 2}\nset-resources: {a: {mem_mb: 500 * attempt}}\n")
    assert main(["profile", "slurm", "--check"]) == 0, capsys.readouterr().err


def test_resources_of_the_profile_count_for_steps_that_say_nothing(project, capsys):
    arrange(project, "plain", (":resources: slurm_partition=short",))
    assert main(["profile", "slurm"]) == 0
    assert main(["profile", "slurm", "--check"]) == 1
    assert "runtime=60; the partition 'short' has 10 minutes" in capsys.readouterr().err


def test_a_rule_of_the_profile_that_does_not_exist_is_named(project, capsys):
    arrange(project, "plain", ())
    profile = Path(PROFILE)
    profile.parent.mkdir(parents=True)
    profile.write_text("set-threads: {b: 2}\n")
    assert main(["profile", "slurm", "--check"]) == 1
    assert "'set-threads' names the rule 'b', which does not exist" in capsys.readouterr().err
    for text in ("rule b:\n    shell: 'true'\n", "use rule * from other as b_*\n"):
        Path("workflow/Snakefile").write_text(text)
        assert main(["profile", "slurm", "--check"]) == 0


def receipt(step="a", **changes):
    fields = {
        "step": step,
        "cmd": "",
        "argv": (),
        "params": {},
        "deps": (),
        "outs": (),
        "started": 1000.0,
        "ended": 1600.0,
        "host": "node1",
        "cpu_seconds": 1500.0,
        "peak_memory": 1000 << 20,
    }
    return Receipt(**{**fields, **changes})


def test_requests_follow_what_was_used_and_leave_some_room(project, monkeypatch, capsys):
    arrange(project, "plain", ())
    write_receipt(receipt())
    monkeypatch.setattr("nbsnake.commands.profile.variant_names", lambda: {"a": ["a"]})
    assert main(["profile", "slurm", "--from-receipts"]) == 0
    settings = read_profile("workflow/profiles/slurm")
    assert settings["set-threads"] == {"a": 3}
    assert settings["set-resources"] == {
        "a": {"mem_mb": "1600 * attempt", "runtime": "20 * attempt"}
    }


def test_no_step_gets_fewer_threads_than_its_author_gave_it(project, monkeypatch):
    arrange(project, "plain", (":threads: 4",))
    write_receipt(receipt(cpu_seconds=60.0))
    monkeypatch.setattr("nbsnake.commands.profile.variant_names", lambda: {"a": ["a"]})
    assert main(["profile", "slurm", "--from-receipts"]) == 0
    assert read_profile("workflow/profiles/slurm")["set-threads"] == {"a": 4}


@pytest.mark.parametrize("age", ["never run", "restored"])
def test_nothing_is_guessed_of_steps_that_have_not_run(age, project, monkeypatch, capsys):
    arrange(project, "plain", ())
    if age == "restored":
        write_receipt(receipt(restored=True))
    monkeypatch.setattr("nbsnake.commands.profile.variant_names", lambda: {"a": ["a"]})
    assert main(["profile", "slurm", "--from-receipts"]) == 0
    assert "a: has not run here" in capsys.readouterr().err
    assert "set-resources" not in read_profile("workflow/profiles/slurm")


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("infinite", None),
        ("10:00", 10),
        ("1:30:00", 90),
        ("2-01:00:00", 2940),
        ("1-00", 1440),
        ("n/a", None),
    ],
)
def test_time_limits_are_read_as_slurm_writes_them(limit, expected):
    assert minutes(limit) == expected


def test_a_partition_has_what_the_largest_of_its_nodes_has():
    cluster = parse_cluster(*CLUSTERS["accounts"])
    cpu, gpu = cluster.partition("cpu"), cluster.partition("gpu")
    assert (cpu.cpus, cpu.mem_mb, cpu.gpus, cpu.minutes) == (128, 500000, 0, 2880)
    assert gpu.gpus == 4
    assert cluster.default == cpu


@pytest.mark.parametrize("sinfo", ["", "main|up\n", "main|up|infinite|1|many|4000|x|x\n"])
def test_what_cannot_be_understood_is_said(sinfo):
    with pytest.raises(ValueError, match="sinfo"):
        parse_cluster(CLUSTERS["plain"][0], sinfo)


@pytest.mark.parametrize("system", SYSTEMS)
def test_submit_commands_name_what_snakemake_fills_in(system):
    submit = SYSTEMS[system].submit
    for field in ("{threads}", "{resources.mem_mb}", "{resources.runtime}", "{rule}"):
        assert field in submit


words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30)
scalars = words | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(words, values, max_size=4), words)
def test_profile_reads_back_as_snakemake_reads_it(tmp_path_factory, options, why):
    folder = tmp_path_factory.mktemp("profile")
    settings = [Setting(key, value, why) for key, value in options.items()]
    (folder / "profile.yaml").write_text(render_profile(settings, "profile", str(folder)))
    assert read_profile(str(folder)) == options
