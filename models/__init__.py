"""Models: what they are, where their files come from, how they run."""
