"""The wiring: from settings to a Sanic app with every plane. Nothing else knows the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sanic import Sanic
from sanic_ext import Config as ExtendConfig
from sanic_ext import Extend
from sanic_ext.extensions.templating.extension import TemplatingExtension

from admin import blueprint as admin_blueprint
from config import Settings, generate_missing, load
from delivery.testing import Tester
from manage import blueprint as manage_blueprint
from models.crypto import KeyRing
from models.destinations import DestinationPolicy
from proxy.blueprint import blueprint as proxy_blueprint
from proxy.middleware.loading import load as load_middlewares
from proxy.providers.files import configured, upstreams
from proxy.providers.roots import DataPaths, roots
from proxy.upstream.address_policy import is_refused
from server import descriptors
from server.context import App, WorkerContext
from server.http.connections import Bounds as ConnectionBounds
from server.http.connections import Connections
from server.http.downstream import read_head
from server.http.fallback import JsonErrors
from server.http.health import blueprint as operations_blueprint
from server.http.routing import OpenRouter
from server.resources import WorkerResources
from server.trial import Trial
from web.key_test import KeyTester


def create_app(*, settings: Settings | None = None, supervised: bool = False) -> App:
    """An app ready to be served by `server.process.worker.Worker`.

    Without `settings` the environment is read. `supervised`: `serve` has checked the files that it
    names. Raises config.ConfigError.
    """
    settings = settings or generate_missing(load())[0]
    context = WorkerContext(settings, Connections(_connection_bounds(settings)))
    known = configured(settings)
    data_roots = roots(known)
    context.data_paths = DataPaths.of(data_roots)
    app: App = Sanic(
        "llm_proxy",
        ctx=context,
        router=OpenRouter(data_roots),
        error_handler=JsonErrors(known),
        configure_logging=False,
    )
    app.config.update(_SANIC)
    _extend(app)
    ring = KeyRing(settings.encryption_keys)
    allowed = upstreams(settings, known)
    tester = Tester(settings.data_dir, ring, DestinationPolicy.of(settings))
    resources = WorkerResources(
        context, known, allowed, ring, load_middlewares(settings), supervised=supervised
    )
    app.blueprint(
        operations_blueprint(
            settings.metrics_token,
            readiness=resources.readiness,
            exposition=resources.exposition,
        )
    )
    app.blueprint(
        proxy_blueprint(
            lambda: context.plane,
            read_head,
            roots=data_roots,
            upload_max_bytes=settings.upload_max_bytes,
        )
    )
    app.blueprint(
        manage_blueprint(
            settings,
            upstreams=allowed,
            ring=ring,
            catch_up=resources.catch_up,
            test_key=KeyTester(ring, known, allowed, is_refused, resources.present).test,
            spending=resources.spending,
            destination_tester=tester,
            providers=tuple(known.values()),
        )
    )
    app.blueprint(
        admin_blueprint(
            settings,
            ring=ring,
            providers=known,
            prices=resources.price_list,
            upstreams=allowed,
            is_refused=is_refused,
            present=resources.present,
            checks=resources.readiness,
            running=resources.running,
            spending=resources.spending,
            destination_tester=tester,
            ask_as_token=Trial(context),
        )
    )
    app.before_server_start(resources.open)
    app.after_server_stop(resources.close)
    return app


def _connection_bounds(settings: Settings) -> ConnectionBounds:
    return ConnectionBounds.of(settings, enough_for=descriptors.current().connections)


_SANIC: dict[str, Any] = {
    "ACCESS_LOG": False,
    # Bodies of the other planes; the data path has a bound of its own.
    "REQUEST_MAX_SIZE": 1024 * 1024,
    # Not ours: ClientConnection and UPSTREAM_* time requests, and a stream may pause.
    "RESPONSE_TIMEOUT": 10**9,
    "REQUEST_TIMEOUT": 10**9,
    "MOTD": False,
    # Sanic would parse its own protocols at start, to spare requests signals; `/v1` knows neither.
    "TOUCHUP": False,
    "FALLBACK_ERROR_FORMAT": "json",
}


_TEMPLATES: Final = Path(__file__).parent / "templates"


def _extend(app: App) -> None:
    """Templating is sanic-ext's; without it Sanic would run on silently, so it is asked for."""
    Extend(
        app,
        # Only that one: the injection of arguments would dispatch a signal for every request.
        built_in_extensions=False,
        extensions=[TemplatingExtension],
        config=ExtendConfig(
            templating_path_to_templates=_TEMPLATES,
            # Our own documents: sanic-ext's pages load from a CDN.
            oas=False,
            http_auto_head=False,
            http_auto_options=False,
            http_auto_trace=False,
            http_all_methods=False,
            cors=False,
        ),
    )
