"""The files of deploy/ and beside it, each checked by the program that knows what they may say."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config import TABLE
from tests.operations.platform import procfile
from tests.operations.tools import environment, tool

ROOT = Path(__file__).parents[2]
# It comes with schemathesis, and without types.
yaml: Any = importlib.import_module("yaml")
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
    for name in ("app.json", "render.yaml", "railway.json", "fly.toml"):
        assert re.search(r'[pP]ath"?(?::| =) "?/ready\b', (ROOT / name).read_text()), name
    for name in ("render.yaml", "railway.json"):
        assert re.search(r'Seconds"?: 30\b', (ROOT / name).read_text()), name


def entry_point() -> list[str]:
    """What comes before the arguments that a platform gives the image."""
    (found,) = re.findall(r"^ENTRYPOINT (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return list(json.loads(found))


def test_fly_migrates_by_the_image_and_waits_for_the_drain() -> None:
    fly = tomllib.loads((ROOT / "fly.toml").read_text())
    assert entry_point() == ["python", "-m", "cli"]
    assert fly["deploy"]["release_command"] == "migrate"
    assert fly["build"]["dockerfile"] == "Dockerfile"
    assert int(fly["kill_timeout"].removesuffix("s")) > _DRAIN
    assert fly["http_service"]["auto_stop_machines"] == "off"


#: Seconds: GRACEFUL_SHUTDOWN_TIMEOUT, and what comes after it.
_DRAIN = 25 + 3


def manifests() -> dict[str, Any]:
    """Those of Kubernetes, by their kinds."""
    found = yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text())
    return {one["kind"]: one for one in found}


def test_kubernetes_migrates_before_it_serves_and_asks_whether_it_is_ready() -> None:
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    (migrating,), (serving,) = pod["initContainers"], pod["containers"]
    assert (migrating["args"], serving["args"]) == (["migrate"], ["serve"])
    assert migrating["image"] == serving["image"]
    assert serving["readinessProbe"]["httpGet"]["path"] == "/ready"
    # One that asked for the database would have every pod killed while it is away.
    assert serving["livenessProbe"]["httpGet"]["path"] == "/health"
    assert pod["terminationGracePeriodSeconds"] > _DRAIN
    known = {row.name for row in TABLE}
    assert {one["name"] for one in serving["env"]} <= known


def test_kubernetes_runs_the_image_as_its_user_on_a_root_that_it_cannot_write() -> None:
    (user,) = re.findall(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == int(user)
    for container in (*pod["initContainers"], *pod["containers"]):
        confined = container["securityContext"]
        assert confined["readOnlyRootFilesystem"] is True
        assert confined["capabilities"] == {"drop": ["ALL"]}
        written = {one["mountPath"] for one in container["volumeMounts"]}
        assert written == {"/data", "/tmp"}


def test_every_router_in_front_leaves_streams_and_bodies_alone() -> None:
    nginx = (ROOT / "deploy" / "nginx.conf").read_text()
    assert "proxy_buffering off;" in nginx
    assert "proxy_request_buffering off;" in nginx
    ingress = manifests()["Ingress"]["metadata"]["annotations"]
    settings = {name.rpartition("/")[2]: value for name, value in ingress.items()}
    assert settings["proxy-buffering"] == settings["proxy-request-buffering"] == "off"
    assert settings["proxy-body-size"] == "0"
    assert "flush_interval -1" in (ROOT / "deploy" / "Caddyfile").read_text()
    traefik = yaml.safe_load((ROOT / "deploy" / "traefik.yml").read_text())["http"]
    balancer = traefik["services"]["llm-proxy"]["loadBalancer"]
    assert balancer["responseForwarding"] == {"flushInterval": "-1ms"}
    assert balancer["serversTransport"] in traefik["serversTransports"]


def test_commands_as_the_unit_are_run_as_its_user_on_its_files() -> None:
    unit = (ROOT / "deploy" / "llm-proxy.service").read_text()
    beside = (ROOT / "deploy" / "llm-proxy-run").read_text()
    for line in ("DynamicUser=yes", "User=llm-proxy", "StateDirectory=llm-proxy"):
        assert f"\n{line}\n" in unit
        assert f"--property={line} " in beside
    for name in ("DATA_DIR", "DATABASE_URL"):
        (value,) = re.findall(rf"^Environment=({name}=.*)$", unit, re.MULTILINE)
        assert f"--setenv={value} " in beside


def test_every_way_says_how_commands_are_run_there_and_how_it_is_upgraded() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    ways = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL))
    named = [
        "Docker", "Docker Compose", "systemd", "Heroku", "Render", "Railway", "Fly.io",
        "Kubernetes", "Behind nginx, Caddy or Traefik",
    ]  # fmt: skip
    for way in named:
        assert "- Running commands there: " in ways[way], way
        assert "- Upgrading: " in ways[way], way
