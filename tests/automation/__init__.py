"""What automations use: actions, triggers, conditions, and other monitoring."""
