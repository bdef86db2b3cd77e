"""What other programs and the public ask by standards: Open311, OGC API - Features, published shutoffs."""

from dashboards.standards.routes import add_standards, ready

__all__ = ["add_standards", "ready"]
