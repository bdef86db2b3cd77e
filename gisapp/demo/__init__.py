"""A deterministic sample city of any size."""
