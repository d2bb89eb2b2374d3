"""What `sslmode` and `sslrootcert` mean."""

import ssl
import subprocess
from pathlib import Path

import pytest

from models.db.database import _tls
from tests.fixtures.plain_authority import (
    default_contexts_of_python_3_13,
    make_plain_authority,
    shake_hands,
)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("disable", False), ("allow", "allow"), ("prefer", "prefer"), (None, "prefer")],
)
def test_lax_sslmodes_are_asyncpgs_own(mode: str | None, expected: object) -> None:
    assert _tls(mode, None) == expected


@pytest.mark.parametrize(
    ("mode", "verifies", "checks_the_name"),
    [
        ("require", ssl.CERT_NONE, False),
        ("verify-ca", ssl.CERT_REQUIRED, False),
        ("verify-full", ssl.CERT_REQUIRED, True),
    ],
)
def test_strict_sslmodes_mean_what_libpq_means(
    mode: str, verifies: ssl.VerifyMode, checks_the_name: bool
) -> None:
    context = _tls(mode, None)
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode == verifies
    assert context.check_hostname == checks_the_name


def test_a_root_certificate_makes_require_verify(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = _tls("require", certificate)
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_private_authority_is_believed_alike_on_every_python(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default_contexts_of_python_3_13(monkeypatch)
    private = make_plain_authority(tmp_path)
    context = _tls(mode, private.authority)
    assert isinstance(context, ssl.SSLContext)
    shake_hands(context, private.serving())


def test_a_strangers_authority_is_not_believed(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours, theirs = (make_plain_authority(tmp_path / name) for name in ("ours", "theirs"))
    context = _tls("verify-full", ours.authority)
    assert isinstance(context, ssl.SSLContext)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, theirs.serving())
