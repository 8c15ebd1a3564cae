"""What the user has: profiles, the addresses people paste, and the catalogue of providers."""
