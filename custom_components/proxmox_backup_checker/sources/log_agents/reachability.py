"""Which log agents answer while they are listened to."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback


class AgentReachability:
    """Remembers the nodes whose log agents do not answer their listeners, and tells who wants to know."""

    def __init__(self) -> None:
        """Nobody has been silent yet."""
        self._silent: set[str] = set()
        self._followers: list[Callable[[], None]] = []

    def answers(self, node: str) -> bool:
        """Tell whether a node's agent answered when it was last listened to."""
        return node not in self._silent

    @callback
    def note(self, node: str, *, answers: bool) -> None:
        """Take note of how it stands; followers are told of changes only."""
        if answers is self.answers(node):
            return
        self._silent ^= {node}
        for follower in tuple(self._followers):
            follower()

    @callback
    def follow(self, follower: Callable[[], None]) -> CALLBACK_TYPE:
        """Call back at every change, until the returned function is called."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)
