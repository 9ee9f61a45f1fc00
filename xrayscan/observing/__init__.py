"""How far a scan is, told to whoever wants to know: other shells, monitoring, plugins."""
