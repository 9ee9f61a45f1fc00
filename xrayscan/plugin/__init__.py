"""The hooks a plugin may implement, and the plugins that are installed."""
