"""What an operator can set: environment variables that begin with TOWNCLERK_, and DATABASE_URL.

docs/reference/settings.md lists every one; tests/house holds the two together.
"""

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import Misconfigured

SECRETS_DIR = "/run/secrets"  # where docker compose and podman mount secrets


def default_data_dir() -> Path:
    """Return where this user's database and keys live.

    Root gets a directory of the system, because the embedded PostgreSQL server refuses to run
    as root and its unprivileged account cannot reach root's home.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/townclerk")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "townclerk"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "townclerk"


class WrongSetting(Misconfigured):
    """A setting has a value that it cannot have."""

    code = "wrong_setting"
    remedy = "docs/reference/settings.md lists what each setting may be."


class Settings(BaseSettings):
    """Settings of one Townclerk installation; every field has an environment variable."""

    model_config = SettingsConfigDict(
        env_prefix="TOWNCLERK_",
        extra="ignore",
        env_ignore_empty=True,  # an empty variable is how compose files leave one out
    )

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Directory of the embedded database, keys and Prefect's own records.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL 15 or newer to use instead of the embedded server.",
    )
    postgres_bin: Path | None = Field(
        default=None,
        description="Directory with PostgreSQL's programs; default is the bundled wheel's.",
    )
    host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the web server listens on.")
    token_secret: SecretStr | None = Field(
        default=None,
        description="Key of the token hashes, 32 characters or more; needed off loopback.",
    )
    secrets_key: SecretStr | None = Field(
        default=None,
        description="Key of the secret store, 32 bytes in base64; never in the database.",
    )
    secrets_key_old: SecretStr | None = Field(
        default=None, description="The key before, until `townclerk secret rotate` is done."
    )
    taps_dir: Path = Field(
        default=Path("/opt/townclerk/taps"),
        description="Where Singer taps lie: TAP/bin/TAP, each in an environment of its own.",
    )
    prefect_api_url: str | None = Field(
        default=None,
        validation_alias="PREFECT_API_URL",
        description="A separate Prefect server; default is one mounted in our own web server.",
    )
    pool_size: int = Field(
        default=8, ge=2, le=100, description="Database connections per process, made at start."
    )
    graphql_documents: Literal["any", "trusted"] = Field(
        default="any",
        description="trusted answers only documents approved with `townclerk documents trust`.",
    )
    graphql_introspection: Literal["all", "signed-in", "nobody"] = Field(
        default="signed-in", description="Who may ask the GraphQL API about its schema."
    )
    self_approval: bool = Field(
        default=False,
        description="Whether who proposes a change of the landscape may approve it too.",
    )
    spark_master: str = Field(
        default="local[*]",
        description="Where `--engine spark` runs: here, with all cores, or a cluster's address.",
    )
    spark_dir: Path | None = Field(
        default=None,
        description="Folder that this machine and all workers of a Spark cluster see alike.",
    )
    spark_memory_mb: int = Field(
        default=4096, ge=512, description="What Spark may hold in memory on this machine."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto means text on a terminal and JSON elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe message that is logged."
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once.

    Environment variables come first; what they leave out is looked up as files named like the
    variables in TOWNCLERK_SECRETS_DIR, where containers mount their secrets.

    Raises:
        WrongSetting: A setting has a value that it cannot have, or a secret cannot be read.
    """
    place = Path(os.environ.get("TOWNCLERK_SECRETS_DIR") or SECRETS_DIR)
    if "TOWNCLERK_SECRETS_DIR" in os.environ and not place.is_dir():
        raise WrongSetting(f"TOWNCLERK_SECRETS_DIR names {place}, which is no directory.")
    try:
        return Settings(_secrets_dir=place if place.is_dir() else None)
    except ValidationError as error:
        # The value itself stays out of the message: it may be a secret.
        faults = error.errors(include_url=False, include_input=False)
        said = [f"{variable_of(str(fault['loc'][0]))}: {fault['msg']}" for fault in faults]
        raise WrongSetting(f"{'; '.join(said)}.") from None
    except OSError as error:
        raise WrongSetting(
            f"The secret file {error.filename} cannot be read: {error.strerror}.",
            remedy="Let the account that runs Townclerk read it, and nobody else.",
        ) from error


def variable_of(name: str) -> str:
    """Return the environment variable of a setting, given its field or the variable itself."""
    field = Settings.model_fields.get(name)
    return str(field.validation_alias or f"TOWNCLERK_{name.upper()}") if field else name
