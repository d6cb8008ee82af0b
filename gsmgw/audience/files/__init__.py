"""Address books: CSV files and vCards, read and written. Pure: a file goes in or out as a stream."""
