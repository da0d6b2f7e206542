"""From a brief to a plan: colours, strategy, sizes."""
