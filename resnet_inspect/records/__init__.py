"""Record -> Report: results as tables, comparisons, efficiency."""
