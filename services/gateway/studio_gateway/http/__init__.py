"""What all routes share: middleware, problems, conditional requests, field constraints."""
