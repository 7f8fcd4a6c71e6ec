"""Worlds in which something dies: nothing is promised that is not left, and nothing is called lost that is."""

from typing import Any

import pytest

from .breaks import Break
from .plan import make
from .product import killed


@pytest.mark.parametrize("seed", [2, 6, 8])
def test_what_is_promised_is_left(seed: int) -> None:
    outcome = killed(make(seed, small=True))

    assert outcome.broken == [], f"scripts/truth --if-died --small --seed {seed}"
    assert outcome.promised["copy"] + outcome.promised["lives"] > 0


def _nobody(_: Any) -> Any:
    return lambda *_args: None


def _nothing(_: Any) -> Any:
    return lambda *_args: iter(())


@pytest.mark.parametrize(
    ("rule", "swaps", "seed"),
    [
        ("an address of the cluster is nobody's", {"checker.copies.hosts.Hosts.server_of": _nobody}, 16),
        ("who tells no address has none", {"checker.survival.fates._Step._suspects": _nothing}, 2),
    ],
)
def test_a_broken_rule_is_seen(rule: str, swaps: dict[str, Any], seed: int) -> None:
    assert killed(make(seed, small=True), Break(rule, swaps=swaps)).broken
