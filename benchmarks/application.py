"""The service's WSGI application with the loopback provider behind `canvas`."""

from benchmarks.provider import ADAPTER
from creative import registry
from imageskill.wsgi import application

__all__ = ["application"]

registry.ADAPTERS["canvas"] = ADAPTER
