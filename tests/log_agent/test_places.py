"""Who has to go where there are too many connections."""

from proxmox_backup_log_agent.clients import Client
from proxmox_backup_log_agent.places import MAX_ACQUAINTANCES, Place, PlaceLimits, Places

HOME_ASSISTANT = "2001:db8:1:2::a"
LIMITS = PlaceLimits()


def place(address: str) -> Place:
    """Return a new connection's place."""
    return Place(Client.of(address))


def crowded(*addresses: str, acquainted: bool = False) -> tuple[Places, list[Place]]:
    """Return places where a stranger came from each address, in this order, and those who are still there.

    Where `acquainted`, Home Assistant had shown the token before any of them came, and left again.
    """
    places = Places(LIMITS)
    if acquainted:
        before = place(HOME_ASSISTANT)
        places.enter(before)
        assert places.admit(before)
        places.leave(before)
    inside = []
    for address in addresses:
        inside.append(place(address))
        leaving = places.enter(inside[-1])
        if leaving is not None:
            inside.remove(leaving)
    return places, inside


def test_an_address_has_six_places_without_the_token_and_its_oldest_goes() -> None:
    places, inside = crowded(*["192.0.2.1"] * 6)
    assert len(inside) == 6
    assert places.enter(place("192.0.2.1")) is inside[0]
    assert places.enter(place("192.0.2.1")) is inside[1]
    assert places.enter(place("192.0.2.2")) is None


def test_many_addresses_of_one_network_have_twelve_places() -> None:
    places, inside = crowded(*(f"2001:db8:1:2::{number:x}" for number in range(1, 30)))
    assert len(inside) == LIMITS.strangers_per_network
    assert places.enter(place("2001:db8:1:3::1")) is None


def test_in_a_network_the_address_with_the_most_goes_first() -> None:
    _, inside = crowded(HOME_ASSISTANT, *["2001:db8:1:2::bad"] * 6, *["2001:db8:1:2::bed"] * 6)
    assert inside[0].client.address == HOME_ASSISTANT
    assert len(inside) == 12


def test_an_address_from_which_the_token_came_is_not_crowded_out_by_any_number_of_others() -> None:
    network = [f"2001:db8:1:2::{number:x}" for number in range(0x100, 0x200)]
    for others in (network, [f"2001:db8:{number:x}::1" for number in range(0x100, 0x200)]):
        _, inside = crowded(HOME_ASSISTANT, *others, acquainted=True)
        assert inside[0].client.address == HOME_ASSISTANT
        _, inside = crowded(*others, HOME_ASSISTANT, acquainted=True)
        assert inside[-1].client.address == HOME_ASSISTANT


def test_a_newcomer_of_few_connections_takes_the_place_of_those_with_many() -> None:
    silent = [f"192.0.2.{number % 6}" for number in range(36)]
    places, inside = crowded(*silent, "198.51.100.7")
    assert len(inside) == LIMITS.strangers
    assert inside[-1].client.address == "198.51.100.7"
    assert places.admit(inside[-1])


def test_who_has_the_token_never_goes_and_there_are_eight_places_kept_for_such() -> None:
    places = Places(LIMITS)
    known = [place(f"198.51.100.{number}") for number in range(8)]
    for one in known:
        assert places.enter(one) is None
        assert places.admit(one)
    strangers = [place(f"203.0.113.{number}") for number in range(100)]
    left = [leaving for one in strangers if (leaving := places.enter(one)) is not None]
    assert len(left) == 100 - LIMITS.strangers
    assert not set(known) & set(left)


def test_where_all_have_the_token_the_newcomer_is_refused() -> None:
    places = Places(PlaceLimits(connections=2))
    for number in range(2):
        one = place(f"198.51.100.{number}")
        assert places.enter(one) is None
        assert places.admit(one)
    newcomer = place("198.51.100.9")
    assert places.enter(newcomer) is newcomer


def test_the_token_opens_six_places_of_an_address_and_as_many_of_another() -> None:
    places = Places(LIMITS)
    for address in ("2001:db8:1:2::1", "2001:db8:1:2::2"):
        six = [place(address) for _ in range(6)]
        assert [places.enter(one) for one in six] == [None] * 6
        assert all(places.admit(one) for one in six)
        assert all(places.admit(one) for one in six), "the next request on the same connection"
        seventh = place(address)
        assert places.enter(seventh) is None
        assert not places.admit(seventh)
        places.leave(six[0])
        assert places.admit(seventh)


def test_only_the_addresses_of_the_last_tokens_are_remembered() -> None:
    places = Places(LIMITS)
    for number in range(MAX_ACQUAINTANCES + 1):
        one = place(f"2001:db8:{number:x}::1")
        places.enter(one)
        assert places.admit(one)
        places.leave(one)
    first, last = place("2001:db8::1"), place(f"2001:db8:{MAX_ACQUAINTANCES:x}::1")
    assert places.enter(last) is places.enter(first) is None
    left = [places.enter(place(f"203.0.113.{number}")) for number in range(40)]
    assert first in left
    assert last not in left
