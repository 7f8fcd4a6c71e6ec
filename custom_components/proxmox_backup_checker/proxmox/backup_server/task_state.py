"""How a task or the last run of a job ended.

Rules of proxmox-rest-server/src/worker_task.rs (TaskState): the comparison is exact, and an error is its bare text.
"""

from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final, override

_COUNT: Final = re.compile(r"\+?[0-9]{1,20}")
_WARNINGS: Final = "WARNINGS: "
_ERROR: Final = "ERROR: "


class TaskResult(StrEnum):
    """What a task came to; `unknown` is one that was killed, as by a loss of power."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TaskState:
    """The end of a task; `warnings` counts them, `error` is the text of an error."""

    result: TaskResult
    warnings: int = 0
    error: str | None = None

    @classmethod
    def parse(cls, text: str) -> TaskState | None:
        """Read what stands after `TASK `, or what the API shows as state; None where Proxmox itself could not read it."""
        if text == "unknown":
            return cls(TaskResult.UNKNOWN)
        if text == "OK":
            return cls(TaskResult.OK)
        if text.startswith(_WARNINGS):
            count = text.removeprefix(_WARNINGS)
            return cls(TaskResult.WARNING, int(count)) if _COUNT.fullmatch(count) else None
        return cls(TaskResult.ERROR, error=text.removeprefix(_ERROR)) if text else None

    @classmethod
    def shown(cls, text: str) -> TaskState:
        """Read what the API shows as state: what is in no form of Proxmox's own is the text of an error, never success."""
        return cls.parse(text) or cls(TaskResult.ERROR, error=text)

    @override
    def __str__(self) -> str:
        """Write it as the API does."""
        match self.result:
            case TaskResult.OK:
                return "OK"
            case TaskResult.WARNING:
                return f"{_WARNINGS}{self.warnings}"
            case TaskResult.UNKNOWN:
                return "unknown"
            case TaskResult.ERROR:
                return self.error or ""
