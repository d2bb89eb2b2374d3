"""LOG_BODIES: bodies are in the log, and pass unchanged and undelayed."""

import asyncio
import json
from typing import Any

import httpx

from fake_upstream import FakeUpstream, expected_text, generated
from tests.fixtures.service import UPSTREAM_KEY, RunService, Service
from tests.system.streams import CHAT, STREAM, held_stream, text_of

BOUND = 400


async def bodies(service: Service) -> dict[str, dict[str, Any]]:
    """What the log has of bodies in the end, by request."""
    assert await asyncio.to_thread(service.stop) == 0
    lines = [json.loads(line) for line in service.log.splitlines() if line.startswith("{")]
    return {line["request_id"]: line for line in lines if line["message"] == "bodies"}


async def test_bodies_are_logged_as_they_pass_and_without_secrets(
    run_service: RunService, up: FakeUpstream
) -> None:
    service = run_service(LOG_BODIES=str(BOUND), LOG_FORMAT="json", LOG_LEVEL="WARNING")
    issued = await service.make_token(up.url)
    prompt = f'I am {issued.secret}, {{"password": "hunter2"}}, {UPSTREAM_KEY} ' + "word " * 200
    body = STREAM | {
        "messages": [{"role": "user", "content": prompt}],
        "stream_options": {"include_usage": True},
    }
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer) as http:
        refused = await http.post(CHAT, json=body, headers={"x-fake": "status=429"})
        broken = await http.post(CHAT, json=body, headers={"x-fake": "break=head"})
        served = await http.post(CHAT, json=STREAM)
    logged = await bodies(service)

    # Failures are logged whatever the level; of the rest at this one nothing is.
    assert (refused.status_code, broken.status_code, served.status_code) == (429, 502, 200)
    first = logged[refused.headers["x-llm-proxy-request-id"]]
    assert first["request_body_bytes"] == len(refused.request.content)
    assert len(first["request_body"].encode()) <= BOUND
    assert first["request_body"].startswith(refused.request.content[:60].decode())
    assert first["response_body"] == refused.text
    assert "[redacted]" in first["request_body"]
    assert logged[broken.headers["x-llm-proxy-request-id"]]["response_body"] == broken.text
    assert len(logged) == 2
    for secret in (issued.secret[:9], UPSTREAM_KEY[:12], "hunter2"):
        assert secret not in service.log
    # Upstream and client see what they would without a log.
    assert up.requests[0].body == refused.request.content


async def test_a_stream_is_passed_on_at_once_and_unchanged(
    run_service: RunService, up: FakeUpstream
) -> None:
    service = run_service(LOG_BODIES=str(BOUND), LOG_FORMAT="json")
    issued = await service.make_token(up.url)
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer) as http:
        async with held_stream(service, issued) as held:
            # Its first event is here, and its upstream waits.
            up.release()
            stream = await held.read()
        binary = await http.get("/v1/models", headers={"x-fake": "bytes=200000,chunk=999"})
        coded = await http.get("/v1/models", headers={"x-fake": "gzip", "accept-encoding": "gzip"})
        form = await http.post(
            "/v1/audio/transcriptions",
            data={"model": "whisper-1"},
            files={"file": ("private.mp3", b"\xff\x00" * 50_000)},
        )
    await service.entries(issued.token.id, 4)
    logged = await bodies(service)

    assert text_of(stream) == expected_text(STREAM)
    said = logged[held.answer.headers["x-llm-proxy-request-id"]]
    assert said["response_body"] == stream[:BOUND].decode()
    assert said["response_body_bytes"] == len(stream)
    assert said["request_body"] == json.dumps(STREAM, separators=(",", ":"))
    assert binary.content == generated(200_000)
    said = logged[binary.headers["x-llm-proxy-request-id"]]
    assert (said["response_body"], said["response_body_bytes"]) == (
        f"({binary.headers['content-type']})",
        200_000,
    )
    said = logged[coded.headers["x-llm-proxy-request-id"]]
    assert said["response_body"] == "(gzip of application/json)"
    said = logged[form.headers["x-llm-proxy-request-id"]]
    assert said["request_body"] == "(multipart/form-data)"


async def test_nothing_is_logged_unless_asked_for(
    run_service: RunService, up: FakeUpstream
) -> None:
    service = run_service(LOG_LEVEL="DEBUG", LOG_FORMAT="json")
    issued = await service.make_token(up.url)
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer) as http:
        assert (await http.post(CHAT, json=STREAM)).status_code == 200

    assert await bodies(service) == {}
    assert "Hello" not in service.log
