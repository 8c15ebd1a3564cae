"""Large requests in a process of their own, so that the streams of all others go on.

One parse of thirty megabytes holds an event loop for half a second, and no
thread can help: a JSON library keeps the interpreter to itself. So what would
hold it for long is handed to another process as bytes (rooms.py), which answers
with the same application (worker.py), asks for keys and tells what it books.
"""
