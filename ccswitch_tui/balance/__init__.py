"""What is left on a key: routes as data, pure readers of the answers, nothing guessed."""
