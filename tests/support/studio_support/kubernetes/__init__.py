"""What tests of the manifests and of a real API server share."""
