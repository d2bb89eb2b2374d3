"""What a browser asks before it sends a token, and what it wants to see in the answer."""

import httpx

from fake_upstream import FakeUpstream
from models import Project
from tests.fixtures.service import BY, Issued, Service
from tests.system.streams import CHAT, STREAM, text_of


async def preflight(service: Service, origin: str, **extra: str) -> httpx.Response:
    """Without a token: a browser does not send one yet."""
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        **{name.replace("_", "-"): value for name, value in extra.items()},
    }
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:
        return await http.options(CHAT, headers=asked)


async def ask(service: Service, issued: Issued, origin: str, **payload: object) -> httpx.Response:
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=30) as http:
        return await http.post(CHAT, json={**STREAM, **payload}, headers={"origin": origin})


async def change(service: Service, issued: Issued, **fields: object) -> None:
    """Change the token's project, as the command line would."""
    async with service.models():
        project = await Project.get(id=issued.project.id)
        await project.change(by=BY, **fields)  # type: ignore[arg-type]


async def test_browser_of_an_allowed_origin_may_ask(service: Service, up: FakeUpstream) -> None:
    origin = f"https://{up.url.rpartition(':')[2]}.app.example"
    wanted = "authorization, content-type, x-stainless-lang"
    assert (await preflight(service, origin)).status_code == 403

    issued = await service.make_token(up.url, project={"allowed_origins": [origin]})
    allowed = await preflight(service, origin, access_control_request_headers=wanted)
    answer = await ask(service, issued, origin)

    assert (allowed.status_code, allowed.content) == (204, b"")
    assert allowed.headers["access-control-allow-origin"] == origin
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert allowed.headers["access-control-allow-headers"] == wanted
    assert "Origin" in allowed.headers["vary"]
    assert "x-llm-proxy-request-id" in allowed.headers
    # The stream is the upstream's, and a script may read it and its fields.
    assert text_of(answer.content)
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-expose-headers"] == "*"
    assert "Origin" in answer.headers["vary"]
    # Nothing was asked of the upstream beforehand.
    assert [request.method for request in up.requests] == ["POST"]


async def test_script_may_read_why_its_request_was_refused(
    service: Service, up: FakeUpstream
) -> None:
    origin = f"https://{up.url.rpartition(':')[2]}.refused.example"
    issued = await service.make_token(
        up.url, project={"allowed_origins": [origin]}, allowed_models=["o3"]
    )

    refused = await ask(service, issued, origin)

    assert refused.json()["error"]["code"] == "model_not_allowed"
    assert refused.headers["access-control-allow-origin"] == origin


async def test_each_project_has_its_own_origins(service: Service, up: FakeUpstream) -> None:
    port = up.url.rpartition(":")[2]
    mine, other = f"https://{port}.mine.example", f"https://{port}.other.example"
    issued = await service.make_token(up.url, project={"allowed_origins": [mine]})
    await service.make_token(up.url, project={"allowed_origins": [other]})

    # Whose token will come cannot be known before it does.
    assert (await preflight(service, other)).status_code == 204
    refused = await ask(service, issued, other)

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in refused.headers
    assert not up.requests


async def test_changed_origins_are_in_force_at_the_next_question(
    service: Service, up: FakeUpstream
) -> None:
    before, after = (
        f"https://{up.url.rpartition(':')[2]}.{name}.example" for name in ("before", "after")
    )
    issued = await service.make_token(up.url, project={"allowed_origins": [before]})
    assert (await preflight(service, before)).status_code == 204

    await change(service, issued, allowed_origins=[after])

    assert (await preflight(service, before)).status_code == 403
    assert (await preflight(service, after)).status_code == 204

    await change(service, issued, is_active=False)

    refused = await preflight(service, after)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_not_allowed")


async def test_options_that_is_no_preflight_needs_a_token(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:
        answer = await http.options(CHAT, headers={"origin": "https://app.example"})

    assert answer.json()["error"]["code"] == "missing_token"
