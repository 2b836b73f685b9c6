"""`STORAGE_URL`: where pictures are kept, as one address."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LOCAL = "local"
_OPTIONS = {"endpoint": "endpoint_url", "region": "region_name", "timeout": "timeout_seconds"}
_LONGEST_TIMEOUT = 300
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Place:
    """Where pictures are kept: the backend's options, and what is wrong with the address that asks for it."""

    options: dict[str, str | int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def is_bucket(self) -> bool:
        """Whether it is a bucket, not the local folder."""
        return bool(self.options)


def parse(address: str) -> Place:
    """Return what an address means: `local`, or `s3://[KEY:SECRET@]BUCKET[/PREFIX][?OPTIONS]`.

    The options are `endpoint` (an address), `region` (a name) and `timeout` (seconds for which a try waits).
    Keys that hold `/`, `+` or `@` are written percent-encoded. Without keys the environment has them.
    """
    if address in ("", LOCAL):
        return Place()
    try:
        split = urlsplit(address)
        host = split.hostname or ""
        query = parse_qs(split.query, keep_blank_values=True, strict_parsing=bool(split.query))
        endpoint = urlsplit(query.get("endpoint", [""])[-1])
        port = split.port
    except ValueError:
        return Place(problems=("it is no address",))
    problems = []
    if split.scheme != "s3" or not host or port or split.fragment:
        problems.append("it must be local or s3://BUCKET/PREFIX")
    unknown = sorted(set(query) - set(_OPTIONS))
    if unknown:
        problems.append(f"it knows {', '.join(_OPTIONS)}, not {', '.join(unknown)}")
    if bool(split.username) != bool(split.password):
        problems.append("it needs a key and a secret, or neither")
    timeout = query.get("timeout", ["1"])[-1]
    if not (timeout.isascii() and timeout.isdigit() and 1 <= int(timeout[:4]) <= _LONGEST_TIMEOUT):
        problems.append(f"its timeout must be 1 to {_LONGEST_TIMEOUT} seconds")
    problems += _of_endpoint(query, endpoint.scheme, endpoint.hostname or "")
    if problems:
        return Place(problems=tuple(problems))
    options: dict[str, str | int] = {"bucket_name": host, "location": split.path.strip("/")}
    options |= {_OPTIONS[name]: int(timeout) if name == "timeout" else told[-1] for name, told in query.items()}
    if split.username and split.password:
        options |= {"access_key": unquote(split.username), "secret_key": unquote(split.password)}
    return Place(options)


def _of_endpoint(query: dict[str, list[str]], scheme: str, host: str) -> list[str]:
    if "endpoint" not in query:
        return []
    if scheme not in ("http", "https") or not host:
        return ["its endpoint must be an https address"]
    if scheme == "http" and host not in _LOOPBACK:
        return ["its endpoint is plain http to another machine"]
    return []


def backend(address: str, folder: Path) -> dict[str, Any]:
    """Return Django's entry of STORAGES for an address; what is wrong with it the system checks tell."""
    place = parse(address)
    if place.is_bucket:
        return {"BACKEND": "creative.bucket.Bucket", "OPTIONS": place.options}
    return {"BACKEND": "creative.storage.DurableFolder", "OPTIONS": {"location": str(folder)}}
