"""A guest that is no longer listed is asked after: gone, kept from the token, or not to be told now."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.errors import NoAnswerError, UnexpectedAnswerError
from custom_components.proxmox_backup_checker.sources.pve.guest_sight import GuestSight
from custom_components.proxmox_backup_checker.sources.read_schedule import ReadSchedule

NOW = datetime(2026, 1, 13, tzinfo=UTC)


class Proxmox:
    """What answers for one path, or raises."""

    def __init__(self) -> None:
        """Show no privilege."""
        self.answer: frozenset[str] | Exception = frozenset()
        self.asked: list[str] = []

    async def privileges_on(self, path: str) -> frozenset[str]:
        """Answer, or raise."""
        self.asked.append(path)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def proxmox() -> Proxmox:
    return Proxmox()


@pytest.fixture
def sight(proxmox: Proxmox) -> GuestSight:
    made = GuestSight(cast(ProxmoxClient, proxmox), ReadSchedule())
    made.restore([101, 102])
    return made


async def test_one_that_would_be_shown_is_gone_and_asked_after_once(proxmox: Proxmox, sight: GuestSight) -> None:
    proxmox.answer = frozenset({"VM.Audit"})
    for minutes in (0, 5, 90):
        assert await sight.hidden({101}, NOW + timedelta(minutes=minutes)) == frozenset()
    assert proxmox.asked == ["/vms/102"]


async def test_one_that_would_not_is_kept_and_asked_after_every_hour(proxmox: Proxmox, sight: GuestSight) -> None:
    for minutes in (0, 5, 30, 61, 65):
        assert await sight.hidden({101}, NOW + timedelta(minutes=minutes)) == {102}
    assert len(proxmox.asked) == 2
    assert await sight.hidden({101, 102}, NOW + timedelta(minutes=70)) == frozenset()


async def test_while_nobody_answers_it_counts_as_kept_and_is_asked_after_at_the_next_look(
    proxmox: Proxmox, sight: GuestSight
) -> None:
    proxmox.answer = NoAnswerError("no route to host")
    assert await sight.hidden({101}, NOW) == {102}
    proxmox.answer = frozenset({"VM.Audit"})
    assert await sight.hidden({101}, NOW + timedelta(minutes=5)) == frozenset()


async def test_where_one_path_cannot_be_asked_for_what_is_not_listed_is_gone(
    proxmox: Proxmox, sight: GuestSight
) -> None:
    proxmox.answer = UnexpectedAnswerError("other paths")
    assert await sight.hidden({101}, NOW) == frozenset()
