"""The torch half of training: data sets, the step, the epochs, checkpoints and scalars for TensorBoard."""
