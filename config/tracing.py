"""Whether OpenTelemetry traces are wanted, by its own standard variables.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
The SDK reads the rest of them by itself; this only says whether it is to be loaded at all.
"""

import os
from collections.abc import Mapping

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_SESSIONS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
)


def traces_wanted(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the environment says where traces go."""
    environ = os.environ if environ is None else environ
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter:
        return exporter == "otlp"
    return any(environ.get(name) for name in _ENDPOINTS)


def has_own_session(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the environment names a package by whose session traces are sent."""
    environ = os.environ if environ is None else environ
    return any(environ.get(name) for name in _SESSIONS)
