"""PROVIDERS_FILE: what it adds, what it overrides, and how its mistakes are told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config import ConfigError, load
from proxy.providers.files import configured
from proxy.providers.provider import Provider


def providers(tmp_path: Path, text: str, **settings: Any) -> dict[str, Provider]:
    path = tmp_path / "providers.toml"
    path.write_text(text, encoding="utf-8")
    base = load({}, dotenv_path=None)
    return dict(configured(replace(base, providers_file=path, **settings)))


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        providers(tmp_path, text)
    return caught.value.problems


def test_without_a_file_there_are_the_built_in_ones_with_the_configured_base_url() -> None:
    settings = replace(load({}, dotenv_path=None), openai_base_url="http://127.0.0.1:1")

    known = configured(settings)

    assert set(known) == {"openai", "anthropic"}
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


def test_a_provider_like_no_other_must_say_everything(tmp_path: Path) -> None:
    told = problems(tmp_path, '[providers.new]\nbase_url = "https://example.com"\n')

    assert [line.split(": ")[2] for line in told] == [
        "providers.new.credential",
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
