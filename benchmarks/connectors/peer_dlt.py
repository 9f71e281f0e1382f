"""dlt's REST source into PostgreSQL by its csv loader, merged by key; the peer's own defaults."""

import os
import sys
from pathlib import Path

os.environ["DLT_DATA_DIR"] = str(Path(os.environ["BENCH_PLACE"]) / "dlt")
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
from dlt.sources.rest_api import rest_api_source

address, url = sys.argv[1:]
source = rest_api_source(
    {
        "client": {
            "base_url": address,
            "paginator": {"type": "json_link", "next_url_path": "next"},
        },
        "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
        "resources": [
            {"name": "customers", "endpoint": {"path": "customers", "data_selector": "items"}}
        ],
    }
)
pipeline = dlt.pipeline(
    "bench",
    destination=dlt.destinations.postgres(credentials=url.replace("@/", "@localhost/")),
    dataset_name="dlt_bench",
)
pipeline.run(source, loader_file_format="csv")
