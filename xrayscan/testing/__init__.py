"""Contract kits, one per edge: what a plugin tests itself against. Importing them needs no pytest."""

from xrayscan.testing.backend import BackendContract as BackendContract
from xrayscan.testing.backend import Subject as Subject
from xrayscan.testing.callback import CallbackContract as CallbackContract
from xrayscan.testing.check import CheckContract as CheckContract
from xrayscan.testing.command import CommandContract as CommandContract
from xrayscan.testing.decoder import DecoderContract as DecoderContract
from xrayscan.testing.engine import EngineContract as EngineContract
from xrayscan.testing.observer import ObserverContract as ObserverContract
from xrayscan.testing.report import ReportContract as ReportContract
from xrayscan.testing.runtime import RuntimeContract as RuntimeContract
from xrayscan.testing.sink import SinkContract as SinkContract
from xrayscan.testing.source import SourceContract as SourceContract
