"""Training: recipes, data sets and runs as data, what a run will cost and what came of it; ``loop`` trains, with torch.

A run is a folder:

    last.pt       everything that ``--resume`` continues from
    best.pt       the weights of the epoch with the best test accuracy
    recipe.toml   the recipe, as ``--recipe`` reads it
    results.json  the epochs so far, and the best
    history.csv   the same epochs, a row each
    events.*      scalars for TensorBoard
"""
