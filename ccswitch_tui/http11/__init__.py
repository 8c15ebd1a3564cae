"""HTTP/1.1 for both sides of the proxy: llhttp reads, asyncio carries, and nothing waits that need not."""
