"""From one language to the other, without I/O."""
