"""The operations a ResNet is made of, one frozen dataclass each, named as in torch."""
