"""Every exit code of the command line, and every error a user can meet.

OK            0  the answer is there, and everything checked holds
FAILED        1  a check, a budget or a comparison failed
BAD_REQUEST   2  the request is wrong, as click exits too
NO_MACHINE    3  this machine cannot do it
INCONCLUSIVE  4  measured, but invalid or undecided
INTERRUPTED 130  Ctrl-C, as a shell reports it

InspectError
├── RequestError            BAD_REQUEST  the request is wrong
│   ├── UnknownModelError      no variant or file of that name
│   ├── UnknownKeyError        an answer has no such fact or table; a KeyError too
│   ├── SpecError              a field of a spec is wrong, or two fields contradict each other
│   ├── TraceError             code makes a call that no Graph can hold; names the call
│   └── ShapeError             an operation cannot take that input; names the node
│       └── BranchError           a block's two branches cannot be added
├── OutputError             BAD_REQUEST  the result cannot be written to -o
├── MachineError            NO_MACHINE   this machine cannot do it
├── PeerError               as the peer  another process of the run has the error, and tells it
└── InconclusiveError       INCONCLUSIVE  too little was measured to answer
"""

OK = 0
FAILED = 1
BAD_REQUEST = 2
NO_MACHINE = 3
INCONCLUSIVE = 4
INTERRUPTED = 130


class InspectError(Exception):
    """One line on what went wrong and, in ``hint``, one on what to do about it; its text has both."""

    exit_code = FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint:  {self.hint}" if self.hint else self.message


class RequestError(InspectError):
    exit_code = BAD_REQUEST


class UnknownModelError(RequestError):
    pass


class UnknownKeyError(RequestError, KeyError):
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
    exit_code = BAD_REQUEST


class MachineError(InspectError):
    exit_code = NO_MACHINE


class PeerError(InspectError):
    def __init__(self, exit_code: int) -> None:
        super().__init__("another process of the run failed")
        self.exit_code = exit_code


class InconclusiveError(InspectError):
    exit_code = INCONCLUSIVE
