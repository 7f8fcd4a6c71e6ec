"""The certificate: the agent's own, made by openssl, which every Proxmox host has (pve-cluster makes its own with it)."""

import hashlib
import os
from pathlib import Path
import re
import ssl
import subprocess

CERTIFICATE_FILE = "certificate.pem"
KEY_FILE = "key.pem"
RENEWAL_FILE = Path("etc/systemd/system/proxmox-backup-log-agent.service.d/renewal.conf")
DAYS = 7300  # it is pinned, so its end means nothing; a short one would only break the pairing


def make_certificate(state: Path, node: str) -> None:
    """Make a key and a certificate signed by itself.

    Raises RuntimeError with what openssl said.
    """
    name = re.sub(r"[^A-Za-z0-9.-]", "-", node)[:63] or "localhost"
    new_key, new_certificate = state / f".{KEY_FILE}.new", state / f".{CERTIFICATE_FILE}.new"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", str(DAYS), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    command += ["-keyout", str(new_key), "-out", str(new_certificate)]
    before = os.umask(0o077)
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise RuntimeError("openssl is not installed") from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"openssl could not make a certificate: {error.stderr.strip()}") from error
    finally:
        os.umask(before)
    new_key.replace(state / KEY_FILE)
    new_certificate.replace(state / CERTIFICATE_FILE)


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
    """Point to a certificate and key that somebody else renews."""
    for name, target in ((KEY_FILE, key), (CERTIFICATE_FILE, certificate)):
        link = state / f".{name}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        link.replace(state / name)


def renew_daily(root: Path, wanted: bool) -> None:
    """Have systemd start the service anew once a day, so that it takes a certificate that was renewed; or not."""
    file = root / RENEWAL_FILE
    if wanted:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[Service]\nRuntimeMaxSec=1d\n", encoding="ascii")
    else:
        file.unlink(missing_ok=True)


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
