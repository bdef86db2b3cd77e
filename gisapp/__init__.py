"""Analytics for utilities that run their service area as a grid: no web, no drawing."""

__version__ = "0.1.0"
