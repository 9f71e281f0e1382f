"""The connector files of the sandbox city, one per source system.

They are ordinary connector files; only the place of the secrets differs from city to city.
"""

from importlib.resources import files
from pathlib import Path

SECRETS_MARK = "{secrets}"  # replaced by the city's folder of secrets


def connector_files(folder: Path) -> dict[str, str]:
    """Return the connector files of a city, by file name.

    Args:
        folder: The city's folder, as given to `--dir`.
    """
    secrets = str(folder.absolute() / "secrets")
    found = {}
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            found[entry.name] = entry.read_text(encoding="utf-8").replace(SECRETS_MARK, secrets)
    return found
