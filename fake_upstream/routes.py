"""Which endpoint answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from fake_upstream.answer import Answer, Request
from fake_upstream.catalogue import list_models, retrieve_model
from fake_upstream.chat import chat_completion, completion
from fake_upstream.embeddings import create_embedding, create_moderation
from fake_upstream.errors import ApiError
from fake_upstream.files import (
    cancel_batch,
    create_batch,
    delete_file,
    download_file,
    list_batches,
    list_files,
    retrieve_batch,
    retrieve_file,
    upload_file,
)
from fake_upstream.media import edit_image, generate_image, speak, transcribe
from fake_upstream.message_batches import (
    create_message_batch,
    list_message_batches,
    message_batch_results,
    retrieve_message_batch,
)
from fake_upstream.messages import count_message_tokens, create_message
from fake_upstream.other_services import (
    batch_embed_contents,
    converse,
    converse_stream,
    count_content_tokens,
    embed_content,
    generate_content,
    invoke,
    invoke_stream,
    ollama_chat,
    ollama_embed,
    ollama_generate,
    stream_generate_content,
)
from fake_upstream.responses import (
    cancel_response,
    create_response,
    delete_response,
    list_input_items,
    retrieve_response,
)
from fake_upstream.store import Store

_ROUTES: dict[tuple[str, str], Callable[..., Answer]] = {
    ("POST", "/v1/chat/completions"): chat_completion,
    ("POST", "/v1/completions"): completion,
    ("POST", "/v1/responses"): create_response,
    ("GET", "/v1/responses/{}"): retrieve_response,
    ("DELETE", "/v1/responses/{}"): delete_response,
    ("POST", "/v1/responses/{}/cancel"): cancel_response,
    ("GET", "/v1/responses/{}/input_items"): list_input_items,
    ("POST", "/v1/embeddings"): create_embedding,
    ("POST", "/v1/moderations"): create_moderation,
    ("GET", "/v1/models"): list_models,
    ("GET", "/v1/models/{}"): retrieve_model,
    ("POST", "/v1/images/generations"): generate_image,
    ("POST", "/v1/images/edits"): edit_image,
    ("POST", "/v1/audio/transcriptions"): transcribe,
    ("POST", "/v1/audio/translations"): transcribe,
    ("POST", "/v1/audio/speech"): speak,
    ("POST", "/v1/files"): upload_file,
    ("GET", "/v1/files"): list_files,
    ("GET", "/v1/files/{}"): retrieve_file,
    ("GET", "/v1/files/{}/content"): download_file,
    ("DELETE", "/v1/files/{}"): delete_file,
    ("POST", "/v1/batches"): create_batch,
    ("GET", "/v1/batches"): list_batches,
    ("GET", "/v1/batches/{}"): retrieve_batch,
    ("POST", "/v1/batches/{}/cancel"): cancel_batch,
    ("POST", "/v1/messages"): create_message,
    ("POST", "/v1/messages/count_tokens"): count_message_tokens,
    ("POST", "/v1/messages/batches"): create_message_batch,
    ("GET", "/v1/messages/batches"): list_message_batches,
    ("GET", "/v1/messages/batches/{}"): retrieve_message_batch,
    ("GET", "/v1/messages/batches/{}/results"): message_batch_results,
    ("POST", "/model/{}/converse"): converse,
    ("POST", "/model/{}/converse-stream"): converse_stream,
    ("POST", "/model/{}/invoke"): invoke,
    ("POST", "/model/{}/invoke-with-response-stream"): invoke_stream,
    ("POST", "/api/chat"): ollama_chat,
    ("POST", "/api/generate"): ollama_generate,
    ("POST", "/api/embed"): ollama_embed,
}
_GEMINI: dict[str, Callable[..., Answer]] = {
    "generateContent": generate_content,
    "streamGenerateContent": stream_generate_content,
    "embedContent": embed_content,
    "batchEmbedContents": batch_embed_contents,
    "countTokens": count_content_tokens,
}
#: Below any version and, in Vertex AI, any project, location and publisher.
OF_GEMINI = re.compile(r"/v1[a-z0-9]*(?:/[^/:]+)*/(?:models|tunedModels)/([^/]+):([A-Za-z]+)")
#: What stands before the same paths at Azure, whose deployments name a model, and at other clouds.
_BEFORE = re.compile(
    r"/openai/deployments/[^/]++(?=/)|/openai/v1(?=/)|/anthropic/v1(?=/messages)"
    r"|/openai(?=/(?:responses|models|files|batches))"
)
_PATTERNS = tuple(
    (method, re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), endpoint)
    for (method, path), endpoint in _ROUTES.items()
    if "{}" in path
)


def respond(request: Request, store: Store) -> Answer:
    """The endpoint's answer. Raises ApiError, also for an address that does not exist."""
    method = "GET" if request.method == "HEAD" else request.method
    path = request.path
    if match := _BEFORE.match(path):
        path = f"/v1{path[match.end() :]}"
    if endpoint := _ROUTES.get((method, path)):
        return endpoint(request, store)
    for wanted, pattern, endpoint in _PATTERNS:
        if wanted == method and (match := pattern.fullmatch(path)):
            return endpoint(request, store, unquote(match[1]))
    if method == "POST" and (match := OF_GEMINI.fullmatch(path)) and match[2] in _GEMINI:
        return _GEMINI[match[2]](request, store, unquote(match[1]))
    raise ApiError(404, f"Invalid URL ({request.method} {path})", code="unknown_url")
