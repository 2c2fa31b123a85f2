"""TLS and mutual TLS stand beside the MACs, not instead of them."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clients.faults import OutcomeUnknown
from clients.link import TlsFiles
from medswitch.v1 import reply_pb2
from switch.server import lifecycle
from tests.fix_live import PATIENT, LiveServer


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of tests and a pair it signed, for both ends."""
    folder = tmp_path_factory.mktemp("pem")
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("authority", authority_key, None, authority_key)
    leaf = _certificate("localhost", key, authority, authority_key)
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    encoding = serialization.Encoding.PEM
    (folder / "authority").write_bytes(authority.public_bytes(encoding))
    (folder / "certificate").write_bytes(leaf.public_bytes(encoding))
    (folder / "key").write_bytes(key.private_bytes(encoding, pkcs8, plain))
    return folder


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def limits(pem: Path, *, mutual: bool) -> lifecycle.ServerLimits:
    tls = lifecycle.TlsFiles(
        pem / "certificate", pem / "key", pem / "authority" if mutual else None
    )
    return lifecycle.ServerLimits(listen="localhost:0", tls=tls, drain_notice_s=0)


def test_terminal_is_served_under_tls_and_mutual_tls(live: LiveServer, pem: Path) -> None:
    authority = pem / "authority"
    for mutual, tls in (
        (False, TlsFiles(authority)),
        (True, TlsFiles(authority, pem / "certificate", pem / "key")),
    ):
        client = live.client(live.start(limits(pem, mutual=mutual)), tls=tls)
        assert client.read_member(PATIENT).outcome.code == reply_pb2.REPLY_CODE_OK


def test_terminal_without_a_certificate_is_not_let_in(live: LiveServer, pem: Path) -> None:
    server = live.start(limits(pem, mutual=True))
    for tls in (TlsFiles(pem / "authority"), None):
        client = live.client(server, tls=tls, attempts_max=1)
        with pytest.raises(OutcomeUnknown):
            client.read_member(PATIENT)
