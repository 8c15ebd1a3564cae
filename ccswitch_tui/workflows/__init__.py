"""What a user came to do, once for both faces: these print nothing and see the outside world through a Context."""
