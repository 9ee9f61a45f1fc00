"""Search for the parameters that train the best model. Needs the extra ``tune``."""

import importlib.util

from xrayscan.errors import UsageError

if importlib.util.find_spec("optuna") is None:
    raise UsageError("tuning needs Optuna, which is not installed: pip install 'xrayscan[tune]' (here: '.[tune]')")
