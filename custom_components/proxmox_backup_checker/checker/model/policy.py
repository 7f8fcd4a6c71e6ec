"""What the user has decided: what is left alone, and how long to wait before something is a problem."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
import re
from typing import Final

from ...proxmox.api.cluster_models import Guest
from .copies_rule import USUAL_RULE, CopiesRule
from .standing import Standing

NO_BACKUP_TAG: Final = "no-backup"

_AGE_TAG: Final = re.compile(r"backup-rpo-([1-9]\d{0,3})([hdw])")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_AGE_WHERE_NODES_REST: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The decisions for one cluster; the defaults are those of somebody who has decided nothing.

    `remind_after` is how long after a message another one may come about the same problem, None for never. A job that is in
    `ignored_jobs` promises nothing. Nodes `expected_offline` owe no slot while they are off. No guest's last
    good backup may be older than `longest_age`, whatever its jobs promise; None leaves that to the jobs. After `restore_limit` without
    a restore test of a guest that is a warning; None asks for no tests. `standings` tell, by their keys, where storages stand of
    which somebody has said so. Each guest is to have as many copies as the `copies_rule` says; None asks for none. The backups of a night are to be over at `done_by`, by the clock of the nodes.
    """

    ignored_guests: frozenset[int] = frozenset()
    ignored_jobs: frozenset[str] = frozenset()
    expected_offline: frozenset[str] = frozenset()
    longest_age: timedelta | None = None
    start_grace: timedelta = timedelta(minutes=30)
    new_guest_grace: timedelta = timedelta(hours=48)
    pause_limit: timedelta = timedelta(days=7)
    blind_limit: timedelta = timedelta(hours=24)
    warnings_are_problems: bool = False
    remind_after: timedelta | None = timedelta(days=1)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    restore_limit: timedelta | None = None
    done_by: time | None = None
    copies_rule: CopiesRule | None = USUAL_RULE

    def age_allowed(self, guest: Guest) -> timedelta | None:
        """Return how old a guest's last good backup may be: by its tag, by decision, or since its node is often off."""
        if (agreed := agreed_age(guest.tags)) is not None:
            return agreed
        if self.longest_age is None and guest.node in self.expected_offline:
            return _AGE_WHERE_NODES_REST
        return self.longest_age


def agreed_age(tags: Iterable[str]) -> timedelta | None:
    """Return the age that a tag such as backup-rpo-7d (or 12h, 2w) allows, the shortest of several; None without one."""
    matches = (_AGE_TAG.fullmatch(tag) for tag in tags)
    return min((int(match[1]) * _UNITS[match[2]] for match in matches if match is not None), default=None)
