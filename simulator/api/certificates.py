"""/nodes/{node}/certificates/info: the cluster's authority and the node's own certificate (PVE/API2/Certificates.pm)."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .routes import Call, Json, get


@get("/nodes/{node}/certificates/info")
def info(call: Call) -> Json:
    """Return the certificates that anybody who is logged in may see."""
    folder = call.cluster.directory / "certificates"
    return [
        _describe(folder / "pve-root-ca.pem", "pve-root-ca.pem"),
        _describe(folder / f"{call.node.name}.pem", "pve-ssl.pem"),
    ]


def _describe(path: Path, filename: str) -> dict[str, object]:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return {
        "filename": filename,
        "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        "subject": _one_line(certificate.subject),
        "issuer": _one_line(certificate.issuer),
        "notbefore": int(certificate.not_valid_before_utc.timestamp()),
        "notafter": int(certificate.not_valid_after_utc.timestamp()),
        "pem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "san": _alternative_names(certificate),
        **_key(certificate),
    }


def _key(certificate: x509.Certificate) -> dict[str, object]:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return {"public-key-type": "rsaEncryption", "public-key-bits": key.key_size}
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return {"public-key-type": "id-ecPublicKey", "public-key-bits": key.key_size}


def _alternative_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in names]


def _one_line(name: x509.Name) -> str:
    """Write a name as OpenSSL's X509_NAME_oneline does."""
    return "".join(f"/{attribute.rfc4514_attribute_name}={attribute.value!s}" for attribute in name)
