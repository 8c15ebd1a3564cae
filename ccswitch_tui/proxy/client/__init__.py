"""The HTTP client: how the proxy reaches an endpoint."""
