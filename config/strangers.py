"""Names in `.env` that no setting has, most often a setting's with a letter wrong."""

import difflib
import re
from pathlib import Path
from typing import Final

from config.load import ConfigError, read_dotenv
from config.table import TABLE
from config.weaknesses import Weakness

#: Of the Compose file and of the libraries we use, and what users keep there for their own tools.
_OTHERS: Final = re.compile(
    r"(?:OTEL|AWS|AZURE|GOOGLE|GCE|POSTGRES|PG|GRAFANA|COMPOSE|DOCKER|SENTRY|SSL|PYTHON|UV|PIP)_?[A-Z0-9_]*+"
    r"|[A-Za-z]++_(?:proxy|PROXY)|TZ|PATH|HOME|[A-Z0-9_]++(?<=_API_KEY)"
)
#: By difflib's measure: DATABASE_ULR is at 0.92 from DATABASE_URL.
_NEAR: Final = 0.8
#: For a name that another program may well read: XAI_API_KEY is at 0.80 from OPENAI_API_KEY.
_VERY_NEAR: Final = 0.9


def unknown_names(dotenv_path: str | Path = ".env") -> list[Weakness]:
    """A warning for each, with the setting that it is nearest to. Values are never quoted."""
    try:
        given = read_dotenv(dotenv_path)
    except ConfigError:
        # Whoever loads the settings says so.
        return []
    known = [row.name for row in TABLE]
    found = []
    for name in given:
        is_others = _OTHERS.fullmatch(name) is not None
        cutoff = _VERY_NEAR if is_others else _NEAR
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=cutoff)
        if name in known or (is_others and not near):
            continue
        guess = f": did you mean {near[0]}?" if near else ""
        found.append(Weakness("unknown setting", f"{dotenv_path}: {name} is no setting{guess}"))
    return found
