"""What the arrays refuse, and how each door words it: HTTP status, WSAPI code and description, CLI text.

Numbers that no public document gives are the lab's own; a client tells refusals apart by HTTP status and text.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class Words(Struct, frozen=True):
    """``text`` may hold ``{}`` for the object's name."""

    status: int
    code: int
    text: str


class Why(Enum):
    """The WSAPI names of the refusals."""

    INV_USER_PASS = Words(403, 5, "invalid username or password")
    INV_SESSION_KEY = Words(403, 6, "invalid session key")
    SESSION_EXPIRED = Words(401, 6, "invalid session key")
    SESSION_LIMIT = Words(503, 9, "maximum number of WSAPI sessions reached")
    SESSION_LIMIT_322 = Words(403, 9, "maximum number of WSAPI sessions reached")
    INV_INPUT = Words(400, 12, "invalid input: {}")
    EXISTENT_CPG = Words(409, 14, "CPG exists")
    NON_EXISTENT_CPG = Words(404, 15, "CPG does not exist")
    EXISTENT_HOST = Words(409, 16, "host exists")
    NON_EXISTENT_HOST = Words(404, 17, "host does not exist")
    NON_EXISTENT_VLUN = Words(404, 19, "VLUN does not exist")
    EXISTENT_VLUN = Words(409, 20, "VLUN exists")
    EXISTENT_VOL = Words(409, 22, "volume exists")
    NON_EXISTENT_VOL = Words(404, 23, "volume does not exist")
    EXPORTED_VLUN = Words(409, 26, "{} has exported VLUN")
    NOT_SWITCHED = Words(400, 29, "remote copy group {} was not previously switched over")
    HAS_CHILD = Words(409, 32, "volume {} has a child volume")
    INV_INPUT_WRONG_TYPE = Words(400, 39, "invalid input: wrong type: {}")
    INV_INPUT_MISSING_REQUIRED = Words(400, 40, "invalid input: missing required: {}")
    INV_INPUT_EXCEEDS_RANGE = Words(400, 43, "invalid input: number exceeds expected range: {}")
    INV_INPUT_PARAM_CONFLICT = Words(400, 44, "invalid input: parameters cannot be present at the same time: {}")
    INV_INPUT_BAD_ENUM_VALUE = Words(400, 46, "invalid input: bad enum value: {}")
    INV_INPUT_EXCEEDS_LENGTH = Words(400, 57, "invalid input: string length exceeds limit: {}")
    UNLICENSED_FEATURE = Words(403, 58, "system is not licensed for {}")
    INV_INPUT_ILLEGAL_CHAR = Words(400, 69, "illegal character in input: {}")
    EXISTENT_PATH = Words(409, 73, "host WWN/iSCSI name already used by another host: {}")
    INV_INPUT_ONE_REQUIRED = Words(400, 78, "invalid input: one of the parameters is required: {}")
    IN_REMOTE_COPY = Words(403, 120, "volume {} is involved in remote copy")
    NON_EXISTENT_TASK = Words(404, 145, "task does not exist")
    NON_EXISTENT_RCOPY_GROUP = Words(404, 187, "remote copy group does not exist")
    NON_EXISTENT_RCOPY_TARGET = Words(404, 188, "remote copy target does not exist")
    NON_EXISTENT_RCOPY_LINK = Words(404, 189, "remote copy link does not exist")
    RCOPY_MIXED_MODES = Words(400, 236, "cannot have groups with more than one synchronization mode on target {}")
    EXISTENT_RCOPY_GROUP = Words(409, 237, "remote copy group exists")
    RCOPY_GROUP_NOT_STARTED = Words(403, 282, "remote copy group {} is not started")
    RCOPY_GROUP_STARTED = Words(403, 283, "remote copy group {} is started")
    RCOPY_GROUP_NOT_STOPPED = Words(403, 284, "remote copy group {} is not stopped")
    RCOPY_GROUP_IS_BUSY = Words(403, 285, "remote copy group {} is busy")
    RCOPY_GROUP_EMPTY = Words(403, 286, "remote copy group {} has no volumes")
    INV_OPERATION_RCOPY_GROUP_ROLE_CONFLICT = Words(403, 287, "role of remote copy group {} does not allow this")
    RCOPY_GROUP_OPERATION_ONLY_ON_PRIMARY_SIDE = Words(403, 288, "group {}: operation only on the primary side")
    RCOPY_GROUP_OPERATION_ONLY_ON_SECONDARY_SIDE = Words(403, 289, "group {}: operation only on the secondary side")
    RCOPY_GROUP_INV_TARGET = Words(400, 290, "target is not a target of remote copy group {}")
    RCOPY_TARGET_IS_NOT_READY = Words(403, 291, "target of remote copy group {} is not up and ready")
    INV_OPERATION_VV_PROMOTE_IN_PROGRESS = Words(403, 292, "volumes of group {} are currently being promoted")
    RCOPY_GROUP_NOT_IN_FAILSAFE_STATE = Words(403, 293, "remote copy group {} is not in failsafe state")
    RCOPY_VOLUME_SIZE_DIFFERS = Words(400, 294, "sizes of the volumes differ: {}")
    NON_EXISTENT_VV_IN_RCOPY_GROUP = Words(404, 295, "volume {} is not in the group")
    VV_NOT_SNAPSHOT = Words(409, 296, "volume {} is a base volume")
    BAD_REQUEST = Words(400, 4, "bad request")
    NOT_FOUND = Words(404, 8, "resource {} does not exist")
    NOT_IMPLEMENTED = Words(501, 7, "not implemented")


class ArrayError(Exception):
    """The array refuses. ``subject`` fills the text."""

    def __init__(self, why: Why, subject: str = "") -> None:
        super().__init__(f"{why.name}: {why.value.text.format(subject)}")
        self.why = why
        self.subject = subject

    @property
    def sentence(self) -> str:
        return self.why.value.text.format(self.subject)
