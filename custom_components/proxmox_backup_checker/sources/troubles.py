"""What could not be read in one poll, and when that ends the poll."""

from collections.abc import Mapping
import logging
from typing import Final

from ..proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    CertificateError,
    NoAnswerError,
    ProxmoxError,
    ServiceDownError,
)

_LOGGER = logging.getLogger(__name__)

# One slow storage or one huge log keeps nobody from the rest; a host that is silent again and again is not there.
_SILENCES_BORNE: Final = 2


class PollTroubles:
    """The troubles of one poll by part, as `storage nas`; a part that could not be read stays as it was."""

    def __init__(self) -> None:
        """Begin a poll without trouble."""
        self._texts: dict[str, str] = {}
        self._silences = 0

    @property
    def texts(self) -> Mapping[str, str]:
        """What went wrong, by part."""
        return dict(self._texts)

    def note(self, part: str, error: ProxmoxError) -> None:
        """Take note of what a part met; raises the error where it is the matter of the host or the token as a whole.

        Without pvedaemon some parts are refused and the others answered as ever.
        """
        if isinstance(error, AuthenticationError | CertificateError):
            raise error
        if isinstance(error, CannotConnectError) and not isinstance(error, ServiceDownError):
            self._silences += 1
            if not isinstance(error, NoAnswerError) or self._silences > _SILENCES_BORNE:
                raise error
        self.tell(part, str(error))

    def tell(self, part: str, text: str) -> None:
        """Take note of a trouble that is no error of a request."""
        self._texts[part] = text


class TroubleLog:
    """Logs each trouble when it begins, and not again while it lasts."""

    def __init__(self) -> None:
        """Nothing was logged yet."""
        self._logged: set[str] = set()

    def report(self, troubles: PollTroubles) -> None:
        """Log what is new."""
        texts = troubles.texts
        for part, text in texts.items():
            if part not in self._logged:
                _LOGGER.warning("Cannot read %s: %s", part, text)
        self._logged = set(texts)
