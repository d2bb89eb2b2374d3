"""Whom TLS believes when this service asks others."""

import ssl
from pathlib import Path


def lenient(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same context, as lenient on every Python as curl and libpq are.

    From Python 3.13 on, an authority must be by the letter of RFC 5280, which private ones often
    are not; nothing that is signed wrongly passes without that.
    """
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def trusting_those_of(cafile: str | None) -> ssl.SSLContext:
    """The authorities in a file, or None: the system's and SSL_CERT_FILE's."""
    return lenient(ssl.create_default_context(cafile=cafile))


def trusting() -> ssl.SSLContext:
    """The system's authorities and SSL_CERT_FILE's, or certifi's where it has none.

    Reads them from files, which takes 20 ms.
    """
    context = trusting_those_of(None)
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and any(Path(paths.capath).iterdir())):
        import certifi  # noqa: PLC0415  (few are without, and each command would load it)

        context.load_verify_locations(certifi.where())
    return context
