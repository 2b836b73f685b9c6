"""The staff console: behind a second factor, and not there at all for anybody else."""
