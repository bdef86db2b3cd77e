"""A coverage of polygons, and which of them a point is in."""
