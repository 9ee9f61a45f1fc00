"""The models that ship with xrayscan, as safetensors files."""

DEFAULT = "default"  # the one that is used where none is given
