"""Why does it not work on this machine?"""
