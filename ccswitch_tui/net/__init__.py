"""One way out of this machine: addresses, settings of the network, and connections. Probe and proxy stand on it."""
