"""`usage`, `requests` and `audit`: what happened, in the API's words."""

import time
from typing import Any
from uuid import UUID

import pytest

from models import ledger
from models.events import News, tell
from tests.cli.running import CommandLine
from tests.models.rows import a_refusal, an_entry, count_refusals, sum_key

REQUEST_FIELDS = [
    "id", "at", "project_id", "token_id", "provider", "endpoint", "method", "model", "status",
    "outcome", "usage", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens",
    "cost_usd", "bytes_in", "bytes_out", "ttfb_ms", "duration_ms", "overhead_ms",
    "cache_write_tokens", "cache_write_1h_tokens", "audio_input_tokens", "audio_output_tokens",
    "image_input_tokens", "image_output_tokens", "web_searches", "audio_seconds", "service_tier",
    "answer_model", "cost_source", "upstream_code", "key_id", "attempts", "charge", "refusal_code",
    "tags", "end_user", "cached", "saved_usd",
]  # fmt: skip
USAGE_FIELDS = [
    "bucket", "requests", "errors", "unknown_usage_requests", "prompt_tokens",
    "completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens", "cost_usd",
    "unpriced_requests", "charged_at_hold_requests", "cached_requests", "cache_misses", "saved_usd",
]  # fmt: skip


@pytest.fixture
def used(cli: CommandLine) -> CommandLine:
    """A project whose token has made three requests of ten prompt tokens each, one refused."""
    project = cli.project()
    token = cli.token()["id"]
    common: dict[str, Any] = {
        "at_us": time.time_ns() // 1000 - 1_000_000,
        "project_id": UUID(project),
        "token_id": UUID(token),
    }
    entries = [
        an_entry(**common),
        an_entry(**common, model="o3", tags=(("team", "search"),), end_user="u-1"),
        an_entry(**common, status=429, prompt_tokens=None, completion_tokens=None),
    ]
    cli.on_database(lambda: ledger.apply_batch("test", 0, 1, entries))
    return cli


def test_usage_adds_up(used: CommandLine) -> None:
    (row,) = used("usage", "--json").json["data"]
    assert list(row) == USAGE_FIELDS
    assert (row["requests"], row["errors"], row["prompt_tokens"]) == (3, 1, 20)
    assert row["total_tokens"] == 30
    assert row["cost_usd"] == pytest.approx(4500 / 10**9)
    rows = used("usage", "--group-by", "model", "--bucket", "day", "--json").json["data"]
    assert {row["model"]: row["requests"] for row in rows} == {"gpt-4o": 2, "o3": 1}
    # From a time of our own: the usual one begins with an hour, which may turn between the two.
    since = ("--from", "2020-01-01", "--json")
    whole = used("usage", *since).json["data"]
    assert used("usage", "--project", "docs", *since).json["data"] == whole
    assert whole == [row | {"bucket": whole[0]["bucket"]}]
    (row,) = used("usage", "--group-by", "tag:team", "--json").json["data"]
    assert (row["tag:team"], row["requests"]) == ("search", 1)
    assert "u-1" in used("usage", "--group-by", "end_user").out
    assert used("usage", "--group-by", "tag:").code == 2
    table = used("usage", "--group-by", "model")
    assert "o3" in table.out
    assert "prompt tokens" in table.out


def test_unused_range_adds_up_to_nothing(used: CommandLine) -> None:
    before = ("--from", "2020-01-01", "--to", "2020-02-01T00:00:00Z")
    (row,) = used("usage", *before, "--json").json["data"]
    assert (row["requests"], row["cost_usd"]) == (0, None)
    assert used("usage", "--from", "1d", "--to", "2d").code == 2
    assert used("usage", "--from", "yesterday").code == 2


def test_requests_are_listed_and_filtered(used: CommandLine) -> None:
    listed = used("requests", "--json").json
    assert [list(item) for item in listed["data"]] == [REQUEST_FIELDS] * 3
    assert listed["data"][0]["duration_ms"] == 90.0

    def count(*options: str) -> int:
        return len(used("requests", "--json", *options).json["data"])

    assert count("--status", "429") == 1
    assert count("--model", "o3") == 1
    assert count("--project", "docs", "--outcome", "complete") == 3
    assert count("--outcome", "timeout") == 0
    assert count("--limit", "2") == 2
    assert count("--upstream-code", "overloaded") == 0
    assert count("--tag", "team=search", "--end-user", "u-1") == 1
    assert count("--tag", "team=docs") == 0
    assert used("requests", "--tag", "team").code == 2
    for option in ("--upstream-code", "--end-user"):
        assert used("requests", option, "a", "--outcome", "refused").code == 2
    assert "/v1/chat/completions" in used("requests").out


def test_what_the_cache_saved_is_shown_where_it_was_asked(used: CommandLine) -> None:
    for command in ("usage", "requests"):
        assert "saved" not in used(command).out
    at_us = time.time_ns() // 1000 - 1_000_000
    nothing = {"counted": False, "prompt_tokens": None, "completion_tokens": None}
    kept = [
        an_entry(at_us=at_us, cache="miss"),
        an_entry(at_us=at_us, cache="hit", saved_nanos=1_500_000, cost_nanos=0, **nothing),
    ]
    used.on_database(lambda: ledger.apply_batch("test", 1, 2, kept))
    (row,) = used("usage", "--json").json["data"]
    assert (row["cached_requests"], row["cache_misses"], row["saved_usd"]) == (1, 1, 0.0015)
    (hit,) = used("requests", "--cached", "--json").json["data"]
    assert (hit["id"], hit["cached"], hit["saved_usd"]) == (kept[1].id, True, 0.0015)
    assert hit["cost_usd"] == 0
    others = used("requests", "--not-cached", "--json").json["data"]
    assert [row["cached"] for row in others] == [False] * 4
    for command in ("usage", "requests"):
        assert "0.001500" in used(command).out
    assert used("requests", "--cached", "--outcome", "refused").code == 2


def test_refusals_are_counted_and_listed(cli: CommandLine) -> None:
    project, token = cli.project(), cli.token()["id"]
    known = a_refusal(
        at=time.time(), project_id=project, token_id=token, model="o3", code="quota_exceeded"
    )
    unknown = a_refusal(at=time.time())
    cli.on_database(
        lambda: count_refusals({sum_key(known): 2, sum_key(unknown): 7}, [known, unknown])
    )
    rows = cli("refusals", "--json").json["data"]
    assert [(row["code"], row["refusals"]) for row in rows] == [
        ("invalid_token", 7), ("quota_exceeded", 2)
    ]  # fmt: skip
    table = cli("refusals", "--from", "1h").out
    assert table.index("invalid_token") < table.index("quota_exceeded")
    assert "All of its requests are used" in table
    assert "docs" in cli("refusals", "--group-by", "project").out
    assert "more than 1 rows" in cli("refusals", "--limit", "1").err
    (row,) = cli("refusals", "--project", "docs", "--group-by", "token", "--json").json["data"]
    assert (row["token_id"], row["refusals"]) == (token, 2)
    days = cli("refusals", "--group-by", "model", "--bucket", "day", "--json").json["data"]
    assert {row["model"]: row["refusals"] for row in days} == {"": 7, "o3": 2}
    assert cli("refusals", "--code", "overloaded", "--json").json["data"] == []
    assert cli("refusals", "--from", "1d", "--to", "2d").code == 2

    listed = cli("requests", "--outcome", "refused", "--json").json["data"]
    assert [list(item) for item in listed] == [REQUEST_FIELDS] * 2
    assert [item["refusal_code"] for item in listed] == ["invalid_token", "quota_exceeded"]
    shown = cli("requests", "--outcome", "refused", "--refusal-code", "quota_exceeded").out
    assert token in shown
    assert "invalid_token" not in shown
    assert cli("requests", "--refusal-code", "quota_exceeded").code == 2
    assert cli("requests", "--json").json["data"] == []


def test_a_missing_price_is_not_shown_as_nothing_used(cli: CommandLine) -> None:
    project, token = cli.project(), cli.token()["id"]
    unsaid: dict[str, Any] = {"prompt_tokens": None, "completion_tokens": None, "cost_nanos": None}
    told: dict[str, dict[str, Any]] = {
        "dear": {"cost_nanos": None},
        "dark": unsaid | {"usage": "unknown"},
        "idle": unsaid | {"usage": "unknown", "status": 429},
    }
    entries = [
        an_entry(
            at_us=time.time_ns() // 1000 - 1_000_000,
            project_id=UUID(project),
            token_id=UUID(token),
            model=model,
            **fields,
        )
        for model, fields in told.items()
    ]
    cli.on_database(lambda: ledger.apply_batch("test", 0, 1, entries))

    def rows(*command: str) -> dict[str, str]:
        lines = cli(*command).out.splitlines()
        return {model: line for line in lines for model in told if f" {model} " in f" {line} "}

    usage = rows("usage", "--group-by", "model")
    assert [usage[model].count("no price") for model in told] == [1, 0, 0]
    assert [usage[model].count("unknown") for model in told] == [0, 1, 0]
    requests = rows("requests")
    assert [requests[model].count("no price") for model in told] == [1, 0, 0]
    assert [requests[model].count("unknown") for model in told] == [0, 3, 0]
    assert [requests[model].count("–") for model in told] == [0, 0, 3]
    # A script gets what the API says.
    listed = cli("usage", "--group-by", "model", "--json").json["data"]
    assert {row["cost_usd"] for row in listed} == {None}


def test_audit_is_listed_and_filtered(cli: CommandLine) -> None:
    project = cli.project()
    cli("project", "update", "docs", "--requests-per-minute", "5")
    listed = cli("audit", "--json").json["data"]
    assert list(listed[0]) == [
        "id", "at", "actor", "action", "target_type", "target_id", "changes", "ip", "request_id",
        "outcome",
    ]  # fmt: skip
    assert listed[0]["changes"] == {"requests_per_minute": [None, 5]}
    by_action = cli("audit", "--action", "project.create", "--json").json["data"]
    assert [event["target_id"] for event in by_action] == [project]
    assert len(cli("audit", "--target", project, "--json").json["data"]) == 2
    assert cli("audit", "--actor", "nobody", "--json").json["data"] == []
    assert cli("audit", "--to", "1h", "--json").json["data"] == []
    assert "project.update" in cli("audit", "--from", "1h").out


def test_history_of_a_deleted_project_stays_readable(used: CommandLine) -> None:
    project = used("project", "show", "docs", "--json").json["id"]
    used("project", "delete", "docs", "--yes")
    assert used("usage", "--project", project, "--json").json["data"][0]["requests"] == 3
    assert len(used("requests", "--project", project, "--json").json["data"]) == 3


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "0001-01-01", "9000w"])
@pytest.mark.parametrize("command", ["usage", "requests", "audit"])
def test_times_that_no_range_can_have_are_wrong_usage(
    fresh: CommandLine, command: str, time: str
) -> None:
    for option in ("--from", "--to"):
        ran = fresh(command, option, time)
        assert (ran.code, ran.out) == (2, "")
        assert option in ran.err


def test_lists_for_people_have_names_beside_ids(used: CommandLine) -> None:
    token = used("token", "list", "--json").json["data"][0]
    listed = used("requests").out
    assert used("requests", "--json").json["data"][0]["id"] in listed
    for named in ("docs", token["hint"], "cost usd"):
        assert named in listed
    by_token = used("usage", "--group-by", "token").out
    assert token["id"] in by_token
    assert token["hint"] in by_token
    assert "docs" in used("usage", "--group-by", "project").out
    assert "docs" in used("token", "list").out


def test_usage_begins_with_what_cost_most(cli: CommandLine) -> None:
    project, token = UUID(cli.project()), UUID(cli.token()["id"])
    common: dict[str, Any] = {"project_id": project, "token_id": token}
    now = time.time_ns() // 1000 - 1_000_000
    entries = [
        an_entry(**common, at_us=now, model=model, cost_nanos=cost)
        for model, cost in (("cheap", 10), ("dear", 9_000), ("unpriced", None), ("middle", 500))
    ]
    cli.on_database(lambda: ledger.apply_batch("test", 0, 1, entries))

    def models(*options: str) -> list[str]:
        rows = cli("usage", "--group-by", "model", "--json", *options).json["data"]
        return [row["model"] for row in rows]

    assert models() == ["dear", "middle", "cheap", "unpriced"]
    assert models("--bucket", "day") == ["dear", "middle", "cheap", "unpriced"]
    assert models("--limit", "2") == ["dear", "middle"]


def test_the_audit_says_what_changed_in_words(cli: CommandLine) -> None:
    cli.project()
    assert cli("project", "update", "docs", "--requests-per-minute", "60").code == 0
    assert cli("project", "update", "docs", "--requests-per-minute", "90").code == 0
    newest, before, *_ = cli("audit", "--action", "project.update").out.splitlines()[2:]
    assert "requests per minute 60 → 90" in newest
    assert "requests per minute 60" in before
    assert "docs" in newest
    cli.token()
    assert "project docs" in cli("audit", "--action", "token.create").out
    # As values, and with ids, for programs.
    event = cli("audit", "--action", "project.update", "--json").json["data"][0]
    assert event["changes"] == {"requests_per_minute": [60, 90]}


def test_events_are_listed_in_words_and_as_they_are(cli: CommandLine) -> None:
    project = cli.project()

    async def told() -> None:
        data = {"reason": "401 invalid_api_key", "key_label": "main"}
        await tell(News(kind="key.suspended", data=data, project_id=project))
        await tell(News(kind="database.back", data={"machine": "one", "seconds": 2}))

    cli.on_database(told)
    shown = cli("events", "--kind", "key.suspended").out
    assert "The key main is suspended: 401 invalid_api_key." in shown
    assert "takes writes" not in shown
    listed = cli("events", "--json").json["data"]
    assert list(listed[0]) == ["id", "at", "kind", "project_id", "token_id", "key_id", "data"]
    assert [row["kind"] for row in listed] == ["database.back", "key.suspended"]
    assert len(cli("events", "--project", "docs", "--json").json["data"]) == 1
