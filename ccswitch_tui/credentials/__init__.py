"""Where keys live: the OS keyring, a passphrase-encrypted file, or elsewhere by reference."""
