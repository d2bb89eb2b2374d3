"""The management plane as a Sanic blueprint."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from sanic import Blueprint

from config import Settings
from manage import docs
from manage.dispatch import OperationDispatcher
from manage.operations import ManagementServices, Resource
from manage.refusals import respond
from manage.schemas.providers import ProviderFacts
from manage.views import (
    audit,
    destinations,
    events,
    keys,
    objects,
    projects,
    refusals,
    requests,
    tokens,
    usage,
)
from manage.views import providers as provider_views
from models import Project, UpstreamKey
from models.bindings import Upstreams
from models.crypto import KeyRing
from models.destinations import DestinationPolicy
from models.spending import Spending
from web import routes
from web.destination_test import DestinationTester
from web.key_test import Result as KeyTestResult

RESOURCES: Final[tuple[Resource, ...]] = (
    projects.resource,
    keys.resource,
    objects.resource,
    tokens.resource,
    usage.resource,
    requests.resource,
    refusals.resource,
    audit.resource,
    events.resource,
    destinations.resource,
    provider_views.resource,
)


def blueprint(
    settings: Settings,
    *,
    upstreams: Upstreams,
    ring: KeyRing,
    catch_up: Callable[[], Awaitable[None]],
    test_key: Callable[[Project, UpstreamKey], Awaitable[KeyTestResult]],
    spending: Spending,
    destination_tester: DestinationTester,
    providers: Sequence[ProviderFacts] = (),
) -> Blueprint:
    """`/manage/*`, answered by this blueprint whatever is asked."""
    longest = settings.token_max_lifetime
    lifetime = timedelta(seconds=longest) if longest else None
    service = ManagementServices(
        ring,
        upstreams,
        lifetime,
        catch_up,
        test_key,
        spending,
        DestinationPolicy.of(settings),
        destination_tester,
        providers,
    )
    dispatcher = OperationDispatcher(settings, service)
    plane = Blueprint("manage", url_prefix="/manage")
    rows = [operation for resource in RESOURCES for operation in resource.operations]
    docs.add_to(plane, RESOURCES)
    routes.add(plane, routes.by_path(rows), dispatcher.handle)
    plane.exception(Exception)(respond)
    return plane
