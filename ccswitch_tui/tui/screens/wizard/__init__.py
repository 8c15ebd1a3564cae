"""The set-up wizard: one pane a step, and the flow that leads through them."""
