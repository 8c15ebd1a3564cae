"""Is the endpoint there, and does it speak properly?"""
