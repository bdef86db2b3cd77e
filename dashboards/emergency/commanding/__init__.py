"""The event of the commander's page: declared, commanded, stepped through, stood down and evaluated."""
