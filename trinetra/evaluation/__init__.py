"""`trinetra eval`: accuracy against ground truth."""
