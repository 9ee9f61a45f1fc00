"""How good models are on labelled films that they have never seen."""
