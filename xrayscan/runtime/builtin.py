"""The runtimes that come with xrayscan."""

from xrayscan.runtime.graphs import OnnxRuntime, OpenVino
from xrayscan.runtime.interface import Runtime
from xrayscan.runtime.torch_runtimes import Eager, Fused, Inductor

BUILT_IN: tuple[Runtime, ...] = (Eager(), Fused(), OnnxRuntime(), OpenVino(), Inductor())
