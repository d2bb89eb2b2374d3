"""From a request to a view and back: admit, validate, call, answer.

The caller is identified before anything else is looked at, so that without a token nothing here,
not even which paths exist, can be found out; and the body is read only once it is wanted.
"""

from collections.abc import Mapping
from typing import Any, Final

from sanic import HTTPResponse, Request

from config import Settings
from manage import reading
from manage.answers import answer, request_id
from manage.auth import Caller, identify, presented_secret
from manage.errors import (
    BeyondPolicy,
    Forbidden,
    ManageError,
    MethodNotAllowed,
    NotFound,
    TooManyFailures,
    Unauthorized,
)
from manage.operations import Call, ManagementServices, Operation
from manage.refusals import translate
from manage.schemas.keys import PROVIDERS
from manage.schemas.schema import Schema
from manage.throttle import WrongTokenThrottle
from models import Actor
from models.errors import Refused
from web import body, client, routes
from web.refusal_audit import Refusal, RefusalAuditor

#: The actor of calls that were not let in.
_ANONYMOUS: Final = "anonymous"
_BODY_MAX_BYTES: Final = 1024 * 1024


class OperationDispatcher:
    """Answers every request under /manage that is not for the documents."""

    def __init__(self, settings: Settings, service: ManagementServices) -> None:
        self._settings = settings
        self._service = service
        self._throttle = WrongTokenThrottle()
        self._auditor = RefusalAuditor()

    async def handle(
        self,
        request: Request[Any, Any],
        operations: Mapping[str, Operation],
        texts: Mapping[str, str],
    ) -> HTTPResponse:
        """Call the operation for the request's method; `texts` are the ids as the path has them.

        Raises ManageError, and what the data room raises.
        """
        operation = routes.row_for(request, operations)
        caller = await self._admit(request, operation)
        actor = self._actor(request, caller.name)
        if not caller.may(request.method):
            error = Forbidden("This token may only read.")
            raise await self._refuse(actor, caller, operation, error)
        if not operations:
            raise NotFound("There is no such path.")
        if operation is None:
            raise MethodNotAllowed(routes.allowed_methods(operations))
        ids = routes.parse_ids(texts)
        if ids is None:
            raise NotFound("Nothing has this id.")
        given = await self._given(request, operation)
        try:
            result = await operation.view(Call(given, ids, actor, self._service))
        except Refused as exc:
            raise await self._refuse(actor, caller, operation, translate(exc)) from exc
        except BeyondPolicy as exc:
            raise await self._refuse(actor, caller, operation, exc) from exc.__cause__
        return answer(request, operation.status, _encode(result))

    async def _admit(self, request: Request[Any, Any], operation: Operation | None) -> Caller:
        secret = presented_secret(request.headers.get("authorization"))
        if secret is not None:
            caller = await identify(secret, self._settings.management_token)
            if caller is not None:
                return caller
        actor = self._actor(request, _ANONYMOUS)
        error: ManageError = Unauthorized("A valid management token is needed, as Bearer.")
        if secret is not None:
            retry_after = await self._throttle.hold_back(actor.ip or "")
            if retry_after is not None:
                error = TooManyFailures(
                    "Too many wrong management tokens came from this address.",
                    retry_after=retry_after,
                )
        raise await self._refuse(actor, None, operation, error)

    async def _refuse(
        self, actor: Actor, caller: Caller | None, operation: Operation | None, error: ManageError
    ) -> ManageError:
        """Note the refusal in the audit trail; `error`, to be raised."""
        refusal = Refusal(
            action="management.refuse",
            target_type="management",
            target=None if operation is None else operation.label,
            outcome="failed" if caller is None else "refused",
            changes={"status": (None, error.status), "code": (None, error.code)},
        )
        if caller is None:
            await self._auditor.stranger(actor, refusal)
        elif caller.scope == "read":
            await self._auditor.known(actor, refusal)
        else:
            await self._auditor.unbounded(actor, refusal)
        return error

    def _actor(self, request: Request[Any, Any], name: str) -> Actor:
        address = client.address_of(request, self._settings.trusted_proxies)
        return Actor(name, ip=address, request_id=str(request_id(request)))

    async def _given(self, request: Request[Any, Any], operation: Operation) -> Schema:
        query = reading.read_query(request.query_string)
        sent: object = query
        if operation.method in ("POST", "PATCH"):
            reading.refuse_query(query)
            sent = reading.parse_json(
                await body.receive(
                    request, content_type="application/json", max_bytes=_BODY_MAX_BYTES
                )
            )
        context = {PROVIDERS: self._service.upstreams.providers}
        return reading.validate(operation.takes, sent, context)


def _encode(result: Schema | None) -> bytes | None:
    # Fields that were never set are those that do not belong to this row at all.
    return None if result is None else result.model_dump_json(exclude_unset=True).encode()
