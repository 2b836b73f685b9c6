"""`canvas.draft`: an offline renderer that draws by rules from the prompt's words. It is no diffusion model."""

from creative.providers.canvas.adapter import Adapter

__all__ = ["Adapter"]
