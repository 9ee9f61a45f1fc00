"""Contract kits: what a plugin tests itself against."""

from xrayscan.testing.backend import BackendContract as BackendContract
from xrayscan.testing.backend import Subject as Subject
from xrayscan.testing.decoder import DecoderContract as DecoderContract
