"""`/manage/docs`: the OpenAPI document, and a page that shows it.

Both are the same for every installation and hold none of its data, so neither needs a token. The
page has no script and loads nothing from anywhere else.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import jinja2
import msgspec
from sanic import Blueprint, HTTPResponse, Request

from config.version import VERSION
from manage import openapi
from manage.answers import answer
from manage.errors import MethodNotAllowed
from manage.operations import Resource
from web.routes import ERROR_FORMAT, METHODS

_ROOT: Final = Path(__file__).parent
_TEMPLATES: Final = _ROOT.parent / "templates" / "manage"
_POLICY: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
}


def add_to(plane: Blueprint, resources: Sequence[Resource]) -> None:
    """Serve the document of `resources`, its page and the page's style."""
    described = tuple(resources)
    turns = asyncio.Lock()

    async def written() -> _Written:
        # Once, however many ask at first.
        async with turns:
            return await asyncio.to_thread(_written, described)

    async def page() -> bytes:
        return (await written()).page

    async def document() -> bytes:
        return (await written()).document

    async def style() -> bytes:
        return stylesheet

    stylesheet = (_ROOT / "static" / "docs.css").read_bytes()
    _serve(plane, "/docs", page, "text/html; charset=utf-8")
    _serve(plane, "/docs/openapi.json", document, "application/json")
    _serve(plane, "/docs/docs.css", style, "text/css; charset=utf-8")


class _Written(NamedTuple):
    page: bytes
    document: bytes


@cache
def _written(resources: tuple[Resource, ...]) -> _Written:
    """Both, which take a tenth of a second: once per process, where somebody asks."""
    document = openapi.document(resources, version=VERSION)
    return _Written(render(document).encode(), msgspec.json.encode(document))


def _serve(
    plane: Blueprint, path: str, body: Callable[[], Awaitable[bytes]], content_type: str
) -> None:
    async def serve(request: Request[Any, Any]) -> HTTPResponse:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(("GET", "HEAD"))
        return answer(request, 200, await body(), content_type=content_type, headers=_POLICY)

    name = path.strip("/").replace("/", "_").replace(".", "_")
    plane.add_route(serve, path, methods=METHODS, stream=True, name=name, error_format=ERROR_FORMAT)


def render(document: dict[str, Any]) -> str:
    """The page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = kind
    environment.globals["curl"] = partial(curl, document["components"]["schemas"])
    return environment.get_template("docs.html").render(document=document)


def curl(schemas: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    """A call to paste: with what the operation has to be given, ids in capitals."""
    target = path
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            target = target.replace(f"{{{parameter['name']}}}", parameter["name"].upper())
    lines = [f"curl -s{'' if method == 'get' else f' -X {method.upper()}'} https://HOST{target}"]
    lines.append('  -H "authorization: Bearer $MANAGEMENT_TOKEN"')
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        given = _example(schemas, schemas[str(body["$ref"]).rpartition("/")[2]])
        lines += ['  -H "content-type: application/json"', f"  -d '{json.dumps(given)}'"]
    return " \\\n".join(lines)


def _example(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """What is required; of a change, where nothing is, its first field."""
    fields = schema.get("properties", {})
    names = schema.get("required") or list(fields)[:1]
    return {name: _value(schemas, name, fields[name]) for name in names}


def _value(schemas: dict[str, Any], name: str, schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        return _value(schemas, name, schema["anyOf"][0])
    if "$ref" in schema:
        return _value(schemas, name, schemas[str(schema["$ref"]).rpartition("/")[2]])
    if "enum" in schema or "const" in schema:
        return schema["enum"][0] if "enum" in schema else schema["const"]
    match schema.get("type"):
        case "object":
            return _example(schemas, schema)
        case "array":
            return [_value(schemas, name.removesuffix("s"), schema.get("items", {}))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return name.upper()


def kind(schema: dict[str, Any]) -> str:
    """A schema in a few words: `integer, 1 to 200`, `list of string, or null`."""
    if "anyOf" in schema:
        options = [kind(option) for option in schema["anyOf"]]
        return ", or ".join(sorted(options, key=lambda option: option == "null"))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(map(str, schema.get("enum") or [schema["const"]]))
    if schema.get("type") == "array":
        return "list of " + kind(schema.get("items", {}))
    words = str(schema.get("format") or schema.get("type", "anything"))
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        words += f", {low} to {high}"
    longest = schema.get("maxLength")
    return words if longest is None else f"{words}, at most {longest} characters"
