"""Image Skill: pictures for AI agents, under caps that hold."""

__version__ = "0.1.0"
