"""Arguments and options that several commands take."""

from datetime import datetime
from typing import Annotated

import typer

from cli import values
from cli.values import Provided

Json = Annotated[bool, typer.Option("--json", help="As JSON, with the API's field names.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many rows.")]
Cursor = Annotated[
    str | None, typer.Option(metavar="CURSOR", help="Go on where the page before ended.")
]
Search = Annotated[str | None, typer.Option("--query", "-q", help="Part of the name.")]

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="Its id or its name.")]
ProjectOption = Annotated[
    str | None, typer.Option("--project", metavar="PROJECT", help="Of this one (id or name).")
]
TokenOption = Annotated[
    str | None, typer.Option("--token", metavar="TOKEN", help="Of this one (id, name or hint).")
]
ModelOption = Annotated[str | None, typer.Option("--model", help="Of this model.")]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--from", parser=values.moment, metavar="TIME", help="2027-01-31, with a time, or 7d ago."
    ),
]
Until = Annotated[
    datetime | None, typer.Option("--to", parser=values.moment, metavar="TIME", help="As --from.")
]

RequestsPerMinute = Annotated[
    Provided | None,
    typer.Option(parser=values.integer, metavar="N|none", help="Rate limit."),
]
MaxParallelRequests = Annotated[
    Provided | None,
    typer.Option(parser=values.integer, metavar="N|none", help="Requests at once."),
]
MaxRequests = Annotated[
    Provided | None,
    typer.Option(parser=values.integer, metavar="N|none", help="Requests in all, from now."),
]
AllowedModels = Annotated[
    Provided | None,
    typer.Option(parser=values.entries, metavar="LIST|none", help="Such as gpt-4o,o3*"),
]
AllowedOrigins = Annotated[
    Provided | None,
    typer.Option(
        parser=values.entries,
        metavar="LIST|none",
        help="Browser origins, such as https://app.example.com",
    ),
]
AllowedEndpoints = Annotated[
    Provided | None,
    typer.Option(
        parser=values.entries,
        metavar="LIST|none",
        help="Such as '/v1/embeddings,GET /v1/models'",
    ),
]
ExtraEndpoints = Annotated[
    list[Provided] | None,
    typer.Option(
        "--extra-endpoint",
        parser=values.extra_endpoint,
        metavar="ENDPOINT|none",
        help="Repeatable, all of them each time: let through besides the provider's list,"
        " 'POST /v1/rerank', 'POST /v1/score/{name} usage=embeddings'.",
    ),
]
AllowedIps = Annotated[
    Provided | None,
    typer.Option(parser=values.entries, metavar="LIST|none", help="Such as 10.0.0.0/8,::1"),
]
Unmetered = Annotated[
    str | None,
    typer.Option(metavar="allow|refuse", help="Requests whose usage cannot be metered."),
]
Isolation = Annotated[
    str | None,
    typer.Option(
        metavar="none|project|token",
        help="Whose files, batches and stored responses a request may name.",
    ),
]
Failover = Annotated[
    Provided | None,
    typer.Option(
        parser=values.failover,
        metavar="RULE|none",
        help="Other keys to try where one fails: 3, or"
        " '3 statuses=429,503,504 first_byte_timeout=20'. 408, 409, 504 and the timeout may be"
        " billed twice.",
    ),
]
Cache = Annotated[
    Provided | None,
    typer.Option(
        parser=values.cache,
        metavar="RULE|none",
        help="Answers to keep for requests that are the same: 'ttl=3600 scope=project', seconds and"
        " who shares them (project or token); with only=all not just those to embeddings,"
        " moderations and temperature 0.",
    ),
]
Tags = Annotated[
    list[Provided] | None,
    typer.Option(
        "--tag",
        parser=values.tag,
        metavar="KEY=VALUE|none",
        help="Repeatable, all of them each time: what each of its requests is tagged with.",
    ),
]
EndUserFromBody = Annotated[
    bool | None,
    typer.Option(
        "--end-user-from-body/--no-end-user-from-body",
        help="Whether bodies say whom a request is for, where x-llm-proxy-user does not.",
    ),
]
Budgets = Annotated[
    list[Provided] | None,
    typer.Option(
        "--budget",
        parser=values.budget,
        metavar="BUDGET|none",
        help="Repeatable, all of them each time: 'usd 25 day', 'tokens 90000 minute',"
        " 'usd 300 month zone=Europe/Berlin mode=soft hold=typical alert_at=50,90'.",
    ),
]
Policies = Annotated[
    Provided | None,
    typer.Option(
        parser=values.policies,
        metavar="FILE|none",
        help="JSON, or - for standard input:"
        ' [{"name": "images", "endpoints": ["POST /v1/images/*"], "requests_per_minute": 10}]',
    ),
]
BaseUrl = Annotated[
    Provided | None,
    typer.Option(
        parser=values.text_or_none, metavar="URL|none", help="Upstream, if not the provider's own."
    ),
]
V1Prefix = Annotated[
    Provided | None,
    typer.Option(
        "--v1-prefix",
        parser=values.text_or_none,
        metavar="PATH|none",
        help="What stands upstream in place of /v1; '' for nothing.",
    ),
]
CloudProject = Annotated[
    Provided | None,
    typer.Option(
        "--cloud-project",
        parser=values.text_or_none,
        metavar="NAME|none",
        help="Only this project in Vertex's paths.",
    ),
]
CloudLocation = Annotated[
    Provided | None,
    typer.Option(
        "--location",
        parser=values.text_or_none,
        metavar="NAME|none",
        help="Only this location in Vertex's paths.",
    ),
]
Auth = Annotated[
    Provided | None,
    typer.Option(
        parser=values.text_or_none,
        metavar="KIND|none",
        help="How the key is presented, where that is not as its provider says: bearer, api-key …",
    ),
]
KeyProvider = Annotated[
    Provided | None,
    typer.Option(
        "--provider",
        parser=values.text_or_none,
        metavar="NAME|none",
        help="The provider that this key is of, where that is not its project's.",
    ),
]
ModelMap = Annotated[
    Provided | None,
    typer.Option(
        parser=values.model_map,
        metavar="MODEL=NAME,…|none",
        help="What this key's upstream calls models, where clients have other names for them.",
    ),
]
Expires = Annotated[
    Provided | None,
    typer.Option(
        "--expires",
        parser=values.expiry,
        metavar="WHEN",
        help="In 30d, 12h or 3600 (seconds), at a time, or never.",
    ),
]

ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", help="Stays in the shell's history; better one of the next two."),
]
ApiKeyStdin = Annotated[bool, typer.Option("--api-key-stdin", help="Read it from standard input.")]
ApiKeyVariable = Annotated[
    str | None,
    typer.Option("--api-key-env", metavar="NAME", help="Read it from this environment variable."),
]
