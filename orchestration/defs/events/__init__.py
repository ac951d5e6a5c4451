"""Events from landing to gold: landing_batches, bronze, silver, gold."""
