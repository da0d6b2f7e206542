"""What leaves the studio: vectors and materials."""
