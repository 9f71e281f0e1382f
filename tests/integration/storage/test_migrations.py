"""Migrations make exactly the tables that the schemas describe, on every server."""

import importlib
import pkgutil
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import schemas
from registry.storage import migrate
from registry.storage.database import connect
from schemas.base import metadata
from schemas.errors import Misconfigured


def differences(url: str) -> list[Any]:
    for module in pkgutil.iter_modules(schemas.__path__):
        if not module.ispkg:
            importlib.import_module(f"schemas.{module.name}")
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_the_migrated_database_is_what_the_models_say(postgres_url: str) -> None:
    assert differences(postgres_url) == []
