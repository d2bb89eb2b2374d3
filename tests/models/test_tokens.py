"""Tokens: life, quota, rotation, and what a grant says of them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models import generation, secrets
from models.audit import AuditEvent
from models.errors import LifetimeTooLong, ProjectInactive, TokenRevoked
from models.grants import KeyMaterial, load_grant
from models.tokens import DEFAULT_LIFETIME, Token, TokenSecret
from models.upstream_keys import UpstreamKey
from tests.models.rows import API_KEY, BY, RING, a_project

pytestmark = pytest.mark.usefixtures("connected")


def _later(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)


async def test_only_the_digest_of_a_secret_is_stored() -> None:
    token, secret = await Token.issue(await a_project(), by=BY, name="CI")
    assert secrets.is_well_formed(secret)
    assert token.hint == f"llmp_…{secret[-4:]}"
    row = await TokenSecret.get(token_id=token.id)
    assert row.digest == secrets.digest(secret)


async def test_no_tokens_for_an_inactive_project() -> None:
    project = await a_project()
    await project.deactivate(by=BY)
    with pytest.raises(ProjectInactive):
        await Token.issue(project, by=BY)


@pytest.mark.parametrize(
    ("ends_in", "revoked", "status"),
    [
        (None, False, "active"),
        (60, False, "active"),
        (-1, False, "expired"),
        (60, True, "revoked"),
        (-1, True, "revoked"),
    ],
)
async def test_status_follows_time_and_revocation(
    ends_in: float | None, revoked: bool, status: str
) -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    token.expires_at = None if ends_in is None else _later(seconds=ends_in)
    token.revoked_at = _later() if revoked else None
    assert token.status == status


async def test_a_token_may_not_outlive_the_operators_limit() -> None:
    project = await a_project()
    longest = timedelta(hours=1)
    with pytest.raises(LifetimeTooLong):
        await Token.issue(project, by=BY, max_lifetime=longest)
    with pytest.raises(LifetimeTooLong):
        await Token.issue(
            project, by=BY, max_lifetime=longest, expires_at=_later() + DEFAULT_LIFETIME
        )
    token, _ = await Token.issue(
        project, by=BY, max_lifetime=longest, expires_at=_later(minutes=59)
    )
    with pytest.raises(LifetimeTooLong):
        await token.change(by=BY, max_lifetime=longest, expires_at=None)
    await token.change(by=BY, max_lifetime=longest, name="still short")


async def test_an_end_from_before_the_operators_limit_may_stay() -> None:
    end = _later(days=30)
    token, _ = await Token.issue(await a_project(), by=BY, expires_at=end)
    # A form sends every field, changed or not.
    await token.change(by=BY, max_lifetime=timedelta(hours=1), name="x", expires_at=end)
    assert (await Token.get(id=token.id)).name == "x"


async def test_revoking_twice_is_revoking_once() -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    await token.revoke(by=BY)
    first = (await Token.get(id=token.id)).revoked_at
    await token.revoke(by=BY)
    assert (await Token.get(id=token.id)).revoked_at == first
    assert await AuditEvent.filter(action="token.revoke").count() == 1
    with pytest.raises(TokenRevoked):
        await token.change(by=BY, name="x")
    with pytest.raises(TokenRevoked):
        await token.rotate(by=BY)


async def test_revoking_at_once_from_two_sides_is_audited_once() -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    again = await Token.get(id=token.id)
    await asyncio.gather(token.revoke(by=BY), again.revoke(by=BY))
    assert await AuditEvent.filter(action="token.revoke").count() == 1


async def test_a_quota_set_late_counts_from_the_request_count() -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    await Token.filter(id=token.id).update(request_count=40)
    await token.change(by=BY, max_requests=100)
    assert (token.quota_epoch, token.quota_base) == (1, 40)
    await Token.filter(id=token.id).update(request_count=60)
    await token.change(by=BY, max_requests=200)
    assert (token.quota_epoch, token.quota_base) == (1, 40)
    await token.change(by=BY, max_requests=None)
    assert (token.quota_epoch, token.quota_base) == (1, 40)
    await token.change(by=BY, max_requests=10)
    assert (token.quota_epoch, token.quota_base) == (2, 60)
    fresh = await Token.get(id=token.id)
    assert (fresh.max_requests, fresh.quota_epoch, fresh.quota_base) == (10, 2, 60)
    assert fresh.request_count == 60


async def test_rotation_without_grace_ends_the_old_secret() -> None:
    token, old = await Token.issue(await a_project(), by=BY)
    new = await token.rotate(by=BY)
    assert await load_grant(secrets.digest(old), RING) is None
    grant = await load_grant(secrets.digest(new), RING)
    assert grant is not None
    assert grant.token_id == token.id
    assert grant.secret_expires_at is None
    assert (await Token.get(id=token.id)).hint == secrets.hint(new)


async def test_rotation_with_grace_lets_both_secrets_work() -> None:
    token, first = await Token.issue(await a_project(), by=BY)
    second = await token.rotate(by=BY, grace_seconds=3600)
    old = await load_grant(secrets.digest(first), RING)
    new = await load_grant(secrets.digest(second), RING)
    assert old is not None
    assert new is not None
    assert old.secret_expires_at == pytest.approx(_later(hours=1).timestamp(), abs=60)
    assert new.secret_expires_at is None
    third = await token.rotate(by=BY, grace_seconds=60)
    assert await TokenSecret.filter(token_id=token.id).count() == 3
    old = await load_grant(secrets.digest(first), RING)
    assert old is not None
    # A later and shorter grace must not leave an older secret working longer.
    assert old.secret_expires_at == pytest.approx(_later(minutes=1).timestamp(), abs=30)
    await TokenSecret.filter(digest=secrets.digest(first)).update(expires_at=_later(days=-1))
    fourth = await token.rotate(by=BY, grace_seconds=60)
    assert await load_grant(secrets.digest(first), RING) is None
    kept = [row.digest for row in await TokenSecret.filter(token_id=token.id)]
    assert set(kept) == {secrets.digest(one) for one in (second, third, fourth)}
    await token.rotate(by=BY)
    assert await load_grant(secrets.digest(third), RING) is None
    assert await TokenSecret.filter(token_id=token.id).count() == 1


async def test_every_change_of_a_token_moves_the_generation() -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    seen = await generation.current()
    await token.change(by=BY, requests_per_minute=1)
    await token.rotate(by=BY)
    await token.revoke(by=BY)
    changes = await generation.changes_since(seen)
    assert changes is not None
    assert [(change.kind, change.target_id) for change in changes] == [("token", token.id)] * 3


async def test_a_grant_says_everything_the_data_plane_needs() -> None:
    project = await a_project(
        base_url="https://upstream.example",
        requests_per_minute=600,
        allowed_models=["gpt-*"],
        allowed_origins=["https://app.example"],
    )
    second = await project.add_key(
        api_key="sk-second-key-of-it", ring=RING, by=BY, label="b", weight=3
    )
    off = await project.add_key(api_key="sk-third-key-of-it", ring=RING, by=BY)
    await off.change(by=BY, is_active=False)
    end = _later(days=1)
    _, secret = await Token.issue(
        project,
        by=BY,
        expires_at=end,
        max_requests=5,
        max_parallel_requests=2,
        allowed_endpoints=["POST /v1/chat/completions"],
        allowed_ips=["192.0.2.0/24"],
    )
    grant = await load_grant(secrets.digest(secret), RING)
    assert grant is not None
    first = await UpstreamKey.filter(project_id=project.id).order_by("id").first()
    assert first is not None
    assert grant.keys == (
        KeyMaterial(first.id, API_KEY, 1, "https://upstream.example:443"),
        KeyMaterial(second.id, "sk-second-key-of-it", 3, "https://upstream.example:443"),
    )
    assert grant.expires_at == pytest.approx(end.timestamp(), abs=0.001)
    assert (grant.max_requests, grant.max_parallel_requests) == (5, 2)
    assert (grant.quota_epoch, grant.quota_base) == (0, 0)
    assert grant.allowed_endpoints == ("POST /v1/chat/completions",)
    assert grant.allowed_ips == ("192.0.2.0/24",)
    assert grant.allowed_models is None
    assert grant.project_allowed_models == ("gpt-*",)
    assert grant.allowed_origins == ("https://app.example",)
    assert (grant.provider, grant.base_url) == ("openai", "https://upstream.example")
    assert grant.project_requests_per_minute == 600
    assert grant.project_is_active
    assert not grant.project_is_deleted
    assert API_KEY not in repr(grant)
    await project.erase(by=BY)
    grant = await load_grant(secrets.digest(secret), RING)
    assert grant is not None
    assert grant.revoked_at is not None
    assert grant.project_is_deleted
    assert grant.keys == ()


async def test_an_unknown_digest_has_no_grant() -> None:
    assert await load_grant("0" * 64, RING) is None
