"""The last migration of each backend knows the models as they are.

Otherwise the next `aerich migrate` would write what an earlier migration forgot.
"""

from pathlib import Path
from typing import Any

import pytest
from aerich.utils import decompress_dict, get_models_describe, import_py_file

import migrations
from config import Database


@pytest.mark.usefixtures("connected")
async def test_the_last_migration_has_the_state_of_the_models(database: Database) -> None:
    folder = Path(migrations.__file__).parent / database.dialect
    last = max(folder.glob("[0-9]*.py"), key=lambda file: int(file.name.split("_")[0]))
    known = decompress_dict(import_py_file(last).MODELS_STATE)
    # Aerich's own table, and which label each backend gives the models, are no part of it.
    described = get_models_describe(database.dialect)
    for name in described:
        assert name in known, f"{last.name} does not know {name}"
        assert _fields(known[name]) == _fields(described[name]), f"{last.name}: {name}"


def _fields(model: dict[str, Any]) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for kind in ("pk_field", "data_fields"):
        given = model[kind]
        for field in given if isinstance(given, list) else [given]:
            found[field["db_column"]] = (
                field["field_type"],
                field["nullable"],
                field["unique"],
                field["indexed"],
                str(field["constraints"]),
            )
    return found
