"""What the tests of every area share: real parts, terminals, networks, and the search for a planted key."""
