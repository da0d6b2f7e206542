"""What every service needs to run."""
