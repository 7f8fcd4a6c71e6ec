"""Puts reasons, and what an error of Proxmox means, into sentences of one language."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
import re
from typing import Final, TypedDict

from ..checker.model.verdict import Reason, Verdict
from ..proxmox.vzdump.failure_cause import Cause, cause_of
from .catalogue import filled, language_of, read_texts

_LONGEST: Final = 255
# These say in which part it went wrong; Proxmox' own text says more.
_VAGUE: Final = frozenset(
    {
        *("ceph_failed", "pbs_client_failed", "pbs_failed", "qmp_failed", "snapshot_failed"),
        *("storage_not_activated", "tar_failed", "vm_start_failed", "zfs_failed"),
    }
)
# As in "command 'set -o pipefail && … | zstd' failed: exit code 2".
_COMMAND: Final = re.compile(r"\bcommand '.+'(?= failed| got| died|:|$)", re.DOTALL)


# What was written by somebody else stands in the places of these.
_QUOTED: Final = frozenset({"command", "error", "message", "said"})


# How sentences begin with words that are small after a colon; names stay as they are, and in German all sentences.
_SMALL_WITHIN: Final = frozenset(
    {"All", "Backups", "In", "It", "No", "Nobody", "None", "Not", "Nothing", "On", "The", "There", "What", "Whether"}
)


_SIZE: Final = re.compile(r"\d+\.\d+ [KMGTP]iB")


class CauseWords(TypedDict):
    """What is told of a cause: a clause that follows "failed: ", and what to do in one or two sentences."""

    cause: str
    step: str


class ReasonText(ABC):
    """The sentences of one language by reason, and those of causes by theirs."""

    def __init__(self, language: str) -> None:
        """Read the sentences of a language such as `de`, English where there are none."""
        self.language = language_of(language)
        self._sentences: dict[str, str] = read_texts("reasons", language)
        self._causes: dict[str, CauseWords] = read_texts("causes", language)
        self._steps: dict[str, str] = read_texts("steps", language)

    @abstractmethod
    def moment(self, moment: datetime) -> str:
        """Return a moment as people say it."""

    def sentence(self, reason: Reason, *, unquoted: str | None = None) -> str:
        """Return why, as one sentence that fits a state attribute.

        With `unquoted` it quotes nothing that Proxmox has written: a known cause is told, else this stands in its place.
        """
        values = self._values(reason)
        raw = values.get("error")
        if unquoted is not None:
            values |= dict.fromkeys(_QUOTED & values.keys(), unquoted)
        if raw and (cause := cause_of(raw)) is not None:
            values["error"] = f"{self._clause(cause, raw) if unquoted is None else self.cause(cause)}."
        elif raw and unquoted is None:
            values["error"] = _without_commands(raw)
        return _shortened(filled(self._sentences[reason.code], values), _LONGEST)

    def with_cause(self, reason: Reason, cause: Reason | None) -> str:
        """Return what is so and why, as one sentence."""
        what = self.sentence(reason).rstrip(".")
        if cause is None:
            return f"{what}."
        why = self.sentence(cause)
        if self.language == "en" and why.partition(" ")[0] in _SMALL_WITHIN:
            why = why[0].lower() + why[1:]
        return _shortened(f"{what}: {why}", 2 * _LONGEST)

    def sentences(self, reasons: Iterable[Reason]) -> str | None:
        """Return several reasons as one text, None where there is none."""
        return _shortened(" ".join(self.sentence(reason) for reason in reasons), 2 * _LONGEST) or None

    def cause(self, cause: Cause) -> str:
        """Return why a backup failed, as a clause without a full stop that follows "failed: "."""
        return filled(self._causes[cause.code]["cause"], cause.values)

    def step(self, cause: Cause) -> str:
        """Return what to do about a cause, in one or two sentences."""
        return filled(self._causes[cause.code]["step"], cause.values)

    def next_step(self, verdict: Verdict) -> str | None:
        """Return what to do about a verdict; None where nothing is to be done, or where its sentence says it already."""
        return self.step_for(verdict.reason, verdict.cause)

    def step_for(self, reason: Reason, cause: Cause | None) -> str | None:
        """Return what a cause asks for, or else a reason."""
        if cause is not None:
            return self.step(cause)
        step = self._steps.get(reason.code)
        return filled(step, self._values(reason)) if step is not None else None

    def clause(self, error: str | None) -> str | None:
        """Return the cause behind an error as a clause without a full stop, or its own text; None without an error."""
        if not error:
            return None
        cause = cause_of(error)
        if cause is None:
            return _shortened(_without_commands(error).rstrip("."), 2 * _LONGEST)
        return _shortened(self._clause(cause, error), 2 * _LONGEST)

    def _clause(self, cause: Cause, error: str) -> str:
        clause = self.cause(cause)
        if cause.code not in _VAGUE or _COMMAND.search(error):
            return clause
        return f"{clause}: {error.rstrip('.')}"

    def _values(self, reason: Reason) -> dict[str, str]:
        return {
            name: self._localised(value) if isinstance(value, str) else self.moment(value)
            for name, value in reason.values.items()
        }

    def _localised(self, value: str) -> str:
        """Return a size with the decimal point of the language; anything else stays."""
        return value.replace(".", ",") if self.language == "de" and _SIZE.fullmatch(value) else value


def _without_commands(error: str) -> str:
    """Return what Proxmox wrote without the line that it ran, which is for the log."""
    return _COMMAND.sub("a command", error)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
