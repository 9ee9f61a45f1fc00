"""One plugin of each kind, ready to be copied under another name: `xrayscan plugins new`."""
