"""A Chart laid out: shapes at places of the picture, which a module for each format writes down."""
