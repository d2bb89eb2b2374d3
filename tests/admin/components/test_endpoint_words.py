"""What each endpoint opens, in words."""

import pytest

from admin.components.endpoint_words import words_of
from proxy.providers.catalog import BUILT_IN


@pytest.mark.parametrize(
    ("line", "area", "says", "marks"),
    [
        ("POST /v1/chat/completions chat", "Text", "Answers with text", "Costs"),
        ("POST /v1/completions completions", "Text", "Goes on with a text", "Costs"),
        ("POST /v1/complete generic", "Text", "Goes on with a text", "Costs"),
        ("POST /v1/uploads/{id}/complete none", "Files", "Makes a file of an upload", ""),
        ("POST /detokenize none", "Counting", "Puts tokens together", ""),
        ("POST /v1/embeddings embeddings", "Embeddings", "texts into vectors", "Costs"),
        ("POST /v1/moderations free", "Embeddings", "harmful; costs nothing", ""),
        ("GET /v1/models none", "Models", "Lists models", ""),
        ("GET /v1/models/{model} none", "Models", "Shows a model", ""),
        ("* /v1/responses responses", "Responses", "text", "Costs, Keeps objects"),
        ("* /v1/files none", "Files", "Makes a file", "Sends files, Keeps objects"),
        ("* /v1/files/{file_id} none", "Files", "changes and deletes a file", "Deletes"),
        ("DELETE /v1/containers/{id} none", "Files", "Deletes a container", "Deletes"),
        ("POST /v1/vector_stores none", "Files", "Makes a vector store", "Keeps objects"),
        ("POST /v1/batches batches", "Batches", "not see", "Not metered, Keeps objects"),
        ("POST /v1/images/edits generic", "Images", "Makes new ones", "Costs, Sends files"),
        ("POST /v1/batches/{id}/cancel none", "Batches", "Stops a batch", ""),
        ("POST /v1/messages/count_tokens none", "Counting", "how many tokens", ""),
        ("POST /v1beta/models/{model}:generateContent gemini", "Text", "a model makes", "Costs"),
        ("POST /v1/anything generic", "Others", "read where the answer says it", "Costs"),
        ("* /v1/images/* generic", "Images", "also what comes later", "Costs"),
    ],
)
def test_what_an_endpoint_opens(line: str, area: str, says: str, marks: str) -> None:
    words = words_of(*line.split(" "))
    assert words.area.startswith(area)
    assert says in words.says
    assert ", ".join(mark.word for mark in words.marks) == marks


def test_what_is_shown_with_isolation_alone_says_so() -> None:
    (mark,) = words_of("GET", "/v1/chat/completions", "none", isolated=True).marks
    assert mark.word == "With isolation only"


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_line_of_every_provider_has_words(name: str) -> None:
    for one in BUILT_IN[name].endpoints:
        words = words_of(one.method, one.pattern, one.dialect)
        assert words.says.endswith(".")
        assert words.says[0].isupper()
        assert not {"{", "}"} & set(words.says)
        costs = one.dialect not in ("none", "free", "batches")
        assert any(mark.word == "Costs" for mark in words.marks) is costs
