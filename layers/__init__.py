"""What a map shows, independent of the map library."""
