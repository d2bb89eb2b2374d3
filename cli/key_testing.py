"""Asking an upstream whether it takes a key, with what the data plane presents keys with."""

from uuid import UUID

from cli.session import Session
from models import UpstreamKey
from proxy.headers import RawHeaders
from proxy.providers.files import configured, upstreams
from proxy.upstream.address_policy import is_refused
from proxy.upstream.pool import Pool
from proxy.upstream.timeouts import Timeouts
from proxy.upstream_auth.database_store import DatabaseTokens
from proxy.upstream_auth.presenting import Asked, UpstreamAuth
from proxy.upstream_auth.tokens import Tokens
from web.key_test import KeyTester, Result


async def tested(session: Session, key: UpstreamKey) -> Result:
    """What comes of a test of a key, of which the project is known."""
    settings, ring = session.settings, session.ring()
    providers = configured(settings)
    pool = Pool(
        Timeouts(
            settings.upstream_connect_timeout,
            settings.upstream_first_byte_timeout,
            settings.upstream_idle_timeout,
        )
    )
    presenting = UpstreamAuth(
        pool,
        Tokens(DatabaseTokens(ring)),
        origins=frozenset(settings.upstream_origins),
        ambient=settings.upstream_ambient_credentials,
    )

    async def present(
        provider: str, key_id: UUID, secret: str, auth: str | None, asked: Asked
    ) -> tuple[bytes, RawHeaders] | str:
        return await presenting.in_a_test(providers[provider], key_id, secret, auth, asked)

    tester = KeyTester(ring, providers, upstreams(settings, providers), is_refused, present)
    try:
        return await tester.test(key.project, key)
    finally:
        presenting.close()
        await pool.close()
