"""Accounts and qualities of service of a Slurm cluster, as far as they concern one user."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nbsnake.cluster.slurm.facts import minutes

ASSOCIATIONS = ("Account", "QOS", "MaxSubmit", "MaxWall", "MaxTRES")
QUALITIES = ("Name", "MaxSubmitPU", "MaxWall", "MaxTRES")
NORMAL = "normal"  # the QOS of jobs that name none
_UNITS = {"": 1, "M": 1, "G": 1024, "T": 1024**2}


class Limits(NamedTuple):
    """Limits of one user's jobs, None for none.

    ``submit`` counts the jobs in the queue; of one job there are ``minutes`` and ``most`` of each
    trackable resource (``cpu``, ``mem`` in MB, ``node``, ``gres/gpu``).
    """

    submit: int | None = None
    minutes: int | None = None
    most: dict[str, int] = {}  # noqa: RUF012  (never changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """``mine`` are the user's accounts with their QOS; ``default`` is the one of jobs without."""

    default: str = ""
    mine: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of_accounts: Mapping[str, Limits] = field(default_factory=dict)
    of_qos: Mapping[str, Limits] = field(default_factory=dict)

    def limits(self, account: str, qos: str) -> list[tuple[str, Limits]]:
        """What bounds a job, each with what sets it."""
        account, qos = account or self.default, qos or NORMAL
        return [
            (f"the account {account!r}", self.of_accounts.get(account, Limits())),
            (f"the QOS {qos!r}", self.of_qos.get(qos, Limits())),
        ]

    def queue(self, account: str) -> int | None:
        """How many jobs the user may have in the queue; None for no limit."""
        found = [limits.submit for _, limits in self.limits(account, "")]
        return min((each for each in found if each is not None), default=None)


def parse_accounts(default: str, associations: str, qualities: str) -> Accounts:
    """From what ``sacctmgr -n -P`` prints of the user, of associations and of QOS."""
    mine: dict[str, tuple[str, ...]] = {}
    of_accounts = {}
    for account, qos, *limits in _rows(associations, len(ASSOCIATIONS)):
        mine[account] = tuple(name for name in qos.split(",") if name)
        of_accounts[account] = _limits(*limits)
    of_qos = {name: _limits(*limits) for name, *limits in _rows(qualities, len(QUALITIES))}
    return Accounts(default=default.strip(), mine=mine, of_accounts=of_accounts, of_qos=of_qos)


def _rows(printed: str, width: int) -> list[list[str]]:
    rows = [line.split("|") for line in printed.splitlines()]
    return [row for row in rows if len(row) == width]


def _limits(submit: str, wall: str, tres: str) -> Limits:
    most = {}
    for name, amount, unit in re.findall(r"([\w/:]+)=(\d+)([MGT]?)", tres):
        most[name] = int(amount) * _UNITS[unit]
    return Limits(int(submit) if submit.isdecimal() else None, minutes(wall), most)
