"""The `medswitch` command: thin, one module a noun. Each module brings its own imports."""

from switch.cli.program import main

__all__ = ["main"]
