"""A model made to fit one site: calibration, thresholds and gate from a few labelled films, the weights untouched."""

from xrayscan.calibration.costs import Costs
from xrayscan.calibration.site import Calibrated, CalibrateSettings, calibrate
from xrayscan.calibration.write import write_thresholds

__all__ = ["CalibrateSettings", "Calibrated", "Costs", "calibrate", "write_thresholds"]
