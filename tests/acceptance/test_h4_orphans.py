"""Rows H37 to H41: what guests have left that no longer exist."""

from collections.abc import Iterator
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.proxmox_backup_checker.checker.views.orphans import Orphan, orphans_of
from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.guests import GIB
from tests.checker.survival.household import Household
from tests.integration.states import entity, shown

from .home import Home


@pytest.fixture
def house() -> Iterator[Household]:
    """Three nodes and a NAS; 101 has archives on the NAS and on its node."""
    with Household() as made:
        made.see_all()
        made.archive(101, "nas", hours=30, notes="ct101")
        made.archive(101, "nas", hours=54, protected=True)
        made.archive(101, "local", hours=6)
        made.archive(201, "nas")
        yield made


def found(house: Household, others: frozenset[int] | None = frozenset()) -> dict[str, Orphan]:
    """Return what is left, by storage."""
    return {one.storage: one for one in orphans_of(house.held, others)}


@pytest.mark.parametrize("seen", [True, False], ids=["deleted before our eyes", "deleted before the first look"])
def test_h37_what_a_deleted_guest_has_left_is_listed_by_storage(house: Household, seen: bool) -> None:
    if seen:
        house.look()
        assert found(house) == {}
    house.cluster.guest(101).delete()
    for _ in range(3):
        house.after(hours=12)

    left = found(house)

    assert left.keys() == {"nas", "pve1/local"}
    nas = left["nas"]
    assert (nas.vmid, nas.name, nas.count, nas.size, nas.protected) == (101, "ct101", 2, 2 * GIB, 1)
    assert left["pve1/local"].count == 1
    assert nas.seen_here is seen


def off(house: Household) -> None:
    """Let a node be off."""
    house.cluster.node("pve3").go_offline()


def blind(house: Household) -> None:
    """Let the token see some guests only."""
    audit = "Sys.Audit Datastore.Audit Pool.Audit"
    access = house.cluster.access
    for who in (house.token.id, house.token.user):
        access.revoke(who)
        access.grant(who, "/", audit)
        access.grant(who, "/vms/201", "VM.Audit")


@pytest.mark.parametrize("hide", [off, blind])
def test_h38_while_a_guest_may_be_out_of_sight_nothing_is_an_orphan(house: Household, hide: Any) -> None:
    house.look()
    house.cluster.guest(101).delete()
    hide(house)
    house.after(hours=1)

    assert found(house) == {}


@pytest.mark.parametrize("others", [frozenset({101}), None], ids=["has the number", "cannot be read"])
def test_h39_what_another_cluster_may_own_is_no_orphan(house: Household, others: frozenset[int] | None) -> None:
    house.look()
    house.cluster.guest(101).delete()
    house.after(hours=1)

    assert found(house, others).keys() == {"pve1/local"}


def test_h40_a_number_that_is_used_again_leaves_the_archives_of_the_guest_before(house: Household) -> None:
    house.look()
    house.cluster.guest(101).delete()
    house.cluster.add_vm(101, "new", "pve1")
    house.after(hours=1)

    nas = found(house)["nas"]

    assert (nas.guest_type, nas.name, nas.count) == ("lxc", "ct101", 2)


@pytest.mark.parametrize("storage", ["nas", "local"])
def test_h40_a_number_never_seen_here_may_be_somebody_elses_on_a_share(house: Household, storage: str) -> None:
    stranger = house.archive(101, storage, hours=3)
    stranger.vmid, stranger.name = 888, stranger.name.replace("-101-", "-888-")
    house.look()

    [orphan] = [one for one in orphans_of(house.held, frozenset()) if one.vmid == 888]

    assert orphan.seen_here is (storage == "local")


async def test_h41_orphans_are_never_a_problem_and_named_to_who_sees_all(
    home: Home, hass_read_only_user: MockUser
) -> None:
    await home.until("2026-01-13T05:00:00")
    registry = er.async_get(home.hass)
    assert home.entry is not None
    unique_id = f"{home.entry.unique_id}_storage_nas_orphans"
    registry.async_update_entity(registry.async_get_entity_id("sensor", DOMAIN, unique_id) or "", disabled_by=None)
    home.pve.guest(103).delete()
    for _ in range(4):
        await home.after(hours=1)
    await home.restart()

    answer: Any = await home.hass.services.async_call(DOMAIN, "list_orphans", {}, blocking=True, return_response=True)

    [orphan] = answer["orphans"]
    assert (orphan["vmid"], orphan["name"], orphan["storage"]) == (103, "dns", "nas")
    assert shown(home.hass, "_cluster_problem").state == "off"
    assert shown(home.hass, "_storage_nas_problem").state == "off"
    assert entity(home.hass, "_storage_nas_orphans", "sensor") is not None
    hass_read_only_user.mock_policy({"entities": {"all": False}})
    with pytest.raises(Unauthorized):
        await home.hass.services.async_call(
            DOMAIN,
            "list_orphans",
            {},
            blocking=True,
            return_response=True,
            context=Context(user_id=hass_read_only_user.id),
        )


@pytest.mark.parametrize("days", [1, 9])
def test_h41_orphans_make_no_problem_over_days(house: Household, days: int) -> None:
    house.look()
    before = house.problems()
    house.cluster.guest(101).delete()
    for _ in range(days):
        house.after(hours=24)

    assert house.problems() <= before
