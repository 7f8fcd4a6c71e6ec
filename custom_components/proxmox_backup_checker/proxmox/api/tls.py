"""Certificates: how a host's identity is pinned and shown."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
import hashlib
import ssl

from aiohttp import Fingerprint
from cryptography import x509

from .errors import CannotConnectError

TIMEOUT = 10.0  # seconds


def normalise_fingerprint(text: str) -> str:
    """Return a SHA-256 fingerprint as Proxmox writes it, `AB:CD:…` with 32 pairs.

    Raises ValueError where the text is none.
    """
    digits = "".join(character for character in text if character not in ": \t\n").upper()
    if len(digits) != 64 or any(character not in "0123456789ABCDEF" for character in digits):
        raise ValueError(f"Not a SHA-256 fingerprint: {text!r}")
    return ":".join(digits[index : index + 2] for index in range(0, 64, 2))


def fingerprint_of(certificate: bytes) -> str:
    """Return the fingerprint of a certificate in DER form."""
    return normalise_fingerprint(hashlib.sha256(certificate).hexdigest())


def ssl_argument(fingerprint: str | None) -> Fingerprint | bool:
    """Return aiohttp's `ssl` argument: the pinned certificate, or the system's judgement where none is pinned."""
    if fingerprint is None:
        return True
    return Fingerprint(bytes.fromhex(normalise_fingerprint(fingerprint).replace(":", "")))


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A certificate that a server shows; `expires` is None where it cannot be read."""

    fingerprint: str
    expires: datetime | None


async def fetch_fingerprint(host: str, port: int) -> str:
    """Return the fingerprint of the certificate that a server shows, without trusting it.

    Raises CannotConnectError.
    """
    return fingerprint_of(await _fetch(host, port))


async def fetch_certificate(host: str, port: int) -> ShownCertificate:
    """Return the certificate that a server shows, without trusting it.

    Raises CannotConnectError.
    """
    certificate = await _fetch(host, port)
    try:
        expires = x509.load_der_x509_certificate(certificate).not_valid_after_utc
    except ValueError:
        expires = None
    return ShownCertificate(fingerprint_of(certificate), expires)


async def _fetch(host: str, port: int) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(TIMEOUT):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        raise CannotConnectError(str(error) or type(error).__name__) from error
    try:
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True)
    finally:
        writer.close()
    if certificate is None:
        raise CannotConnectError("The server showed no certificate")
    return certificate
