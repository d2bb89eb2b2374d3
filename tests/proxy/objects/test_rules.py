"""What paths have to do with objects, at every built-in provider alike."""

from __future__ import annotations

import pytest

from proxy.objects.rules import KNOWN_KINDS, rule_of
from proxy.providers.catalog import BUILT_IN


@pytest.mark.parametrize(
    ("provider", "request_line", "expected"),
    [
        ("openai", "POST /v1/files", ("file", "", "made")),
        ("openai", "GET /v1/files", ("file", "", "")),
        ("openai", "GET /v1/files/file-1/content", ("file", "file-1", "")),
        ("openai", "GET /v1/files/file%2D1", ("file", "file-1", "")),
        ("openai", "GET /v1/files/file-1/a/b", ("file", "file-1", "")),
        ("openai", "DELETE /v1/files/file-1", ("file", "file-1", "")),
        ("openai", "POST /v1/uploads/upload_1/complete", ("upload", "upload_1", "made")),
        ("openai", "POST /v1/batches", ("batch", "", "made")),
        ("openai", "GET /v1/batches/batch_1", ("batch", "batch_1", "told")),
        ("openai", "POST /v1/responses", ("response", "", "made")),
        ("openai", "POST /v1/responses/compact", ("response", "", "")),
        ("openai", "POST /v1/responses/resp_1/cancel", ("response", "resp_1", "made")),
        ("openai", "GET /v1/conversations/conv_1/items/msg_1", ("conversation", "conv_1", "told")),
        ("openai", "POST /v1/videos/edits", ("video", "", "made")),
        ("openai", "POST /v1/videos/video_1/remix", ("video", "video_1", "made")),
        ("openai", "GET /v1/vector_stores/vs_1/files/file-1", ("vector_store", "vs_1", "")),
        ("openai", "POST /v1/containers/cntr_1/files", ("container", "cntr_1", "made")),
        ("openai", "POST /v1/chat/completions", ("completion", "", "stored")),
        ("openai", "POST /v1/embeddings", ("", "", "")),
        ("openai", "POST /v1/images/edits", ("", "", "")),
        ("openai", "GET /v1/models/gpt-4o", ("", "", "")),
        ("anthropic", "POST /v1/messages", ("", "", "told")),
        ("anthropic", "POST /v1/messages/count_tokens", ("", "", "")),
        ("anthropic", "POST /v1/messages/batches", ("batch", "", "made")),
        ("anthropic", "GET /v1/messages/batches/msgbatch_1/results",
         ("batch", "msgbatch_1", "told")),
        ("groq", "GET /openai/v1/files/file_1", ("file", "file_1", "")),
        ("azure-openai", "GET /openai/files/file-1", ("file", "file-1", "")),
        ("azure-openai", "POST /v1/vector_stores/vs_1/files", ("vector_store", "vs_1", "made")),
        ("mistral", "POST /v1/batch/jobs", ("batch", "", "made")),
        ("gemini", "POST /v1beta/models/m:generateContent", ("", "", "")),
        ("vertex", "POST /v1/projects/p/locations/l/publishers/google/models/m:generateContent",
         ("", "", "")),
    ],
)  # fmt: skip
def test_a_path_says_what_is_kept_there(
    provider: str, request_line: str, expected: tuple[str, str, str]
) -> None:
    method, _, path = request_line.partition(" ")
    rule = rule_of(BUILT_IN[provider].match(path.encode())[method], method)
    in_path = rule.id_in(path.encode()) if rule.id_segment else ""
    assert (rule.kind, in_path, rule.tells) == expected


@pytest.mark.parametrize(
    ("method", "path", "lists", "deletes"),
    [
        ("GET", "/v1/files", True, False),
        ("HEAD", "/v1/files", True, False),
        ("POST", "/v1/files", False, False),
        ("GET", "/v1/files/file-1", False, False),
        ("GET", "/v1/vector_stores/vs_1/files", False, False),
        ("GET", "/v1/models", False, False),
        ("DELETE", "/v1/files/file-1", False, True),
        # The file stays.
        ("DELETE", "/v1/vector_stores/vs_1/files/file-1", False, False),
        ("DELETE", "/v1/vector_stores/vs_1", False, True),
    ],
)
def test_a_list_and_a_deletion_are_told_by_the_path(
    method: str, path: str, lists: bool, deletes: bool
) -> None:
    methods = BUILT_IN["openai"].match(path.encode())
    rule = rule_of(methods.get(method) or methods["GET"], method)
    assert (rule.lists, rule.deletes) == (lists, deletes)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/v1/files/file-1/x/y", "file-1"),
        ("/v1/images/x%2F..%2Ffiles%2Ffile-1", "file-1"),
        ("/v1/images/..%5Cfiles%5Cfile-1", "file-1"),
        ("/v1/images/x", ""),
    ],
)
def test_an_id_in_a_path_of_any_form_is_found_as_servers_may_take_it_apart(
    path: str, found: str
) -> None:
    route = BUILT_IN["openai"].match(path.encode())["GET"]
    assert rule_of(route, "GET").id_in(path.encode()) == found


#: What is kept of which nothing is remembered by a name of its own: by the segment before its id.
OTHERS = {"characters"}


def test_whatever_a_built_in_provider_keeps_is_of_a_known_kind() -> None:
    """A new one has to be looked at: in which members of bodies its ids stand, and what is said of
    one that is not there."""
    for provider in BUILT_IN.values():
        for endpoint in provider.endpoints:
            path = endpoint.pattern.replace("{", "").replace("}", "").replace("*", "x").encode()
            for method, route in provider.match(path).items():
                rule = rule_of(route, method)
                named = {rule.kind} if rule.id_segment > 0 else set()
                assert named <= KNOWN_KINDS | OTHERS, (provider.name, endpoint)
