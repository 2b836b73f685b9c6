"""The saved token, one for each service: a token never goes to another address than the one it was saved for."""

from __future__ import annotations

from imageskill.cli import private_files, surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load() -> dict[str, Any]:
    """Return the config: `api_base_url`, and under `services` a record for each origin."""
    return private_files.read(surroundings.config_file())


def record(config: dict[str, Any], origin: str) -> dict[str, Any]:
    """Return what is saved for a service: `token`, `agent_id`, `claim_id`, `claim_secret`, as far as known."""
    services = config.get("services")
    found = services.get(origin) if isinstance(services, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def save(origin: str, **values: str | None) -> str:
    """Keep values for a service, which becomes the one called by default; None removes one. Return the path."""
    config = load()
    services = config.get("services")
    services = dict(services) if isinstance(services, dict) else {}
    kept = record(config, origin) | values
    services[origin] = {name: value for name, value in kept.items() if value is not None}
    path = surroundings.config_file()
    private_files.write(path, {"version": 1, "api_base_url": origin, "services": services})
    return str(path)


def check_writable() -> None:
    """Raise FILESYSTEM_FAILURE unless a token could be saved now."""
    load()
    private_files.check_writable(surroundings.config_file())
