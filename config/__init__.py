"""Settings from the environment and `.env`, validated once and handed in from here.

    forms     what a value may look like, each a parser and its description
    base_urls where an upstream is, from its base URL
    destination_urls  where events and requests are posted to
    origins   scheme, host and port of a URL, in one spelling
    database  `DATABASE_URL`
    table     every variable as one row; `.env.example` and docs/configuration.md are its print
    load      the environment to `Settings`, or every problem at once
    tracing   whether OpenTelemetry's own variables ask for traces
    version   which release this is
    weaknesses settings that work and are weak
    strangers names in `.env` that no setting has
    generated secrets made on the first start, where the database is a file

Nothing else reads the environment, and nothing here knows what a setting is used for. A problem
names the variable and the allowed form and never quotes the value: a secret pasted into the wrong
variable must not reach a terminal or a log.
"""

from config.base_urls import BaseUrl, split_base_url
from config.database import Database
from config.destination_urls import parse_destination_url
from config.forms import Network, parse_base_url, parse_v1_prefix
from config.generated import generate_missing
from config.load import ConfigError, Problems, load, load_database
from config.origins import origin_of
from config.strangers import unknown_names
from config.table import TABLE, Row, Settings
from config.tracing import traces_wanted
from config.version import VERSION
from config.weaknesses import weaknesses

__all__ = [
    "TABLE",
    "VERSION",
    "BaseUrl",
    "ConfigError",
    "Database",
    "Network",
    "Problems",
    "Row",
    "Settings",
    "generate_missing",
    "load",
    "load_database",
    "origin_of",
    "parse_base_url",
    "parse_destination_url",
    "parse_v1_prefix",
    "split_base_url",
    "traces_wanted",
    "unknown_names",
    "weaknesses",
]
