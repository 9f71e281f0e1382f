"""A tap of Singer's own SDK into target-postgres with COPY, over a pipe as Singer has it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseHATEOASPaginator

TEXT = th.StringType


class NextLink(BaseHATEOASPaginator):
    """Follow `next`."""

    def get_next_url(self, response: Any) -> Any:
        """Return the address of the next page."""
        return response.json()["next"]


class Customers(RESTStream):
    """The one stream."""

    name = "customers"
    path = "/customers"
    primary_keys = ("id",)
    records_jsonpath = "$.items[*]"
    url_base = sys.argv[1]
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType),
        *(th.Property(n, TEXT) for n in ("type", "first_name", "last_name", "email", "phone")),
        th.Property("birth_date", th.DateType),
        th.Property(
            "address",
            th.ObjectType(
                *(th.Property(n, TEXT) for n in ("street", "house_number", "postcode", "city"))
            ),
        ),
        th.Property("updated_at", th.DateTimeType),
        th.Property("note", TEXT),
    ).to_dict()

    def get_new_paginator(self) -> NextLink:
        """Follow links."""
        return NextLink()

    def get_url_params(self, context: Any, token: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return what the link had."""
        return {"page": token.query.removeprefix("page=")} if token else {}


class Bench(Tap):
    """A tap of one stream."""

    name = "tap-bench"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Customers]:
        """Return the one stream."""
        return [Customers(self)]


if len(sys.argv) > 3:
    Bench(config={}).sync_all()
else:
    address, url = sys.argv[1:]
    place = Path(os.environ["BENCH_PLACE"])
    config = place / "target.json"
    query = dict(part.split("=") for part in urlsplit(url).query.split("&"))
    config.write_text(
        json.dumps(
            {
                "sqlalchemy_url": url.replace("postgresql://", "postgresql+psycopg://"),
                "use_copy": True,
                "default_target_schema": "singer_bench",
                "add_record_metadata": False,
                "activate_version": False,
            }
        )
    )
    tap = subprocess.Popen([sys.executable, __file__, address, url, "tap"], stdout=subprocess.PIPE)
    target = Path(sys.executable).parent / "target-postgres"
    done = subprocess.run([target, "--config", config], stdin=tap.stdout, check=True)
    sys.exit(tap.wait())
