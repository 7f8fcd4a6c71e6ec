"""What is told of an alert of a backup server, by its kind."""

from collections.abc import Iterator, Mapping
from typing import Final, override

from ..checker.alerts.alerts import Alert
from ..checker.model.reason_codes import AlertForm, AlertKind
from .alert_text import MOST_CAUSES, SEVERAL, AlertText
from .server_wording import ServerWording

_FORMS_WITH_A_COUNT: Final = frozenset({AlertForm.FAILED, AlertForm.MISSED})


class _ServerText(AlertText[ServerWording]):
    """What is told of an alert of any kind: by which part of the server it is told, why, and what to do."""

    @override
    def title(self) -> str:
        return self._titled(self.alert.kind.value)

    @override
    def guests(self) -> Iterator[str]:
        """Name the parts where there are several."""
        if len(self.alert.subjects) > 1:
            yield self.say.text("concerned", names=self.say.list_of(self.alert.subjects))

    @override
    def causes(self) -> Iterator[str]:
        for cause in self.alert.causes[:MOST_CAUSES]:
            sentence = self.say.localizer.sentence(cause.reason)
            if len(self.alert.causes) == 1:
                yield sentence
            else:
                yield self.say.text("cause_named", names=self.say.list_of(cause.subjects), cause=sentence)

    @override
    def meaning(self) -> Iterator[str]:
        verdicts = self.say.assessment.verdicts
        held = [verdicts[subject] for subject in self.alert.subjects if subject in verdicts]
        good = [verdict.last_success for verdict in held if verdict.last_success is not None]
        if good and len(held) == 1:
            key = "last_good_same" if self.alert.kind is AlertKind.GROUP else "last_good_run"
            yield self.say.text(key, moment=self.say.moment(good[0]))

    def _titled(self, key: str) -> str:
        subject = self.alert.about
        name = self.say.name(subject) if subject is not None else self.say.list_of(self.alert.subjects)
        return self.say.text(
            f"title_{key}", cluster=self.say.cluster, name=name, guests=name, count=self.alert.failures
        )


class _RunText(_ServerText):
    """A job, or the backups of a client: failed, not come, or something else."""

    @override
    def title(self) -> str:
        alert = self.alert
        again = alert.failures >= SEVERAL and alert.form in _FORMS_WITH_A_COUNT
        form = f"{alert.kind.value}_{alert.form.value}"
        return self._titled(f"{form}_again" if again else form)


class _BlindText(_ServerText):
    """A server that cannot be read, or of which the token may not see enough."""

    @override
    def guests(self) -> Iterator[str]:
        yield from ()

    @override
    def meaning(self) -> Iterator[str]:
        yield self.say.text("blind_meaning")

    @override
    def next_try(self) -> None:
        """Tell nothing of what cannot be seen either."""


_BY_KIND: Final[Mapping[AlertKind, type[_ServerText]]] = {
    AlertKind.BLIND: _BlindText,
    AlertKind.GROUP: _RunText,
    AlertKind.PBSJOB: _RunText,
}


def text_of_server(alert: Alert, wording: ServerWording) -> AlertText[ServerWording]:
    """Return what is told of an alert of a backup server."""
    return _BY_KIND.get(alert.kind, _ServerText)(alert, wording)
