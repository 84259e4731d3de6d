"""What a ResNet costs, exactly and before anything runs."""

__version__ = "0.1.0"
