"""The management plane as a Sanic blueprint."""

from collections import defaultdict
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

from sanic import Blueprint, HTTPResponse, Request

from config import Settings
from manage import audit, docs, keys, projects, requests, tokens, usage
from manage.dispatch import OperationDispatcher
from manage.operations import ManagementServices, Operation, Resource
from manage.refusals import respond
from models.bindings import Upstreams
from models.crypto import KeyRing

RESOURCES: Final[tuple[Resource, ...]] = (
    projects.resource,
    keys.resource,
    tokens.resource,
    usage.resource,
    requests.resource,
    audit.resource,
)
#: Every path takes every method, since the refusal of one has the plane's shape as well.
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def blueprint(settings: Settings, *, upstreams: Upstreams, ring: KeyRing) -> Blueprint:
    """`/manage/*`, answered by this blueprint whatever is asked."""
    longest = settings.token_max_lifetime
    service = ManagementServices(ring, upstreams, timedelta(seconds=longest) if longest else None)
    dispatcher = OperationDispatcher(settings, service)
    plane = Blueprint("manage", url_prefix="/manage")
    by_path: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
    for resource in RESOURCES:
        for operation in resource.operations:
            by_path[operation.path][operation.method] = operation
    for number, (path, operations) in enumerate(by_path.items()):
        route = path.replace("{", "<").replace("}", ":str>")
        handler = _handler(dispatcher, operations)
        plane.add_route(handler, route, methods=METHODS, stream=True, name=f"path_{number}")
    docs.add_to(plane, RESOURCES)
    _add_the_rest(plane, dispatcher)
    plane.exception(Exception)(respond)
    return plane


Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]


def _handler(dispatcher: OperationDispatcher, operations: dict[str, Operation]) -> Handler:
    async def handle(request: Request[Any, Any], **texts: str) -> HTTPResponse:
        return await dispatcher.handle(request, operations, texts)

    return handle


def _add_the_rest(plane: Blueprint, dispatcher: OperationDispatcher) -> None:
    async def handle(request: Request[Any, Any], rest: str = "") -> HTTPResponse:
        return await dispatcher.handle(request, {}, {})

    plane.add_route(handle, "/", methods=METHODS, stream=True, name="root")
    plane.add_route(handle, "/<rest:path>", methods=METHODS, stream=True, name="rest")
