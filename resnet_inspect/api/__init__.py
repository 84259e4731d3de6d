"""The verbs, for Python and for the command line alike: each is a function of one of these files.

Most return an Answer. ``model`` is a variant's name, the path of a spec.toml, a ResNetSpec or code (see ``sources``);
``settings`` change its spec: ``field=value`` texts, or a dictionary of fields; ``input`` is N, C, H, W.
"""
