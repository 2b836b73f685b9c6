"""Where passkeys cannot work: browsers bind them to a name, and refuse where the host is a number."""

import ipaddress
from dataclasses import dataclass

from django.http import HttpRequest
from django.http.request import split_domain_port


@dataclass(frozen=True, slots=True)
class Nameless:
    """A host that is a number, and the service's address under a name; "" where none is known."""

    host: str
    instead: str


def nameless(request: HttpRequest) -> Nameless | None:
    """Return the host of a request under which no passkey works, or None: it is a name."""
    host, port = split_domain_port(request.get_host())
    try:
        number = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    here = f"localhost:{port}" if port else "localhost"
    return Nameless(host, f"{request.scheme}://{here}" if number.is_loopback else "")
