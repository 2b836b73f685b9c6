"""Where a call comes from, as far as it can be trusted: one place reads the proxies' header."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_IPV4_PREFIX = 24
_IPV6_PREFIX = 56


def client_address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Return the caller's address.

    `X-Forwarded-For` counts only as far as TRUSTED_PROXY_COUNT proxies wrote it; with 0 it is ignored.
    """
    text = request.META.get("REMOTE_ADDR", "")
    hops = settings.TRUSTED_PROXY_COUNT
    if hops:
        forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        text = forwarded[-min(hops, len(forwarded))] or text
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def client_network(request: HttpRequest) -> str:
    """Return the caller's network as text (IPv4 /24, IPv6 /56), `loopback`, or `unknown`."""
    address = client_address(request)
    if address is None:
        return "unknown"
    if address.is_loopback:
        return "loopback"
    prefix = _IPV4_PREFIX if address.version == 4 else _IPV6_PREFIX  # noqa: PLR2004 - the IP version
    return str(ip_network(f"{address}/{prefix}", strict=False))
