"""How alembic runs our migrations: on the connection that registry.storage.migrate hands it."""

import importlib
import pkgutil

from alembic import context

import schemas
from schemas.base import metadata

for module in pkgutil.iter_modules(schemas.__path__, "schemas."):
    if not module.ispkg:
        importlib.import_module(module.name)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
