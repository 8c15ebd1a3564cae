"""Other tools' files and whatever people paste, in and out. Pure."""
