"""What screens are made of: each shows what it is given and says what was pressed."""
