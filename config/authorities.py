"""Whom TLS believes when this service asks others."""

import ssl
from pathlib import Path

import certifi


def trusting() -> ssl.SSLContext:
    """The system's authorities and SSL_CERT_FILE's, or certifi's where it has none.

    Reads them from files, which takes 20 ms.
    """
    context = ssl.create_default_context()
    # From Python 3.13 on, an authority must be by the letter of RFC 5280, which private ones often
    # are not; nothing that is signed wrongly passes without that.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and any(Path(paths.capath).iterdir())):
        context.load_verify_locations(certifi.where())
    return context
