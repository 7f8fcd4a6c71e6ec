"""What is remembered of a backup server between two moments: frozen records that can be kept in a file.

Times are zone-aware, in UTC, unless they are named as epoch seconds. `None` as the moment of a first sight means that the thing was
there when the history began.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .records import Acknowledgement, AlertRecord, VerdictRecord
from .subject import Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerHistory:
    """All that is remembered of one backup server; `began` is the moment of the first look, `evaluated` that of the last.

    `unread_since` is since when the server could not be read, `back_since` when it could be read again after that.
    """

    began: datetime | None = None
    evaluated: datetime | None = None
    unread_since: datetime | None = None
    back_since: datetime | None = None
    verdicts: Mapping[Subject, VerdictRecord] = field(default_factory=dict)
    acknowledgements: Mapping[Subject, Acknowledgement] = field(default_factory=dict)
    alerts: Mapping[str, AlertRecord] = field(default_factory=dict)
