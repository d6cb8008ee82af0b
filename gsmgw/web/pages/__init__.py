"""The screens. Each module lists its ``PAGES``."""
