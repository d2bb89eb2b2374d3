"""Aerich's migrations, one folder per backend, and what makes plain `aerich` safe to run.

`sqlite/` and `postgres/` hold Aerich's files; `settings.py` is what `pyproject.toml` names;
`locking.py` makes concurrent upgrades take turns; `schema.py` is the same for our own commands.
"""
