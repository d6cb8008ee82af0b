"""The pictures of the documentation: python -m tests.pictures [--out DIRECTORY] [NAME ...]"""
