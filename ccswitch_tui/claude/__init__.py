"""What Claude Code reads: its settings, who wins among them, and how it is started."""
