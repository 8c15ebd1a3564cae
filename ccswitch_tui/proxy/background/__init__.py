"""The per-user background proxy seen from outside: started, found, asked, ended."""
