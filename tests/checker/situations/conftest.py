"""The cluster in which a situation is played."""

from collections.abc import Iterator

import pytest

from .scene import Scene, several_nodes


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Three nodes with a share, or the cluster that the test names as its parameter."""
    with Scene(getattr(request, "param", several_nodes)) as made:
        yield made
