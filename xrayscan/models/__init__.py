"""The models that ship with xrayscan, as safetensors files."""
