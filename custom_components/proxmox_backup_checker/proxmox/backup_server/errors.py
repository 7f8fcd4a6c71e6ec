"""What a backup server refuses that Proxmox VE does not know."""

from http import HTTPStatus

from ..api.errors import ApiError


class UnknownParameterError(ApiError):
    """The server does not know `parameter`: its version is an older one."""

    def __init__(self, message: str, parameter: str) -> None:
        """Keep the parameter."""
        super().__init__(HTTPStatus.BAD_REQUEST, message)
        self.parameter = parameter


class DatastoreUnavailableError(ApiError):
    """A datastore cannot be read at present: not mounted, or in maintenance; `reason` is Proxmox's text without the name."""

    def __init__(self, message: str, store: str, reason: str) -> None:
        """Keep which one and why."""
        super().__init__(HTTPStatus.BAD_REQUEST, message)
        self.store = store
        self.reason = reason
