"""The only door for files: readers, checks, the import report."""
