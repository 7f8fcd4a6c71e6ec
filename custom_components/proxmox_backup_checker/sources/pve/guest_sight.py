"""Guests that are kept from a token which sees all others: Proxmox leaves them out of its list without a word."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.errors import ProxmoxError, UnexpectedAnswerError
from ..read_schedule import HOURLY, ReadSchedule

_ASKED_AT_ONCE: Final = 10


class GuestSight:
    """Asks of each guest that is no longer listed whether it would be: one that was deleted would, one without rights would not."""

    def __init__(self, client: ProxmoxClient, schedule: ReadSchedule) -> None:
        """Know of no guest yet."""
        self._client = client
        self._schedule = schedule
        self._known: set[int] = set()
        self._hidden: set[int] = set()

    def restore(self, vmids: Iterable[int]) -> None:
        """Take up which guests were there when they were last seen."""
        self._known |= set(vmids)

    async def hidden(self, listed: Collection[int], now: datetime) -> frozenset[int]:
        """Return the guests that were listed and are kept from the token now; what cannot be asked of counts as kept."""
        self._hidden -= set(listed)
        if self._hidden and self._schedule.is_due("hidden guests", now, HOURLY):
            self._known |= self._hidden
            self._hidden = set()
        missing = sorted(self._known - set(listed) - self._hidden)
        unasked = set(missing[_ASKED_AT_ONCE:])
        for vmid in missing[:_ASKED_AT_ONCE]:
            is_kept = await self._is_kept(vmid)
            if is_kept is None:
                unasked.add(vmid)
            elif is_kept:
                self._hidden.add(vmid)
                self._schedule.note("hidden guests", now)
        self._known = set(listed) | unasked
        return frozenset(self._hidden | unasked)

    async def _is_kept(self, vmid: int) -> bool | None:
        """Tell whether a guest is kept from the token, None where that could not be asked now."""
        try:
            return "VM.Audit" not in await self._client.privileges_on(f"/vms/{vmid}")
        except UnexpectedAnswerError:
            # Whoever does not answer for one path tells nothing, ever: then a guest that is not listed is gone.
            return False
        except ProxmoxError:
            return None
