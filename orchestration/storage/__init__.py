"""Where the cloud keeps things: PostgreSQL, the Delta lake, landed objects."""
