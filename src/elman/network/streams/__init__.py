"""Networks that read step by step."""
