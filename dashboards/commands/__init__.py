"""The commands of `gisapp`, one module a group."""
