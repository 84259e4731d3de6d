"""The operations of a ResNet, each a frozen dataclass named as in torch."""
