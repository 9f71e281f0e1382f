"""Everything about Prefect that must be settled before Prefect is imported.

Prefect reads its settings when it is imported, so whoever uses it calls `use_prefect` first. No
module imports Prefect at its top but the flows themselves: it costs a second of CPU.
"""

import base64
import hmac
import http.client
import json
import os
import secrets
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from registry.settings import Settings
from schemas.errors import Misconfigured, Unreachable

if TYPE_CHECKING:
    from prefect.events.schemas.automations import AutomationCore

PREFECT_PATH: Final = "/prefect"
API_PATH: Final = f"{PREFECT_PATH}/api"

# A flow run is lost when it missed three heartbeats; a longer wait only delays the next sync.
HEARTBEAT_SECONDS: Final = 30
ZOMBIE_SECONDS: Final = 3 * HEARTBEAT_SECONDS
# Our web server refuses bodies over one megabyte, so Prefect's log batches stay under it.
LOG_BATCH_BYTES: Final = 900_000
LOG_MESSAGE_BYTES: Final = 100_000
PROBE_SECONDS_MAX: Final = (
    4.0  # a healthy API answers in milliseconds, on a busy machine in seconds
)
PROBE_PAUSE_SECONDS: Final = 0.1
KEY_BYTES: Final = 32  # Fernet's size
ZOMBIE_AUTOMATION: Final = "townclerk: a silent flow run has crashed"


def prefect_home(settings: Settings) -> Path:
    """Return where Prefect keeps its own records; deleting it loses schedules, never data."""
    return settings.data_dir / "prefect"


def prefect_environment(settings: Settings, *, api_url: str | None = None) -> dict[str, str]:
    """Return the environment variables Prefect must find before it is imported.

    What an operator has set in PREFECT_ variables stays, except where our own web server and
    data directory depend on the value.

    Args:
        settings: Where our data lives; a Prefect server of the operator's own, if any.
        api_url: Address of the API in our web server, ending in `/prefect/api`.

    Returns:
        Names and values, secrets among them; never log it.

    Raises:
        Misconfigured: The key file is readable by others or damaged.
    """
    wished = {name: os.environ.get(name, value) for name, value in _quiet(settings).items()}
    required = {"PREFECT_HOME": str(prefect_home(settings))}
    if settings.prefect_api_url is not None:
        return {**wished, **required, "PREFECT_API_URL": settings.prefect_api_url}
    mounted = _mounted(settings)
    if api_url is not None:
        mounted |= _client(settings, api_url)
    return {**wished, **required, **mounted}


def use_prefect(settings: Settings, *, api_url: str | None = None) -> None:
    """Put Prefect's settings into this process's environment, and so into its children's.

    Call it before Prefect is imported, and again when the address of the API is known.

    Args:
        settings: As for `prefect_environment`.
        api_url: As for `prefect_environment`.
    """
    prefect_home(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.update(prefect_environment(settings, api_url=api_url))
    if "prefect.context" in sys.modules:
        sys.modules["prefect.context"].refresh_global_settings_context()


def clock_token(settings: Settings) -> str:
    """Return the token with which our own flows speak to the API in our web server.

    It is derived from the key file, so every process that may read the data directory has it and
    nothing has to be passed along.
    """
    digest = hmac.digest(_key(settings), b"townclerk clock", "sha256")
    return f"tcclock_{digest.hex()}"


def api_answers(api_url: str, *, token: str | None = None) -> bool:
    """Tell whether a Prefect API answers that it is ready."""
    parts = urlsplit(api_url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PROBE_SECONDS_MAX)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", f"{parts.path}/ready", headers=headers)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_for_api(api_url: str, *, token: str | None = None, seconds_max: float = 60.0) -> None:
    """Wait until a Prefect API answers.

    Raises:
        Unreachable: It did not within `seconds_max`.
    """
    deadline = time.monotonic() + seconds_max
    while not api_answers(api_url, token=token):
        if time.monotonic() > deadline:
            raise Unreachable(
                f"The Prefect API at {api_url} did not answer within {seconds_max:.0f} seconds.",
                remedy="Look at the web server's log; unset PREFECT_API_URL to use the server "
                "that Townclerk brings along.",
            )
        time.sleep(PROBE_PAUSE_SECONDS)


async def ensure_zombie_automation() -> bool:
    """Let Prefect call a flow run crashed when its heartbeats stop; there is one such rule.

    Without it a run whose process was killed stays "running" for ever. Prefect lets several rules
    have one name, so of two workers that start together both may make it. Each looks again
    afterwards and takes away all but the one of the lowest id, which nobody takes away.

    Returns:
        Whether the rule was made now.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

    async with get_client() as client:
        found = await client.read_automations_by_name(ZOMBIE_AUTOMATION)
        made = not found
        if made:
            await client.create_automation(_zombie_rule())
            found = await client.read_automations_by_name(ZOMBIE_AUTOMATION)
        for double in sorted(found, key=lambda rule: rule.id)[1:]:
            with suppress(PrefectHTTPStatusError, ObjectNotFound):  # another worker was first
                await client.delete_automation(double.id)
    return made


def _zombie_rule() -> "AutomationCore":
    """Return the rule; Prefect is imported by now."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    beat = "prefect.flow-run.heartbeat"
    ends = {f"prefect.flow-run.{end}" for end in ("Completed", "Failed", "Cancelled", "Crashed")}
    return AutomationCore(
        name=ZOMBIE_AUTOMATION,
        description="The process of a flow run vanished; the next sync goes on where it stopped.",
        trigger=EventTrigger(
            after={beat},
            expect={beat} | ends,
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=ZOMBIE_SECONDS),
        ),
        actions=[
            ChangeFlowRunState(state=StateType.CRASHED, message="Its heartbeats stopped."),
        ],
    )


def _quiet(settings: Settings) -> dict[str, str]:
    """What we wish for and an operator may change: silence, no calls out, tidy records."""
    return {
        "DO_NOT_TRACK": "1",
        # The server has no such protection switched on, and answers every client with a 422.
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        "PREFECT_LOGGING_CONFIG_PATH": str(Path(__file__).with_name("prefect_logging.yml")),
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_TO_API_BATCH_SIZE": str(LOG_BATCH_BYTES),
        "PREFECT_LOGGING_TO_API_MAX_LOG_SIZE": str(LOG_MESSAGE_BYTES),
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # Prefect's default lets every web page in the world command it; its own needs no leave.
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": "https://no-other-site.invalid",
        # Leases kept in memory are held for ever when the server is killed.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
            "prefect.server.concurrency.lease_storage.filesystem"
        ),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": (
            f"sqlite+aiosqlite:///{prefect_home(settings) / 'prefect.db'}"
        ),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # We use no blocks; registering their types takes three seconds of the first start.
        "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # The second version of its pages calls an analytics host whatever the settings say.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }


def _mounted(settings: Settings) -> dict[str, str]:
    """What the server inside our web server needs, whatever else is wished."""
    return {
        "PREFECT_SERVER_API_BASE_PATH": API_PATH,
        "PREFECT_SERVER_ENCRYPTION_KEY": base64.urlsafe_b64encode(_key(settings)).decode(),
        "PREFECT_SERVER_UI_API_URL": API_PATH,  # relative: right behind any proxy
        "PREFECT_SERVER_UI_SERVE_BASE": PREFECT_PATH,
        # The default place is Prefect's own package, which may be read-only.
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(prefect_home(settings) / "ui"),
    }


def _client(settings: Settings, api_url: str) -> dict[str, str]:
    """What our own flows need to reach that server."""
    headers = {"Authorization": f"Bearer {clock_token(settings)}"}
    return {
        "PREFECT_API_URL": api_url,
        "PREFECT_CLIENT_CUSTOM_HEADERS": json.dumps(headers),
    }


def _key(settings: Settings) -> bytes:
    """Return the key of Prefect's secrets, made once and readable by us alone."""
    file = prefect_home(settings) / "key"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_key(file)
    if file.stat().st_mode & 0o077:
        raise Misconfigured(
            f"The key in {file} can be read by other accounts.", remedy=f"chmod 600 {file}"
        )
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        raise Misconfigured(
            f"The key in {file} is damaged: it has {len(key)} bytes instead of {KEY_BYTES}.",
            remedy="Restore it from a backup; without it, secrets kept in Prefect are lost.",
        )
    return key


def _make_key(file: Path) -> None:
    """Write a whole key or none; of two processes that make one, the first wins."""
    unfinished = file.with_name(f"key.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(secrets.token_bytes(KEY_BYTES))
    with suppress(FileExistsError):
        os.link(unfinished, file)
    unfinished.unlink()
