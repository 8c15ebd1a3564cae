"""A scripted provider that runs offline: for a first look at the program, and the tests' endpoint."""
