"""Every error a user can meet, and the exit code each one means.

InspectError
├── RequestError            2  the request is wrong
│   ├── UnknownModelError      no variant or file of that name
│   ├── SpecError              a field of a spec is wrong, or two do not fit together
│   ├── TraceError             code that cannot be written down as a Graph; names the call
│   └── ShapeError             an operation cannot take that input; names the node
│       └── BranchError           a block's two branches cannot be added
├── OutputError             2  the result cannot be written where it was asked for
└── MachineError            3  this machine cannot do it
"""


class InspectError(Exception):
    """What went wrong in one line, and optionally what to do about it in another."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RequestError(InspectError):
    exit_code = 2


class UnknownModelError(RequestError):
    pass


class SpecError(RequestError):
    pass


class TraceError(RequestError):
    pass


class ShapeError(RequestError):
    pass


class BranchError(ShapeError):
    pass


class OutputError(InspectError):
    exit_code = 2


class MachineError(InspectError):
    exit_code = 3
