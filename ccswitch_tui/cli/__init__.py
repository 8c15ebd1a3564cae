"""The command line: stdout is data, stderr is talk, and the first word picks one lazily imported module."""
