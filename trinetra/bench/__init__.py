"""`trinetra bench`: speed against the limit and against peers, in the same run."""
