"""The web application: who may come in, which routes there are, how an answer is written."""
