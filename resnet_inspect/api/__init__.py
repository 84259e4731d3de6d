"""The verbs, for Python and for the command line alike: each is a function of one of these files.

Most return an Answer. ``model`` is a variant's name, the path of a spec.toml, a ResNetSpec or code (see ``sources``);
``settings`` are ``field=value`` texts that change its spec; ``input`` is N, C, H, W.
"""
