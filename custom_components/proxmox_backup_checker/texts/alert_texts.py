"""What is told of an alert, of whatever it is."""

from typing import Any

from ..checker.alerts.alerts import Alert
from .alert_text import AlertText, text_of_cluster
from .server_alert_text import text_of_server
from .server_wording import ServerWording
from .wording import ClusterWording, Wording


def text_of(alert: Alert, wording: Wording) -> AlertText[Any]:
    """Return what is told of an alert."""
    match wording:
        case ClusterWording():
            return text_of_cluster(alert, wording)
        case ServerWording():
            return text_of_server(alert, wording)
        case _:
            raise TypeError(wording)
