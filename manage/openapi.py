"""The OpenAPI 3.1 document, made from the operations and the schemas that validate them."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal, TypeAlias

from pydantic.json_schema import models_json_schema

from manage.operations import Operation, Resource
from manage.schemas.schema import RefusalView, Schema

Json: TypeAlias = dict[str, Any]
Mode: TypeAlias = Literal["validation", "serialization"]

_REF: Final = "#/components/schemas/{model}"
_PLACE: Final = re.compile(r"\{(\w+)\}")


def document(resources: Iterable[Resource], *, version: str) -> Json:
    """What the management API takes and answers."""
    operations = [operation for resource in resources for operation in resource.operations]
    refs, schemas = _schemas(operations)
    paths: Json = {}
    for operation in operations:
        place = paths.setdefault(f"/manage{operation.path}", {})
        place[operation.method.lower()] = _operation(operation, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LLM Proxy management API",
            "version": version,
            "description": "Lists are newest first. Absent means default or unchanged, null none.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"management": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"management": []}],
    }


def _has_body(operation: Operation) -> bool:
    return operation.method in ("POST", "PATCH") and bool(operation.takes.model_fields)


def _schemas(operations: list[Operation]) -> tuple[Mapping[tuple[type, Mode], Json], Json]:
    wanted: list[tuple[type[Schema], Mode]] = [(RefusalView, "serialization")]
    for operation in operations:
        if _has_body(operation):
            wanted.append((operation.takes, "validation"))
        if operation.returns is not None:
            wanted.append((operation.returns, "serialization"))
    refs, definitions = models_json_schema(list(dict.fromkeys(wanted)), ref_template=_REF)
    return refs, dict(sorted(definitions["$defs"].items()))


def _operation(operation: Operation, refs: Mapping[tuple[type, Mode], Json]) -> Json:
    summary, _, more = (operation.view.__doc__ or "").partition(". ")
    described: Json = {
        "operationId": getattr(operation.view, "__name__", ""),
        "tags": [operation.tag],
        "summary": summary.rstrip("."),
        "parameters": [_path_parameter(name) for name in _PLACE.findall(operation.path)],
        "responses": _responses(operation, refs),
    }
    if more:
        described["description"] = more
    if operation.method == "GET":
        described["parameters"] += _query_parameters(operation.takes)
    if _has_body(operation):
        described["requestBody"] = {
            "required": any(field.is_required() for field in operation.takes.model_fields.values()),
            "content": _json(refs[operation.takes, "validation"]),
        }
    return described


def _path_parameter(name: str) -> Json:
    schema = {"type": "string", "format": "uuid"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(schema: type[Schema]) -> list[Json]:
    properties = schema.model_json_schema(mode="validation").get("properties", {})
    return [_query_parameter(name, described) for name, described in properties.items()]


def _query_parameter(name: str, described: Json) -> Json:
    # A parameter that is absent is how a query says null.
    kinds = [kind for kind in described.get("anyOf", [described]) if kind != {"type": "null"}]
    kept = {key: kinds[0][key] for key in kinds[0] if key not in ("title", "description")}
    if kept.get("default", ...) is None:
        del kept["default"]
    parameter: Json = {"name": name, "in": "query", "required": False, "schema": kept}
    description = described.get("description") or kinds[0].get("description")
    return parameter | ({"description": description} if description else {})


def _responses(operation: Operation, refs: Mapping[tuple[type, Mode], Json]) -> Json:
    done: Json = {"description": HTTPStatus(operation.status).phrase}
    if operation.returns is not None:
        done["content"] = _json(refs[operation.returns, "serialization"])
    refusal = _json(refs[RefusalView, "serialization"])
    responses: Json = {str(operation.status): done}
    for status in _refusals(operation):
        phrase = HTTPStatus(status).phrase
        responses[str(status)] = {"description": phrase, "content": refusal}
    return responses


def _refusals(operation: Operation) -> list[int]:
    statuses = [400, 401, 429, 503]
    if operation.method != "GET":
        statuses.append(403)
    if "{" in operation.path or "project_id" in operation.takes.model_fields:
        statuses.append(404)
    if operation.method in ("POST", "PATCH"):
        statuses += [408, 409, 413, 415]
    return sorted(statuses)


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
