"""What ends the processes of a run."""

from collections.abc import Callable


class StoppedError(Exception):
    """The task was stopped by a user or a shutdown."""


class PowerLossError(Exception):
    """The node lost its power."""


class GoOnError(Exception):
    """A backup that hangs may go on."""


class BackupFailedError(Exception):
    """The backup of a guest failed; `both` writes to both logs, where the per-guest log is open."""

    def __init__(self, reason: str, both: Callable[[str], None] | None = None, *, signal: bool = False) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.both = both
        self.signal = signal
