"""A model made to fit one site: calibration, thresholds and gate from a few labelled films, the weights untouched."""
