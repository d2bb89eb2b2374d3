"""Error bodies as the providers send them, one per status, for both dialects."""

from __future__ import annotations

from typing import Any

_OPENAI: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request was unacceptable."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("request_forbidden", "unsupported_country_region_territory", "Country not supported."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    409: ("invalid_request_error", "conflict", "The resource was changed by another request."),
    413: ("invalid_request_error", "request_too_large", "The request is too large."),
    422: ("invalid_request_error", "unprocessable_entity", "The request could not be followed."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached. Please try again in 1s."),
    500: ("server_error", None, "The server had an error while processing your request."),
    503: ("server_error", "overloaded", "That model is currently overloaded."),
}
_ANTHROPIC: dict[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


_GOOGLE: dict[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_AWS: dict[int, str] = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}


class ApiError(Exception):
    """An endpoint refuses; told in the caller's dialect, in the provider's words unless given."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param


def openai_error(error: ApiError) -> dict[str, Any]:
    """https://platform.openai.com/docs/guides/error-codes"""
    fallback = 500 if error.status >= 500 else 400
    kind, code, message = _OPENAI.get(error.status, _OPENAI[fallback])
    return {
        "error": {
            "message": error.message or message,
            "type": kind,
            "param": error.param,
            "code": error.code or code,
        }
    }


def anthropic_error(error: ApiError, request_id: str) -> dict[str, Any]:
    """https://docs.anthropic.com/en/api/errors"""
    kind = _ANTHROPIC.get(
        error.status, "api_error" if error.status >= 500 else "invalid_request_error"
    )
    message = error.message or kind.replace("_", " ").capitalize() + "."
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def google_error(error: ApiError) -> dict[str, Any]:
    """https://ai.google.dev/gemini-api/docs/troubleshooting"""
    status = _GOOGLE.get(error.status, "INTERNAL")
    message = error.message or status.replace("_", " ").capitalize() + "."
    return {"error": {"code": error.status, "message": message, "status": status}}


def aws_error(error: ApiError) -> tuple[str, dict[str, Any]]:
    """The error's name, which stands in a header, and the body."""
    name = _AWS.get(error.status, "InternalServerException")
    return name, {"message": error.message or name}


def ollama_error(error: ApiError) -> dict[str, Any]:
    """https://github.com/ollama/ollama/blob/main/docs/api.md"""
    return {"error": error.message or f"the request failed with status {error.status}"}
