"""From a plan to a picture in palette colours."""
