"""The token: made once, kept as its hash, compared in constant time."""

import hashlib
import hmac
from pathlib import Path
import re
import secrets

from .replacements import Replacements

HASH_FILE = "token.sha256"
PAIRING_FILE = "pairing-token"
_HASH = re.compile("[0-9a-f]{64}")


def token_hash(token: str) -> str:
    """Return what is stored of a token: it has 256 random bits, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class StoredToken:
    """The token whose hash lies in a file; a changed file counts from the next request on."""

    def __init__(self, path: Path) -> None:
        """Read the hash.

        Raises OSError.
        """
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._hash = ""
        self._refresh()

    def accepts(self, token: str) -> bool:
        """Return whether this is the token; none is where the file has gone."""
        try:
            self._refresh()
        except OSError:
            return False
        return len(self._hash) == 64 and hmac.compare_digest(token_hash(token), self._hash)

    def _refresh(self) -> None:
        status = self._path.stat()
        seen = (status.st_mtime_ns, status.st_ino)
        if seen != self._seen:
            self._hash = self._path.read_text("ascii", "replace").strip()
            self._seen = seen


class GivenToken:
    """A token given from outside."""

    def __init__(self, token: str) -> None:
        """Keep its hash."""
        self._hash = token_hash(token)

    def accepts(self, token: str) -> bool:
        """Return whether this is the token."""
        return hmac.compare_digest(token_hash(token), self._hash)


def has_token(state: Path) -> bool:
    """Return whether there is a hash that a token can have."""
    try:
        return _HASH.fullmatch((state / HASH_FILE).read_text("ascii", "replace").strip()) is not None
    except FileNotFoundError:
        return False


def make_token(state: Path) -> str:
    """Store a new token's hash, its text beside it until it is shown once, and return it.

    Where there is no room for both, neither is stored and the old token goes on. Raises OSError.
    """
    token = secrets.token_urlsafe(32)
    with Replacements() as new:
        # `take_pairing_token` ignores a text that is older than the hash, so an end between the two does no harm.
        new.write(state / HASH_FILE, token_hash(token) + "\n")
        new.write(state / PAIRING_FILE, token + "\n")
    return token


def take_pairing_token(state: Path) -> str | None:
    """Return the token that nobody has seen yet, if there is one, and forget its text."""
    path = state / PAIRING_FILE
    try:
        token = path.read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    path.unlink()
    return token if StoredToken(state / HASH_FILE).accepts(token) else None
