"""The truth machine is awake: each rule that is broken shows in the world in which that was seen first."""

import pytest

from .breaks import BREAKS
from .command import seen_by

SEEN = {
    "job": 2,
    "storage": 6,
    "going_on": 27,
    "by_hand": 7,
    "prune": 4,
    "blindness": 1,
    "zone": 3,
    "restart": 4,
    "verification": 112,
    "future": 26,
}


@pytest.mark.parametrize(("name", "seed"), SEEN.items())
def test_a_broken_rule_is_seen(name: str, seed: int) -> None:
    assert seen_by(seed, name)


def test_every_break_has_its_world() -> None:
    assert SEEN.keys() == BREAKS.keys()
