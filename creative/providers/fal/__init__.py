"""fal.ai: models behind a queue, where a job is submitted once and can be fetched after a restart."""

from creative.providers.fal.adapter import Adapter

__all__ = ["Adapter"]
