"""What a ResNet is, as data: the spec, the zoo of named specs, and how a spec becomes a graph."""
