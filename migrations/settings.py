"""What `[tool.aerich]` in pyproject.toml points at. Importing it makes `aerich` take the lock.

Only `aerich` imports this module; our own commands hand their settings to `schema.py`.
"""

import sys

from config import ConfigError, load_database
from migrations.locking import guard_aerich
from migrations.schema import aerich_config

try:
    _database = load_database()
except ConfigError as exc:
    # As every start of ours: one line per problem and exit code 2, no traceback.
    sys.stderr.write("".join(f"{problem}\n" for problem in exc.problems))
    raise SystemExit(2) from None

TORTOISE_ORM = aerich_config(_database)
guard_aerich()
