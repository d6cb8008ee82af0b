"""Who may call the API: authentication, guards and the audit log."""
