"""A scripted OpenAI-compatible provider that runs offline: a first look, and the tests' endpoint."""
