"""The verbs, for Python and for the command line alike: each is a function of one of these files.

Most return an Answer. ``model`` is a variant's name, the path of a spec.toml, a ResNetSpec or code (see ``sources``);
``settings`` change its spec: ``field=value`` texts, or a dictionary of fields. ``kwargs``, in the same two forms, are
arguments of what makes a net in code. ``input`` is N, C, H, W.
"""
