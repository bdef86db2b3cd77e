"""Pipes, valves, cables and switches as graphs."""
