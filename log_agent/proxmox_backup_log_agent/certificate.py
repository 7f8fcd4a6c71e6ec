"""The certificate: the agent's own, made by openssl, which every Proxmox host has (pve-cluster makes its own with it)."""

import hashlib
import os
from pathlib import Path
import re
import ssl
import subprocess

from .replacements import Replacements

CERTIFICATE_FILE = "certificate.pem"
KEY_FILE = "key.pem"
RENEWAL_FILE = Path("etc/systemd/system/proxmox-backup-log-agent.service.d/renewal.conf")
DAYS = 7300  # it is pinned, so its end means nothing; a short one would only break the pairing


def make_certificate(state: Path, node: str) -> None:
    """Make a key and a certificate signed by itself; the old ones stay where that does not work.

    Raises RuntimeError with what openssl said, OSError.
    """
    name = re.sub(r"[^A-Za-z0-9.-]", "-", node)[:63] or "localhost"
    new_key, new_certificate = state / f".{KEY_FILE}.new", state / f".{CERTIFICATE_FILE}.new"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", str(DAYS), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    command += ["-keyout", str(new_key), "-out", str(new_certificate)]
    with Replacements() as new:
        new.add(new_key, state / KEY_FILE)
        new.add(new_certificate, state / CERTIFICATE_FILE)
        _run_openssl(command)
        # Where the disk is full, openssl may leave half a file and say nothing.
        server_context(new_certificate, new_key)


def _run_openssl(command: list[str]) -> None:
    before = os.umask(0o077)
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise RuntimeError("openssl is not installed") from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"openssl could not make a certificate: {error.stderr.strip()}") from error
    finally:
        os.umask(before)


def has_certificate(state: Path) -> bool:
    """Return whether there is a certificate to use; the node's own counts also while its folder is not there."""
    certificate, key = state / CERTIFICATE_FILE, state / KEY_FILE
    if certificate.is_symlink() and key.is_symlink():
        return True
    try:
        server_context(certificate, key)
    except OSError:
        return False
    return True


def keep_unusable(state: Path) -> list[str]:
    """Put certificate and key aside, which somebody may have brought; return the names they have then."""
    kept = []
    for name in (CERTIFICATE_FILE, KEY_FILE):
        file, aside = state / name, state / f"{name}.unusable"
        if file.exists() and file.stat().st_size > 0:
            file.replace(aside)
            kept.append(aside.name)
    return kept


def node_certificate(root: Path) -> tuple[Path, Path]:
    """Return certificate and key that pveproxy uses: the administrator's where both exist, else the cluster's.

    Raises RuntimeError where there are none.
    """
    folder = root / "etc/pve/local"
    for name in ("pveproxy-ssl", "pve-ssl"):
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        if certificate.exists() and key.exists():
            return certificate, key
    raise RuntimeError(f"there is no certificate in {folder}")


def use_certificate(state: Path, certificate: Path, key: Path) -> None:
    """Point to a certificate and key that somebody else renews.

    Raises OSError where they cannot be used.
    """
    server_context(certificate, key)
    with Replacements() as new:
        for name, target in ((KEY_FILE, key), (CERTIFICATE_FILE, certificate)):
            link = state / f".{name}.new"
            link.unlink(missing_ok=True)
            new.add(link, state / name)
            link.symlink_to(target)


def renews_daily(root: Path) -> bool:
    """Return whether systemd starts the service anew once a day."""
    return (root / RENEWAL_FILE).exists()


def renew_daily(root: Path, wanted: bool) -> None:
    """Have systemd start the service anew once a day, so that it takes a certificate that was renewed; or not.

    systemd does as root what the file says, so nobody else may write to it, whatever the umask.
    """
    file = root / RENEWAL_FILE
    if not wanted:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o755)
    with Replacements() as new:
        new.write(file, "[Service]\nRuntimeMaxSec=1d\n", mode=0o644)


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 fingerprint of the first certificate in a PEM file, `AB:CD:…`.

    Raises OSError, ValueError.
    """
    pem = re.search(
        "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", certificate.read_text("ascii", "replace"), re.DOTALL
    )
    if pem is None:
        raise ValueError(f"{certificate} holds no certificate")
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.group(0))).hexdigest().upper()
    return ":".join(digest[index : index + 2] for index in range(0, 64, 2))


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a TLS context: version 1.2 or later.

    Raises OSError, which ssl.SSLError is.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.load_cert_chain(certificate, key, password="")  # never ask for one
    return context
