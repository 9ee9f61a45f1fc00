"""The plugins that xrayscan keeps itself. Each imports only what ``xrayscan`` exports, as anybody's would."""
