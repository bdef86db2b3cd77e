"""Surfaces, and the cube behind the time slider."""
