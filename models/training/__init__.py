"""Recipe that trains the bundled person detector from random weights (the only user of torch)."""
