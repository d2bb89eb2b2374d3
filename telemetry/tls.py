"""TLS of the SDKs that send traces and reports: whom they believe is theirs to say, how strictly is
ours."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from config.authorities import lenient

if TYPE_CHECKING:
    from requests import Session


def context() -> ssl.SSLContext:
    """For urllib3, which loads the authorities itself."""
    # Optional, as the SDKs that bring it.
    from urllib3.util.ssl_ import create_urllib3_context  # noqa: PLC0415

    return lenient(create_urllib3_context())


def session() -> Session:
    """For what sends by requests."""
    from requests import Session  # noqa: PLC0415
    from requests.adapters import HTTPAdapter  # noqa: PLC0415

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more, ssl_context=context())

        def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
            return super().proxy_manager_for(*args, **more, ssl_context=context())

    made = Session()
    made.mount("https://", Adapter())
    return made
