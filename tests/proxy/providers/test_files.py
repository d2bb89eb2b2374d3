"""PROVIDERS_FILE: what it adds, what it overrides, and how its mistakes are told."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config import ConfigError, load
from proxy.providers.catalog import BUILT_IN
from proxy.providers.endpoints import Endpoint, Off
from proxy.providers.entries import Entry, _Endpoint, _File
from proxy.providers.files import configured
from proxy.providers.forms import ALLOWED
from proxy.providers.provider import AUTH_KINDS, Probe, Provider


def providers(tmp_path: Path, text: str, **settings: Any) -> dict[str, Provider]:
    path = tmp_path / "providers.toml"
    path.write_text(text, encoding="utf-8")
    base = load({}, dotenv_path=None)
    return dict(configured(replace(base, providers_file=path, **settings)))


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        providers(tmp_path, text)
    return caught.value.problems


def _endpoint(said: str) -> str:
    return f"also_allow = [{{ {said} }}]"


def test_without_a_file_there_are_the_built_in_ones_with_the_configured_base_url() -> None:
    settings = replace(load({}, dotenv_path=None), openai_base_url="http://127.0.0.1:1")

    known = configured(settings)

    assert set(known) == set(BUILT_IN)
    assert known["openai"].base_url == "http://127.0.0.1:1"


def test_a_new_provider_takes_over_what_it_does_not_say(tmp_path: Path) -> None:
    known = providers(
        tmp_path, '[providers.local]\nlike = "openai"\nbase_url = "http://127.0.0.1:11434/v1"\n'
    )

    local = known["local"]
    assert local.base_url == "http://127.0.0.1:11434"
    assert local.endpoints == known["openai"].endpoints
    assert local.name == "local"


def test_a_built_in_one_can_be_changed_and_its_allowlist_extended(tmp_path: Path) -> None:
    known = providers(
        tmp_path,
        "[providers.openai]\nmeter_streams = false\n"
        'also_allow = [{ method = "POST", path = "/v1/rerank", usage = "generic" }]\n',
    )

    assert not known["openai"].meter_streams
    assert known["openai"].match(b"/v1/rerank")["POST"].dialect == "generic"
    assert known["openai"].match(b"/v1/chat/completions")
    assert known["anthropic"].meter_streams


def test_endpoints_replace_the_allowlist(tmp_path: Path) -> None:
    known = providers(
        tmp_path,
        '[providers.openai]\nendpoints = [{ method = "GET", path = "/v1/models/{model}" }]\n',
    )

    assert known["openai"].match(b"/v1/models/gpt-4o")
    assert not known["openai"].match(b"/v1/chat/completions")


def test_metering_switched_off_for_all_outweighs_the_file(tmp_path: Path) -> None:
    known = providers(tmp_path, "[providers.openai]\nmeter_streams = true\n", meter_streams=False)

    assert not known["openai"].meter_streams


def test_every_mistake_is_told_with_file_key_and_reason(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        '[providers.a]\nlike = "openai"\nbase_url = "ftp://x"\nunknown = 1\n'
        '[providers.b]\nlike = "openai"\nendpoints = [{ method = "FETCH", path = "v1" }]\n',
    )

    assert all(str(tmp_path / "providers.toml") in line for line in told)
    for key in (
        "providers.a.base_url",
        "providers.a.unknown",
        "providers.b.endpoints.0.method",
        "providers.b.endpoints.0.path",
    ):
        assert any(key in line for line in told), key


def test_what_is_off_is_said_of_the_list_that_it_is_not_on(tmp_path: Path) -> None:
    own = '[{ method = "GET", path = "/v1/x" }]'
    known = providers(
        tmp_path,
        "[providers.openai]\nmeter_streams = false\n"
        f'[providers.like]\nlike = "openai"\n[providers.less]\nlike = "openai"\nendpoints = {own}\n'
        f'[providers.says]\nlike = "openai"\nendpoints = {own}\n'
        '[providers.says.off]\n"DELETE /v1/x" = "deletes it"\n',
    )
    assert known["openai"].off == known["like"].off == BUILT_IN["openai"].off
    assert known["less"].off == ()
    assert known["says"].off == (Off("DELETE", "/v1/x", "deletes it"),)


def test_a_provider_like_no_other_must_say_everything(tmp_path: Path) -> None:
    told = problems(tmp_path, '[providers.new]\nbase_url = "https://example.com"\n')

    assert [line.split(": ")[2] for line in told] == [
        "providers.new.auth",
        "providers.new.error_shape",
        "providers.new.endpoints",
    ]


@pytest.mark.parametrize(
    "text", ["[providers", "x = 1", "[providers.UPPER]\nlike='openai'", "\x00"]
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    settings = replace(load({}, dotenv_path=None), providers_file=tmp_path / "nowhere.toml")

    with pytest.raises(ConfigError) as caught:
        configured(settings)

    assert "nowhere.toml" in caught.value.problems[0]


def test_a_provider_says_where_its_answers_state_their_cost(tmp_path: Path) -> None:
    known = providers(
        tmp_path,
        '[providers.openrouter]\nlike = "openai"\nbase_url = "https://openrouter.ai/api"\n'
        'cost = "usage.cost"\n'
        '[providers.x-ai]\nlike = "openai"\nbase_url = "https://api.x.ai"\n'
        'cost = "usage.cost_in_usd_ticks"\ncost_unit = "usd_ticks"\n',
    )
    assert [(known[name].cost, known[name].cost_unit) for name in ("openrouter", "x-ai")] == [
        ("usage.cost", "usd"),
        ("usage.cost_in_usd_ticks", "usd_ticks"),
    ]
    assert known["openai"].cost == ""


@pytest.mark.parametrize("wrong", ['cost = "cost"', 'cost = "usage"', 'cost_unit = "eur"'])
def test_a_cost_that_stands_nowhere_is_told(tmp_path: Path, wrong: str) -> None:
    (told,) = problems(tmp_path, f"[providers.openai]\n{wrong}\n")
    assert f"providers.openai.{wrong.partition(' ')[0]}: " in told


@pytest.mark.parametrize(
    ("said", "dialect", "creates"),
    [
        ('method = "POST", path = "/v1/threads/*"', "generic", True),
        ('method = "POST", path = "/v1/threads/*", usage = "none"', "none", False),
        ('method = "PUT", path = "/v1/threads/*"', "none", False),
    ],
)
def test_a_post_is_read_and_bound_by_model_rules_unless_it_says_that_it_creates_nothing(
    tmp_path: Path, said: str, dialect: str, creates: bool
) -> None:
    known = providers(tmp_path, f"[providers.openai]\nalso_allow = [{{ {said} }}]\n")

    (route,) = known["openai"].match(b"/v1/threads/t_1/runs").values()
    assert (route.dialect, route.creates) == (dialect, creates)


@pytest.mark.parametrize(
    ("path", "dialect", "default"),
    [
        ("/v1/chat/completions", "chat", ""),
        ("/v1/responses", "responses", ""),
        ("/v1/responses/{id}", "generic", ""),
        ("/v1/batches", "batches", ""),
        ("/v1/moderations", "free", "omni-moderation-latest"),
    ],
)
@pytest.mark.parametrize("key", ["also_allow", "endpoints"])
def test_a_repeated_path_keeps_its_dialect(
    tmp_path: Path, key: str, path: str, dialect: str, default: str
) -> None:
    text = f'[providers.openai]\n{key} = [{{ method = "POST", path = "{path}" }}]\n'
    known = providers(tmp_path, text)

    route = known["openai"].match(path.replace("{id}", "r_1").encode())["POST"]
    assert (route.dialect, route.default_model) == (dialect, default)


def test_a_new_provider_reads_known_paths_as_they_are_known(tmp_path: Path) -> None:
    text = (
        '[providers.new]\nbase_url = "http://h"\ncredential = "bearer"\nerror_shape = "openai"\n'
        'endpoints = [{ method = "POST", path = "/v1/messages" },'
        ' { method = "POST", path = "/v1/rerank" }]\n'
    )
    new = providers(tmp_path, text)["new"]

    assert new.match(b"/v1/messages")["POST"].dialect == "messages"
    assert new.match(b"/v1/rerank")["POST"].dialect == "generic"


WHOLE = """
[providers.mine]
like = "openai"
base_url = "https://llm.{region}.example.com/v1"
v1_prefix = "/api/v2"
auth = "header:X-Auth"
error_shape = "google"
prices = "google"
headers = { "X-Team" = "search, ads" }
keep_client_headers = ["OpenAI-Project"]
test = "GET /v1/models?limit=1"
blames_key = ["bad_key"]
meter_streams = false
cost = "usage.cost"
cost_unit = "usd_cents"
service = "bedrock"
token_uris = ["https://login.example.com/token"]
scopes = ["all"]
also_allow = [{ method = "POST", path = "/api/x" }]
off = { "/api/y/*" = "spends too much" }
[[providers.mine.endpoints]]
method = "*"
path = "/api/models/{model}:run"
usage = "generic"
default_model = "m"
"""


def test_every_key_is_taken_over(tmp_path: Path) -> None:
    mine = providers(tmp_path, WHOLE)["mine"]
    assert mine == Provider(
        name="mine",
        base_url="https://llm.{region}.example.com",
        v1_prefix="/api/v2",
        auth="header:X-Auth",
        error_shape="google",
        prices="google",
        headers=(("x-team", "search, ads"),),
        keep_client_headers=frozenset({"openai-project"}),
        test=Probe("GET", "/v1/models?limit=1"),
        blames_key=frozenset({"bad_key"}),
        meter_streams=False,
        cost="usage.cost",
        cost_unit="usd_cents",
        service="bedrock",
        token_uris=("https://login.example.com/token",),
        scopes=("all",),
        endpoints=(
            Endpoint("*", "/api/models/{model}:run", "generic", "m"),
            Endpoint("POST", "/api/x", "generic"),
        ),
        off=(Off("*", "/api/y/*", "spends too much"),),
    )
    assert mine.roots == {"api"}
    # Whatever is like it has all of it but for its name.
    assert set(tomllib.loads(WHOLE)["providers"]["mine"]) == set(Entry.model_fields)


def test_credential_is_another_name_of_auth(tmp_path: Path) -> None:
    text = '[providers.openai]\ncredential = "api-key"\n'
    assert providers(tmp_path, text)["openai"].auth == "api-key"


@pytest.mark.parametrize(
    ("said", "reason", "example"),
    [
        ('base_url = "example.com"', "neither http nor https", "https://api.example.com"),
        ('base_url = "https://{tenant}.example.com"', "region, location or resource", "base_url ="),
        ('base_url = "https://x.example.com/}"', "region, location or resource", "base_url ="),
        ('v1_prefix = "api"', "begins with a slash", 'v1_prefix = "/api/v2"'),
        ('v1_prefix = "/.."', "no plain path", 'v1_prefix = "/api/v2"'),
        ('auth = "digest"', "not a way to present a key", "header:NAME"),
        ('auth = "header"', "not a way to present a key", "header:NAME"),
        ('auth = "bearer:x"', "not a way to present a key", "header:NAME"),
        ('auth = "header:host"', "no field that could hold a key", "header:NAME"),
        ('auth = "header:a b"', "no field that could hold a key", "header:NAME"),
        ('credential = "digest"', "not a way to present a key", "header:NAME"),
        ('error_shape = "soap"', "Input should be", "ollama"),
        ('headers = { "content-length" = "1" }', "cannot be set", 'headers = { "x-team"'),
        ('headers = { "x-llm-proxy-hops" = "1" }', "proxy's own", 'headers = { "x-team"'),
        ('headers = { "x" = "a\\r\\nb: c" }', "not printable", 'headers = { "x-team"'),
        ('headers = { "x" = "" }', "is empty", 'headers = { "x-team"'),
        ('keep_client_headers = ["transfer-encoding"]', "cannot be set", "openai-project"),
        ('test = "/v1/models"', "not a method and a path", 'test = "GET /v1/models"'),
        ('test = "GET /a\\nb"', "not a method and a path", 'test = "GET /v1/models"'),
        ("meter_streams = 1", "valid boolean", "meter_streams = false"),
        ('like = "opnai"', "there are ", 'like = "openai"'),
        ('bse_url = "http://h"', "no such key", "probably base_url"),
        ('off = { "v1/x" = "y" }', "neither a path nor a method", "/v1/fine_tuning/*"),
        ('off = { "TRACE /v1/x" = "y" }', "neither a path nor a method", "/v1/fine_tuning/*"),
        ("endpoints = []", "at least 1", 'path = "/v1/chat/completions"'),
        (_endpoint('method = "post", path = "/x"'), "is none of them", 'method = "POST"'),
        (_endpoint('method = "POST", path = "x"'), "begin with a slash", "/v1/models/{model}"),
        (_endpoint('method = "POST", path = "/*"'), "neither literal", "/v1/models/{model}"),
        (_endpoint('method = "POST", path = "/{a}/b"'), "a literal segment", "{model}"),
        (_endpoint('method = "POST", path = "/a//b"'), "an empty or a dot", "{model}"),
        (_endpoint('method = "POST", path = "/a/%2e"'), "neither literal", "{model}"),
        (_endpoint('method = "POST", path = "/a/x{b}"'), "neither literal", "{model}"),
        (_endpoint('method = "POST", path = "/a/*/b"'), "neither literal", "{model}"),
        (_endpoint('method = "POST", path = "/v1/llm-proxy/token"'), "answers itself", "{model}"),
        (_endpoint('method = "POST", path = "/v1/oauth/*"'), "answers itself", "{model}"),
        (_endpoint('method = "POST", path = "/v1/x", use = "chat"'), "no such key", "usage"),
        (_endpoint('method = "POST", path = "/v1/x", usage = "chats"'), "Input should", "usage ="),
        *(
            (_endpoint(f'method = "GET", path = "/{root}/x"'), f"/{root}, which is the", "{model}")
            for root in ("admin", "manage", "health", "ready", "metrics", "oauth", "leaks")
        ),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed_and_an_example(
    tmp_path: Path, said: str, reason: str, example: str
) -> None:
    (told,) = problems(tmp_path, f'[providers.mine]\nlike = "openai"\n{said}\n'.replace(
        'like = "openai"\nlike', "like"
    ))  # fmt: skip
    where, _, rest = told.removeprefix(f"PROVIDERS_FILE: {tmp_path}/providers.toml: ").partition(
        ": "
    )
    why, _, allowed = rest.partition(" Allowed: ")
    assert where.startswith("providers.mine.")
    assert reason in why
    assert example in allowed
    # An expression is no help.
    assert "[a-z" not in told
    assert "\\" not in told


@pytest.mark.parametrize("auth", [*AUTH_KINDS, "query:key", "header:x-auth-token"])
def test_every_way_to_present_a_key_is_taken(tmp_path: Path, auth: str) -> None:
    assert providers(tmp_path, f'[providers.openai]\nauth = "{auth}"\n')["openai"].auth == auth


def test_every_key_has_words_for_what_is_allowed() -> None:
    keys = {*_File.model_fields, *Entry.model_fields, *_Endpoint.model_fields}
    assert set(ALLOWED) == keys
