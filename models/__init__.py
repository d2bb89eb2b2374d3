"""The data room: what is stored, and the rules that hold for it.

Domain rules live on the models, so that the API, the admin and the command line, which call the
same methods, all audit and invalidate alike. This room knows no web framework and none of the
other rooms; its errors are in `errors.py`.
"""

# First, since it says how the classes are made that the others hold.
from models.db import model_classes as model_classes

# isort: split
from models.administrators import AdminSession, AdminUser
from models.audit import Actor, AuditEvent
from models.budget_alerts import BudgetAlert
from models.destinations import Destination, DestinationState
from models.events import Event, EventOnce
from models.exhaustion import Exhausted
from models.generation import Change, Generation
from models.heartbeats import Heartbeat
from models.journal_position import JournalPosition
from models.key_states import KeyRest, KeyState
from models.management_tokens import ManagementToken
from models.objects import UpstreamObject
from models.outbox import OutboxItem
from models.project_cache import ProjectCache
from models.projects import Project
from models.refusals import Refusal, RefusalHour
from models.request_log import RequestLog
from models.revocations import Revocation
from models.tokens import Token, TokenSecret
from models.upstream_keys import UpstreamKey
from models.upstream_tokens import UpstreamToken
from models.usage import UsageDimension, UsageHour, UsageMinute, UsageValue

#: What Tortoise finds here; the name is Tortoise's.
__models__ = (
    Project,
    UpstreamKey,
    UpstreamToken,
    Token,
    TokenSecret,
    UsageMinute,
    UsageHour,
    RequestLog,
    AuditEvent,
    AdminUser,
    AdminSession,
    ManagementToken,
    JournalPosition,
    Generation,
    Change,
    Revocation,
    Heartbeat,
    KeyRest,
    KeyState,
    UpstreamObject,
    UsageDimension,
    UsageValue,
    BudgetAlert,
    OutboxItem,
    RefusalHour,
    Refusal,
    Event,
    EventOnce,
    Destination,
    DestinationState,
    Exhausted,
    ProjectCache,
)

__all__ = [
    "Actor",
    "AdminSession",
    "AdminUser",
    "AuditEvent",
    "BudgetAlert",
    "Change",
    "Destination",
    "DestinationState",
    "Event",
    "EventOnce",
    "Exhausted",
    "Generation",
    "Heartbeat",
    "JournalPosition",
    "KeyRest",
    "KeyState",
    "ManagementToken",
    "OutboxItem",
    "Project",
    "ProjectCache",
    "Refusal",
    "RefusalHour",
    "RequestLog",
    "Revocation",
    "Token",
    "TokenSecret",
    "UpstreamKey",
    "UpstreamObject",
    "UpstreamToken",
    "UsageDimension",
    "UsageHour",
    "UsageMinute",
    "UsageValue",
]
