"""docker-compose.yml is valid, holds no secret, and its commands make a working town."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.integration.operations.composed import COMPOSE, Part, compose_file
from townclerk.sandbox.city import build
from townclerk.sandbox.connectors import connector_files
from townclerk.sandbox.landscape import landscape_of

STOP_SECONDS_MAX = 10.0
RUN_SECONDS_MAX = 90.0
on_one_server = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
SERVICES = compose_file()["services"]


def judge(file: Path) -> subprocess.CompletedProcess[str]:
    """Hold a file against the compose specification's own schema."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"),
            str(file),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_file_is_what_the_compose_specification_asks_for() -> None:
    judged = judge(COMPOSE)
    assert judged.returncode == 0, judged.stdout


def test_a_wrong_file_would_be_noticed(tmp_path: Path) -> None:
    wrong = compose_file()
    wrong["services"]["app"]["healthcheck"]["retry"] = 3
    (tmp_path / "wrong.yml").write_text(yaml.safe_dump(wrong))
    assert judge(tmp_path / "wrong.yml").returncode == 1


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY|DATABASE_URL", name):
                assert value.startswith("/run/secrets/"), name
    assert all(set(secret) == {"file"} for secret in compose_file()["secrets"].values())
    assert not re.search(r"://[^/\s:]+:[^/\s@]+@", COMPOSE.read_text()), "an address with password"


def test_every_secret_that_a_service_asks_for_is_one_that_the_guide_makes() -> None:
    guide = (COMPOSE.parent / "docs/how-to/run-in-production.md").read_text()
    asked = {name for service in SERVICES.values() for name in service.get("secrets", [])}
    assert asked == set(compose_file()["secrets"])
    assert all(f"> secrets/{name}" in guide for name in asked)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_or_says_why_not(name: str) -> None:
    block = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", COMPOSE.read_text(), re.MULTILINE)
    assert block
    assert "healthcheck:" in block[1] or re.search("# No health check: .{20}", block[1])


def test_no_part_of_ours_may_more_than_it_must() -> None:
    for name in ("prefect", "app", "worker"):
        service = SERVICES[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    published = [name for name, service in SERVICES.items() if service.get("ports")]
    assert published == ["app"], "the database and Prefect, which has no login, stay inside"


def test_the_grace_of_each_part_is_longer_than_its_stop() -> None:
    for name in ("prefect", "app", "worker"):
        grace = SERVICES[name].get("stop_grace_period", "10s")
        assert int(grace.removesuffix("s")) > STOP_SECONDS_MAX, name


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


@pytest.fixture
def parts(postgres_url: str, reachable_dir: Path) -> Iterator[dict[str, Part]]:
    """The services but PostgreSQL, which runs already; whatever a test leaves behind is ended."""
    secrets = reachable_dir / "secrets"
    secrets.mkdir(mode=0o700)
    for name, text in {"database_url": postgres_url, "townclerk_token_secret": "k" * 44}.items():
        (secrets / name).touch(mode=0o600)
        (secrets / name).write_text(f"{text}\n")
    swaps = {
        "/run/secrets": str(secrets),
        "http://prefect:": "http://127.0.0.1:",
        "0.0.0.0": "127.0.0.1",
        "4200": free_port(),
        "8000": free_port(),
    }
    made = {}
    for name, volume in (("prefect", "a"), ("app", "b"), ("worker", "b")):
        here = {**swaps, "/var/lib/townclerk": str(reachable_dir / volume)}
        made[name] = Part(name, here, reachable_dir / f"{name}.log")
    yield made
    for part in made.values():
        if part.process and part.process.poll() is None:
            part.process.kill()
            part.process.communicate()


def register_a_source(app: Part, folder: Path) -> None:
    """Register the sandbox city's waste service: files, read without a server."""
    build(folder, people=300, seed=3)
    addresses = {
        name: {"base_url": (folder / "city" / name).as_uri()}
        for name in ("crm", "library", "permits", "taxes", "waste", "parking")
    }
    (folder / "landscape.json").write_text(json.dumps(landscape_of(addresses)))
    (folder / "waste.yaml").write_text(connector_files(folder)["waste.yaml"])
    app.run("townclerk", "landscape", "register", str(folder / "landscape.json"))
    app.run("townclerk", "sync", "add", str(folder / "waste.yaml"))


def run_deployment(api: str, name: str) -> str:
    """Ask Prefect to run a deployment, as its pages do; return the state it ended in."""
    deadline = time.monotonic() + RUN_SECONDS_MAX
    with httpx.Client(base_url=api, timeout=30) as prefect:
        found: list[dict[str, Any]] = []
        while not found and time.monotonic() < deadline:
            time.sleep(0.3)
            query = {"deployments": {"name": {"any_": [name]}}}
            found = prefect.post("/deployments/filter", json=query).json()
        run = prefect.post(f"/deployments/{found[0]['id']}/create_flow_run", json={}).json()
        while time.monotonic() < deadline:
            state = prefect.get(f"/flow_runs/{run['id']}").json()["state"]
            if state["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
                return f"{state['type']} {state.get('message') or ''}".strip()
            time.sleep(0.3)
    return "still running"


@pytest.mark.slow
@on_one_server
def test_the_same_commands_as_plain_processes_make_a_working_town(
    parts: dict[str, Part], reachable_dir: Path
) -> None:
    prefect, app, worker = parts["prefect"], parts["app"], parts["worker"]
    prefect.start()
    register_a_source(app, reachable_dir / "town")
    prefect.wait_healthy()
    app.start()
    worker.start()
    app.wait_healthy()

    scopes = ("--scope", "landscape:read", "--scope", "customers:read", "--scope", "sync:read")
    made = json.loads(app.run("townclerk", "token", "create", "dashboard", *scopes, "--json"))
    url = f"http://127.0.0.1:{app._swaps['8000']}"
    query = {"query": "{ __typename }"}
    ours = {"Authorization": f"Bearer {made['token']}"}
    assert httpx.post(f"{url}/graphql", json=query).status_code == 401
    answer = httpx.post(f"{url}/graphql", json=query, headers=ours, timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"data": {"__typename": "Query"}})
    assert httpx.get(f"{url}/prefect/", headers=ours).status_code == 404, "Prefect is not in here"
    health = httpx.get(f"{url}/health", timeout=30).json()
    assert health["parts"]["prefect"] == {"status": "ok", "what": "the scheduler answers"}

    api = app.environment["PREFECT_API_URL"]
    assert run_deployment(api, "waste").startswith("COMPLETED"), worker.log.read_text()
    status = json.loads(app.run("townclerk", "sync", "status", "--json"))
    assert status["waste"]["state"] == "completed"
    assert status["waste"]["records_landed"] > 0
    assert json.loads(app.run("townclerk", "customers", "list", "--purpose", "service", "--json"))

    for part in (worker, app, prefect):
        assert part.stop() < STOP_SECONDS_MAX, part.name
        assert part.process
        said = part.log.read_text()
        assert part.process.returncode == 0, (part.name, said)
        assert "Traceback" not in said, (part.name, said)
        assert "k" * 44 not in said
