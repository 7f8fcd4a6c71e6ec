"""Certificates as Proxmox makes them: a cluster's own authority, and one certificate per node (PVE::Cluster::Setup)."""

from datetime import UTC, datetime, timedelta
from functools import cache
import hashlib
from ipaddress import ip_address
from pathlib import Path
import ssl
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_NAME = "pve-root-ca"


@cache
def _private_key(owner: str) -> rsa.RSAPrivateKey:
    """Return a key; clusters of one process share them, as making one takes long. Certificates differ all the same."""
    del owner
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


class CertificateAuthority:
    """The authority of a cluster, kept in a folder."""

    def __init__(self, folder: Path, identity: str | None = None) -> None:
        """Read the authority from `folder`, or make it, with `identity` as its UUID if given."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate_path = folder / f"{CA_NAME}.pem"
        self._key_path = folder / f"{CA_NAME}.key"
        if not self.certificate_path.exists():
            self._make(identity or str(uuid4()))
        self._certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())
        # The key is our own: checking it would take longer than everything else here.
        key = serialization.load_pem_private_key(self._key_path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key

    def _make(self, identity: str) -> None:
        """Make an authority without the key usage extension, as every pve-cluster before 9.1.2 did."""
        key = _private_key(CA_NAME)
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, "Proxmox Virtual Environment"),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, identity),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "PVE Cluster Manager CA"),
            ]
        )
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=3250))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self._key_path.write_bytes(_pem(key))
        self.certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, node: str, addresses: list[str], *, renew: bool = False) -> NodeCertificate:
        """Return a node's certificate, newly made where there is none or `renew` asks for it."""
        made = NodeCertificate(self._folder / f"{node}.pem", self._folder / f"{node}.key")
        if not made.path.exists() or renew:
            key = _private_key(node)
            made.key_path.write_bytes(_pem(key))
            made.path.write_bytes(self._sign(node, addresses, key).public_bytes(serialization.Encoding.PEM))
        return made

    def _sign(self, node: str, addresses: list[str], key: rsa.RSAPrivateKey) -> x509.Certificate:
        fqdn = f"{node}.home.arpa"
        numbers = ["127.0.0.1", "::1", *addresses]
        names: list[x509.GeneralName] = [x509.IPAddress(ip_address(number)) for number in dict.fromkeys(numbers)]
        names += [x509.DNSName(name) for name in ("localhost", node, fqdn)]
        now = datetime.now(UTC)
        authority = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(
                x509.Name(
                    [
                        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "PVE Cluster Node"),
                        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Proxmox Virtual Environment"),
                        x509.NameAttribute(NameOID.COMMON_NAME, fqdn),
                    ]
                )
            )
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=670))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False)
            .sign(self._key, hashes.SHA256())
        )


class NodeCertificate:
    """A node's certificate and key, as files."""

    def __init__(self, path: Path, key_path: Path) -> None:
        """Name the files."""
        self.path = path
        self.key_path = key_path

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 fingerprint as Proxmox writes it."""
        certificate = x509.load_pem_x509_certificate(self.path.read_bytes())
        digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
        return ":".join(digest[index : index + 2] for index in range(0, 64, 2)).upper()

    def context(self) -> ssl.SSLContext:
        """Return the context of a server that shows the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key_path)
        return context


def self_signed(folder: Path, name: str, *, renew: bool = False) -> NodeCertificate:
    """Return the certificate that a backup server makes for itself (pbs-config), newly where `renew` asks for it.

    The address by which others reach the server is not in it: who uses that has to pin the certificate.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = NodeCertificate(folder / "proxy.pem", folder / "proxy.key")
    if not made.path.exists() or renew:
        key = _private_key(f"backup server {name}")
        made.key_path.write_bytes(_pem(key))
        made.path.write_bytes(_sign_itself(name, key).public_bytes(serialization.Encoding.PEM))
    return made


def _sign_itself(name: str, key: rsa.RSAPrivateKey) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Proxmox Backup Server"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, str(uuid4())),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.home.arpa"),
        ]
    )
    names: list[x509.GeneralName] = [x509.IPAddress(ip_address(number)) for number in ("127.0.0.1", "::1")]
    names += [x509.DNSName(entry) for entry in ("localhost", name, f"{name}.home.arpa")]
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=365_000))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
