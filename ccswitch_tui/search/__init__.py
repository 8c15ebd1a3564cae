"""Web search for Claude Code's WebSearch: which requests want one, how each source is asked, what the client gets."""
