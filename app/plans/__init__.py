"""Recovery plans as files: what stands in them, read and checked; how they are drafted, imported and written."""
