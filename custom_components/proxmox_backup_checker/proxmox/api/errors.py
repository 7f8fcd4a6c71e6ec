"""Everything that can go wrong between us and a Proxmox host or its log agent."""


class ProxmoxError(Exception):
    """Base of all errors that the clients raise."""


class CannotConnectError(ProxmoxError):
    """The host could not be reached: refused, no route, no such name, time-out, connection dropped."""


class NoAnswerError(CannotConnectError):
    """The host took the request, but its answer did not come in time: that may be the matter of this request alone."""


class ServiceDownError(CannotConnectError):
    """The host is there, but a service of Proxmox on it is not: pvedaemon, or pmxcfs, without which nothing can be read."""


class CertificateError(ProxmoxError):
    """The certificate could not be accepted; `fingerprint` is that of the certificate shown, where it is known."""

    def __init__(self, message: str, fingerprint: str | None = None) -> None:
        """Keep the fingerprint for the question to the user."""
        super().__init__(message)
        self.fingerprint = fingerprint


class CertificateUntrustedError(CertificateError):
    """The system does not trust the certificate and none is pinned."""


class CertificateChangedError(CertificateError):
    """The certificate is not the pinned one; `expected` is the pinned fingerprint."""

    def __init__(self, expected: str, fingerprint: str | None) -> None:
        """Keep both fingerprints for the question to the user."""
        super().__init__(f"The certificate has changed: expected {expected}, got {fingerprint}", fingerprint)
        self.expected = expected


class AuthenticationError(ProxmoxError):
    """The token was refused (401)."""


class PermissionDeniedError(ProxmoxError):
    """The token is valid but lacks a privilege (403).

    `path` and `privileges` name it where Proxmox does; any one of `privileges` would do.
    """

    def __init__(self, message: str, path: str | None = None, privileges: tuple[str, ...] = ()) -> None:
        """Keep what Proxmox named."""
        super().__init__(message)
        self.path = path
        self.privileges = privileges


class NodeUnreachableError(ProxmoxError):
    """The contacted host could not reach node `node` (595, 596 and the other 59x of pve-http-server)."""

    def __init__(self, node: str, message: str) -> None:
        """Keep the node's name."""
        super().__init__(f"Node {node} cannot be reached: {message}")
        self.node = node
        self.reason = message


class ApiError(ProxmoxError):
    """Proxmox answered with an error; `errors` maps parameters to their messages."""

    def __init__(self, status: int, message: str, errors: dict[str, str] | None = None) -> None:
        """Keep status and message apart."""
        super().__init__(f"{message} (HTTP {status})")
        self.status = status
        self.message = message
        self.errors = errors or {}


class TooManyConnectionsError(ApiError):
    """The log agent has as many connections from our address as it takes from one (429)."""


class UnexpectedAnswerError(ProxmoxError):
    """The answer is not what the API documents: no JSON, a wrong type, a missing field."""


class OtherNodeError(ProxmoxError):
    """The log agent belongs to another node than the one for which it was added; `node` is its own."""

    def __init__(self, node: str) -> None:
        """Keep the node's name."""
        super().__init__(f"The log agent belongs to the node {node}")
        self.node = node


class OutdatedAgentError(ProxmoxError):
    """The log agent speaks another version of its interface than we do; `version` is that of its package."""

    def __init__(self, version: str) -> None:
        """Keep the version."""
        super().__init__(f"Version {version} of the log agent does not fit this integration")
        self.version = version
