"""What is written down: traffic, usage, prices, what an endpoint taught us."""
