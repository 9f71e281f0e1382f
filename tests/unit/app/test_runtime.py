"""What Prefect finds in its environment before it is imported."""

import base64
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.runtime import api_answers, clock_token, prefect_environment, wait_for_api
from registry.settings import Settings
from schemas.errors import Misconfigured, Unreachable

API = "http://127.0.0.1:8000/prefect/api"


@pytest.fixture(autouse=True)
def no_prefect_variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An operator who has set nothing."""
    for name in [known for known in os.environ if known.startswith(("PREFECT", "DO_NOT"))]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "town")


def test_nothing_is_told_to_anybody(settings: Settings) -> None:
    found = prefect_environment(settings, api_url=API)
    assert found["DO_NOT_TRACK"] == "1"
    assert found["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert found["PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS"] == "false"
    assert found["PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT"] == "false"


def test_everything_prefect_writes_lies_in_our_data_directory(settings: Settings) -> None:
    found = prefect_environment(settings, api_url=API)
    home = str(settings.data_dir / "prefect")
    assert found["PREFECT_HOME"] == home
    assert found["PREFECT_SERVER_UI_STATIC_DIRECTORY"].startswith(home)
    assert found["PREFECT_SERVER_DATABASE_CONNECTION_URL"] == (
        f"sqlite+aiosqlite:///{home}/prefect.db"
    )


def test_no_other_site_may_command_prefect(settings: Settings) -> None:
    found = prefect_environment(settings, api_url=API)
    assert found["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] == "https://no-other-site.invalid"
    assert "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS" in prefect_environment(settings)


def test_an_operators_own_wishes_stay(
    settings: Settings, no_prefect_variables: pytest.MonkeyPatch
) -> None:
    no_prefect_variables.setenv("PREFECT_LOGGING_LEVEL", "DEBUG")
    no_prefect_variables.setenv("PREFECT_SERVER_REGISTER_BLOCKS_ON_START", "true")
    found = prefect_environment(settings, api_url=API)
    assert found["PREFECT_LOGGING_LEVEL"] == "DEBUG"
    assert found["PREFECT_SERVER_REGISTER_BLOCKS_ON_START"] == "true"


def test_another_installation_of_prefect_in_the_shell_is_left_alone(
    settings: Settings, no_prefect_variables: pytest.MonkeyPatch
) -> None:
    no_prefect_variables.setenv("PREFECT_HOME", "/home/somebody/.prefect")
    found = prefect_environment(settings, api_url=API)
    assert found["PREFECT_HOME"] == str(settings.data_dir / "prefect")


def test_a_prefect_server_of_the_operators_own_gets_no_secret_of_ours(
    tmp_path: Path, no_prefect_variables: pytest.MonkeyPatch
) -> None:
    no_prefect_variables.setenv("PREFECT_API_URL", "https://prefect.town.example/api")
    settings = Settings(data_dir=tmp_path)
    found = prefect_environment(settings, api_url=API)
    assert found["PREFECT_API_URL"] == "https://prefect.town.example/api"
    assert "PREFECT_CLIENT_CUSTOM_HEADERS" not in found
    assert "PREFECT_SERVER_ENCRYPTION_KEY" not in found
    assert not list(tmp_path.iterdir())


def test_the_key_is_made_once_and_is_ours_alone(settings: Settings) -> None:
    first = prefect_environment(settings)["PREFECT_SERVER_ENCRYPTION_KEY"]
    assert len(base64.urlsafe_b64decode(first)) == 32
    assert prefect_environment(settings)["PREFECT_SERVER_ENCRYPTION_KEY"] == first
    file = settings.data_dir / "prefect" / "key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["key"]


def test_our_flows_show_a_token_that_is_not_the_key(settings: Settings) -> None:
    found = prefect_environment(settings, api_url=API)
    headers = json.loads(found["PREFECT_CLIENT_CUSTOM_HEADERS"])
    assert headers == {"Authorization": f"Bearer {clock_token(settings)}"}
    key = (settings.data_dir / "prefect" / "key").read_bytes()
    assert key.hex() not in clock_token(settings)


def test_a_key_others_can_read_is_refused(settings: Settings) -> None:
    prefect_environment(settings)
    file = settings.data_dir / "prefect" / "key"
    file.chmod(0o644)
    with pytest.raises(Misconfigured, match="other accounts") as refused:
        prefect_environment(settings)
    assert refused.value.remedy == f"chmod 600 {file}"


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_refused_and_not_replaced(settings: Settings, content: bytes) -> None:
    prefect_environment(settings)
    file = settings.data_dir / "prefect" / "key"
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match="damaged"):
        prefect_environment(settings)
    assert file.read_bytes() == content


def test_an_api_that_does_not_answer_is_waited_for_and_given_up() -> None:
    assert not api_answers("http://127.0.0.1:9/api")
    with pytest.raises(Unreachable, match="did not answer"):
        wait_for_api("http://127.0.0.1:9/api", seconds_max=0.2)


def test_neither_runtime_nor_application_import_prefect() -> None:
    """It costs three seconds that `townclerk --help` must not wait for."""
    code = (
        "import sys, flows.runtime, flows.server, townclerk.app, townclerk.serving;"
        "print([name for name in ('prefect', 'fastapi', 'strawberry') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
