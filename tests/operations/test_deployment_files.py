"""The files of deploy/ and beside it, each checked by the program that knows what they may say."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.operations.platform import procfile
from tests.operations.tools import environment, tool

ROOT = Path(__file__).parents[2]
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))

# The first of these may have to fetch what it checks with.
pytestmark = pytest.mark.timeout(400)


def checked(*command: str | Path) -> str:
    """What a checker says that finds nothing wrong."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_compose_file_fits_the_schema() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    checked(
        Path(sys.executable).with_name("check-jsonschema"), *schema, ROOT / "docker-compose.yml"
    )


def test_dockerfile_has_nothing_to_complain_of() -> None:
    said = checked(Path(sys.executable).with_name("hadolint"), ROOT / "Dockerfile")
    assert said == ""


def test_unit_is_valid(tmp_path: Path) -> None:
    unit = tmp_path / "llm-proxy.service"
    deployed = (ROOT / "deploy" / "llm-proxy.service").read_text()
    # It looks whether the program is there.
    python = "/opt/llm-proxy/.venv/bin/python"
    assert python in deployed
    unit.write_text(deployed.replace(python, sys.executable))

    # It tells of other units, too.
    assert unit.name not in checked(tool("systemd-analyze"), "verify", "--man=no", unit)


def expressions(path: Path) -> list[str]:
    """Those of all panels of a dashboard, with what Grafana puts in."""

    def found(value: Any) -> list[str]:
        if isinstance(value, list):
            return [one for part in value for one in found(part)]
        if isinstance(value, dict):
            own = [value["expr"]] if "expr" in value else []
            return own + found(list(value.values()))
        return []

    asked = found(json.loads(path.read_text()))
    return [one.replace("$__rate_interval", "1m").replace("$__range", "1h") for one in asked]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: str(path.stem))
def test_dashboard_asks_in_promql(path: Path, tmp_path: Path) -> None:
    asked = expressions(path)
    assert asked
    rules = [{"record": f"panel_{n}", "expr": expression} for n, expression in enumerate(asked)]
    # YAML contains JSON, and promtool checks expressions in rules.
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))

    said = checked(tool("promtool"), "check", "rules", tmp_path / "rules.yml")
    assert f"{len(asked)} rules found" in said


@pytest.mark.parametrize("name", ["render.yaml", "railway.json"])
def test_platforms_without_procfile_run_its_lines(name: str) -> None:
    """`serve` is the image's own command where a Dockerfile is built."""
    text = (ROOT / name).read_text()
    assert procfile()["release"] in text
    assert procfile()["web"] in text or '"DOCKERFILE"' in text


def test_every_platform_asks_whether_it_is_ready_and_waits_for_the_drain() -> None:
    for name in ("app.json", "render.yaml", "railway.json"):
        assert re.search(r'[pP]ath"?: "?/ready\b', (ROOT / name).read_text()), name
    for name in ("render.yaml", "railway.json"):
        assert re.search(r'Seconds"?: 30\b', (ROOT / name).read_text()), name
