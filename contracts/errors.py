"""Every error that a user may meet, one tree.

TrinetraError               one clear line, exit code 1
├── ConfigError             store.toml or an option is wrong (names line and key)
├── SourceError             a camera or video cannot be opened or read
├── ModelError              a model is unknown, missing, altered or not what it says
├── SpoolError              the durable queue cannot be written or read
├── UploadError             the gateway refuses, or answers what we do not understand
├── BatchError              bytes that are no valid batch
├── AgentError              the agent cannot start or go on (port in use, second agent)
└── CloudError              database, lake or Dagster cannot be reached or refuses
"""


class TrinetraError(Exception):
    """Base of all errors shown to a user; its text is one line without secrets."""


class ConfigError(TrinetraError):
    """A configuration is refused as a whole."""


class SourceError(TrinetraError):
    """A camera or video cannot be opened or read."""


class ModelError(TrinetraError):
    """A model is unknown, missing, altered or of the wrong shape."""


class SpoolError(TrinetraError):
    """The durable queue cannot be written or read."""


class UploadError(TrinetraError):
    """The gateway refused a batch or answered nonsense."""


class BatchError(TrinetraError):
    """Bytes that are no valid batch."""


class AgentError(TrinetraError):
    """The agent cannot start or go on."""


class CloudError(TrinetraError):
    """Database, lake or orchestrator cannot be reached or refuses."""
