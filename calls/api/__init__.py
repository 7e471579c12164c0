"""The HTTP door: the store's decision for switches that do not speak to it themselves."""
