"""``nbsnake profile``"""

import argparse
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from nbsnake.cluster.fitting import Site, unfit, unknown_rules
from nbsnake.cluster.generic import (
    STATUS_FILE,
    SYSTEMS,
    System,
    generic_settings,
    status_script,
)
from nbsnake.cluster.profiles import FILE, Setting, read_profile, render_profile
from nbsnake.cluster.slurm.accounts import Accounts
from nbsnake.cluster.slurm.ask import ask_accounts, ask_cluster
from nbsnake.cluster.slurm.facts import Cluster
from nbsnake.cluster.slurm.profile import Wishes, choose_partition, slurm_settings
from nbsnake.cluster.slurm.requests import by_rule
from nbsnake.cluster.usage import fitting, most, usage_of
from nbsnake.commands import enter_project
from nbsnake.errors import NbsnakeError, UsageError, raise_all
from nbsnake.generate.files import Drift, GeneratedFile, find_drift, settle
from nbsnake.generate.generate import find_pipeline
from nbsnake.generate.resources import default_profile
from nbsnake.job.plan import read_plan
from nbsnake.job.receipt import read_receipt
from nbsnake.job.regular import read_regular
from nbsnake.model.paramtype import Value
from nbsnake.model.step import Step
from nbsnake.names import PROFILES_FOLDER

KINDS = ("slurm", "generic", "default")
# Which options mean something for which kind.
SLURM_ONLY = ("partition", "account", "poll", "check", "from_receipts")
GENERIC_ONLY = ("system", "submit", "status", "cancel")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=" | ".join(KINDS))
    parser.add_argument(
        "-o", dest="folder", metavar="DIR", help=f"where (default: {PROFILES_FOLDER}/KIND)"
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="print it, write nothing")
    parser.add_argument("--force", action="store_true", help="overwrite a profile that differs")
    slurm = parser.add_argument_group("slurm")
    slurm.add_argument("--partition", metavar="P", help="the partition of steps that name none")
    slurm.add_argument("--account", metavar="A", help="the account to charge")
    slurm.add_argument(
        "--poll",
        type=_seconds,
        metavar="S",
        help="seconds before the first status check (default 20)",
    )
    slurm.add_argument(
        "--from-receipts", action="store_true", help="request what the steps used in their last run"
    )
    slurm.add_argument(
        "--check", action="store_true", help="write nothing; fail if a step can never run"
    )
    generic = parser.add_argument_group("generic")
    generic.add_argument("--system", choices=SYSTEMS, help="ready settings of a batch system")
    generic.add_argument("--submit", metavar="CMD", help="submits a job, prints its number")
    generic.add_argument("--status", metavar="CMD", help="prints success, failed or running")
    generic.add_argument("--cancel", metavar="CMD", help="cancels jobs")


def _seconds(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 600:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of seconds from 1 to 600")
    return int(word)


def run(args: argparse.Namespace) -> int:
    """Write or check a profile. Raises :class:`NbsnakeError` where that cannot be done."""
    _check_options(args)
    enter_project()
    folder = (args.folder or f"{PROFILES_FOLDER}/{args.kind}").rstrip("/")
    if args.check:
        return _check(ask_cluster(), args, folder)
    files = [*{"slurm": _slurm, "generic": _generic, "default": _default}[args.kind](args, folder)]
    if args.dry_run:
        sys.stdout.writelines(file.text for file in files)
        return 0
    return _write(files, folder, force=args.force)


def _check_options(args: argparse.Namespace) -> None:
    wrong = {"slurm": GENERIC_ONLY, "generic": SLURM_ONLY, "default": SLURM_ONLY + GENERIC_ONLY}
    faults: list[NbsnakeError] = [
        UsageError(f"--{name.replace('_', '-')} means nothing for a {args.kind} profile")
        for name in wrong[args.kind]
        if getattr(args, name)
    ]
    raise_all(faults)


def _slurm(args: argparse.Namespace, folder: str) -> Iterable[GeneratedFile]:
    cluster = ask_cluster()
    accounts = ask_accounts(cluster)
    _check_account(args.account or "", accounts)
    steps = find_pipeline().steps
    wishes = Wishes(
        partition=args.partition or "",
        account=args.account or "",
        poll=args.poll or Wishes().poll,
        groups=_groups(steps),
        fitted=_fitted(steps) if args.from_receipts else None,
        queue=accounts.queue(args.account or "") if accounts else None,
    )
    settings = slurm_settings(cluster, wishes)
    _tell(f"the cluster {cluster.name!r} says:", settings)
    yield _profile(settings, "profile slurm", folder)


def _check_account(name: str, accounts: Accounts | None) -> None:
    """Raise where the account is not one of the user's."""
    if name and accounts and accounts.mine and name not in accounts.mine:
        raise UsageError(
            f"the account {name!r} is not one of yours",
            hint=f"your accounts: {', '.join(accounts.mine)}",
        )


def _generic(args: argparse.Namespace, folder: str) -> Iterable[GeneratedFile]:
    system = SYSTEMS.get(args.system)
    ready = system or System("", "", "")
    commands = {
        "submit": args.submit or ready.submit,
        "status": args.status or (f"sh {folder}/{STATUS_FILE}" if system else ""),
        "cancel": args.cancel or ready.cancel,
    }
    absent = [f"--{name}" for name, command in commands.items() if not command]
    if absent:
        raise UsageError(
            f"the batch system is not known: {', '.join(absent)} must be given",
            hint=f"or take ready ones with --system {'|'.join(SYSTEMS)}",
        )
    settings = generic_settings(**commands, groups=_groups(find_pipeline().steps))
    yield _profile(settings, "profile generic", folder)
    if system and not args.status:
        yield GeneratedFile(path=f"{folder}/{STATUS_FILE}", text=status_script(system))


def _default(args: argparse.Namespace, folder: str) -> Iterable[GeneratedFile]:
    yield GeneratedFile(path=f"{folder}/{FILE}", text=default_profile())


def _profile(settings: Iterable[Setting], command: str, folder: str) -> GeneratedFile:
    return GeneratedFile(path=f"{folder}/{FILE}", text=render_profile(settings, command, folder))


def _groups(steps: Iterable[Step]) -> tuple[str, ...]:
    return tuple(step.needs.group for step in steps if step.needs.group)


def _fitted(steps: Iterable[Step]) -> Mapping[str, Mapping[str, Value]]:
    """What to ask for by step, of the steps that have run."""
    names = variant_names()
    fitted = {}
    for step in steps:
        usage = most(usage_of(read_receipt(name)) for name in names.get(step.name, []))
        if usage:
            fitted[step.name] = fitting(usage, step.needs.threads)
        else:
            print(f"{step.name}: has not run here, nothing is known of it", file=sys.stderr)
    return fitted


def variant_names() -> dict[str, list[str]]:
    """By step, the names under which it leaves receipts."""
    plan = read_plan()
    names: dict[str, list[str]] = {}
    for planned in plan.steps.values() if plan else ():
        names.setdefault(planned.rule, []).append(planned.name)
    return names


def _tell(head: str, settings: Iterable[Setting]) -> None:
    """Say what was chosen because of the cluster, and why."""
    print(head, file=sys.stderr)
    for setting in settings:
        if setting.key.startswith(("slurm-", "default-", "group")) and setting.why:
            print(f"  {setting.key}: {setting.value}\n    {setting.why}", file=sys.stderr)


def _write(files: Iterable[GeneratedFile], folder: str, *, force: bool) -> int:
    """Write what is new; what differs only by force, for the files are the user's."""
    drifts = find_drift(files, [])
    changed = [drift for drift in drifts if drift.reason == "changed"]
    sys.stdout.writelines(drift.diff() for drift in changed)
    if changed and not force:
        print(
            f"{', '.join(drift.path for drift in changed)}: differs as shown, and is yours; "
            "nothing was written\n  hint: add --force to overwrite it",
            file=sys.stderr,
        )
        return 1
    settle(drifts)
    for drift in drifts:
        print(f"{_done(drift)} {drift.path}", file=sys.stderr)
    if not drifts:
        print(f"{folder}: is as it would be written", file=sys.stderr)
    elif not folder.endswith("/default"):
        print(f"use it: snakemake --workflow-profile {folder}", file=sys.stderr)
    return 0


def _done(drift: Drift) -> str:
    return "wrote" if drift.reason == "missing" else "updated"


def _check(cluster: Cluster, args: argparse.Namespace, folder: str) -> int:
    steps = find_pipeline().steps
    default = refuse_unfit(cluster, steps, folder, args.partition or "")
    shown = ", ".join(_shown(step, default) for step in steps)
    print(f"every step fits: {shown or 'none'}", file=sys.stderr)
    return 0


def refuse_unfit(
    cluster: Cluster, steps: Collection[Step], folder: str, partition: str = ""
) -> str:
    """Raise for the steps that the cluster can never run; return the name of the partition
    for those that name none.
    """
    profile = read_profile(folder)
    named = by_rule(profile, "default-resources").get("slurm_partition")
    default = choose_partition(cluster, partition or str(named or ""))
    site = Site(cluster, default, ask_accounts(cluster))
    known = known_rules(steps)
    rules = [] if known is None else unknown_rules(profile, known, f"{folder}/{FILE}")
    raise_all([*rules, *unfit(steps, site, profile)])
    return default.name


def known_rules(steps: Iterable[Step]) -> list[str] | None:
    """The rules of the project: those of its steps, and hand-written ones.

    None where the Snakefile takes rules from modules: their names are known to Snakemake only.
    """
    folders = ("workflow", "rules")
    included = (file for folder in folders for file in Path(folder).rglob("*.smk"))
    written = [Path("workflow/Snakefile"), Path("Snakefile"), *included]
    found: list[str] = []
    for file in filter(Path.is_file, written):
        text = read_regular(str(file)).decode(errors="replace")
        if re.search(r"^\s*use\s+rule\s", text, re.MULTILINE):
            return None
        found += re.findall(r"^\s*(?:rule|checkpoint)\s+(\w+)\s*:", text, re.MULTILINE)
    return [*dict.fromkeys(found), *(s.name for s in steps if s.name not in found)]


def _shown(step: Step, default: str) -> str:
    return f"{step.name} in {step.needs.text('slurm_partition') or default}"
