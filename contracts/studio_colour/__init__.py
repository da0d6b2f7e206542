"""What all services that work on colours share: CIELAB, CIEDE2000 and mixtures of granules. Needs numpy."""
