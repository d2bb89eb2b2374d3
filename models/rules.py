"""The kinds of values that fields hold, each with its bounds: one rule for every door.

Types only. Values that JSON, queries and forms can only write as text (ids, times) are parsed
here, and by one form each.
"""

import ipaddress
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from config import parse_base_url
from config.origins import ALLOWED_ORIGIN
from models import credentials
from models.credentials import BadCredential
from models.text import in_stored_order, unseen

#: Integers beyond it are not the same number in every JSON reader.
LARGEST_INTEGER: Final = 2**53 - 1
#: A century, in seconds: more is a mistake, and beyond what databases and clients can date.
LONGEST_LIFETIME: Final = 36_525 * 86_400
#: The longest name of a model, in bytes of UTF-8; in a URL or in JSON it is longer.
LONGEST_MODEL: Final = 1024
#: How long the old secret of a rotation may still work, in seconds.
LONGEST_GRACE: Final = 90 * 86_400

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# RFC 3339 5.6; a leap second is no time that a datetime can hold.
_RFC3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_VISIBLE_TEXT: Final = re.compile("[!-~]+")
#: Of a key that is a string: a header holds it.
_LONGEST_STRING: Final = 4096
_ADDRESS_WITH_STAR: Final = re.compile(r"[0-9A-Fa-f.:*]+")
#: Between them, a day more or less is still a time that Python and every database can hold.
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9000


def field_error(message: str) -> PydanticCustomError:
    """The error of a field: `message` as it is, without pydantic's prefix."""
    # A template with nothing to fill in: braces in it would be taken for a place.
    return PydanticCustomError("invalid", "{message}", {"message": message})


def matching(pattern: str, message: str) -> tuple[AfterValidator, Any]:
    """A text that `pattern` describes whole, for validation and for the document."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise field_error(message)
        return text

    return AfterValidator(check), Field(json_schema_extra={"pattern": f"^(?:{pattern})$"})


def parsed_by(parse: Callable[[str], str]) -> AfterValidator:
    """A text as `parse` gives it back, or the ValueError that it raises."""

    def check(text: str) -> str:
        try:
            return parse(text)
        except ValueError as exc:
            raise field_error(f"This is not usable: {exc}.") from None

    return AfterValidator(check)


def _storable(text: str) -> str:
    for character in text:
        # C0, DEL, C1 and surrogates: PostgreSQL refuses some, and terminals obey others.
        if character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff":
            raise field_error("This holds a control character or a lone surrogate.")
    return text


def _visible(text: str) -> str:
    found = unseen(_storable(text))
    if found is not None:
        raise field_error(
            f"This holds {found}, a character that is not seen or turns the writing round."
        )
    return text


def _to_uuid(value: object) -> UUID:
    if not isinstance(value, str) or _UUID.fullmatch(value) is None:
        raise field_error("This is not an id.")
    return UUID(value)


def _to_moment(value: object) -> datetime:
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise field_error("This is not a time such as 2030-01-31T12:00:00Z.")
    day, time, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(
            f"{day}T{time}{(fraction or '')[:7]}{'+00:00' if zone in 'Zz' else zone}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise field_error("There is no such time.") from None
    if not is_datable(moment):
        raise field_error(f"This is not between the years {FIRST_YEAR} and {LAST_YEAR}.")
    return moment


def _is_ahead(moment: datetime) -> datetime:
    ahead = moment - datetime.now(UTC)
    if not timedelta(0) < ahead <= timedelta(seconds=LONGEST_LIFETIME):
        raise field_error("This is not in the future, or more than a century away.")
    return moment


def _address(text: str) -> str:
    if "*" in text:
        if not _ADDRESS_WITH_STAR.fullmatch(text):
            raise ValueError("neither an address nor a network")
        return text
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("neither an address nor a network with no host bits set") from None
    return str(network) if "/" in text else str(network.network_address)


def _as_text(value: object) -> object:
    """JSON of a credential stands in JSON as text, or as it is."""
    return json.dumps(value) if isinstance(value, dict) else value


def _key(text: str) -> str:
    if credentials.is_json(text):
        try:
            return credentials.checked(text)
        except BadCredential as exc:
            raise field_error(str(exc)) from None
    if len(text) > _LONGEST_STRING:
        raise field_error(f"This is longer than {_LONGEST_STRING:,} characters.")
    if _VISIBLE_TEXT.fullmatch(text) is None:
        raise field_error("Only visible ASCII characters, no spaces.")
    return text


def is_datable(moment: datetime) -> bool:
    """Whether sums and ranges of time can begin or end with `moment`."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def parse_id(text: str) -> UUID | None:
    """An id from a path; None when it cannot be one."""
    return UUID(text) if _UUID.fullmatch(text) else None


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_visible),
]
"""The name of something that must have one."""

Label = Annotated[str, StringConstraints(max_length=200), AfterValidator(_visible)]
"""Text that may be empty."""

SearchText = Annotated[str, StringConstraints(max_length=200), AfterValidator(_storable)]
"""What is searched for, which may be a name from before names had to be visible."""

Id = Annotated[UUID, BeforeValidator(_to_uuid)]
Moment = Annotated[datetime, BeforeValidator(_to_moment)]
FutureMoment = Annotated[Moment, AfterValidator(_is_ahead)]

RatePerMinute = Annotated[int, Field(ge=1, le=1_000_000_000)]
Parallel = Annotated[int, Field(ge=1, le=1_000_000)]
Quota = Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]
Weight = Annotated[int, Field(ge=1, le=1_000_000)]
Priority = Annotated[
    int,
    Field(
        ge=0, le=1000, description="Keys of the lowest that has one which is fit are asked first."
    ),
]

ApiKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=credentials.LONGEST),
    AfterValidator(_key),
    BeforeValidator(_as_text),
    Field(
        repr=False,
        description='A string; or, as text or as an object, JSON: {"access_key_id", '
        '"secret_access_key", "session_token"?, "region"} of AWS, the file of a Google service '
        'account, {"tenant_id", "client_id", "client_secret"} of Entra, or {"source": '
        '"environment"}.',
        json_schema_extra={"pattern": "^(?:[!-z|-~][!-~]*)$", "maxLength": _LONGEST_STRING},
    ),
]
"""An upstream's key. What a string holds beyond it would be cut, folded or refused in a header."""

ModelPattern = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_visible)
]

#: An allow list. "None at all" would be `null`'s opposite and useless: an empty one is a mistake.
ALLOW_LIST: Final = Field(min_length=1, max_length=1000)
ModelPatterns = Annotated[list[ModelPattern], ALLOW_LIST]

_PREFIX, _PREFIX_FIELD = matching(
    r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]{1,64}){0,4}",
    "This is neither empty nor a path such as /api/v2, without a slash at its end.",
)
V1Prefix = Annotated[
    str,
    StringConstraints(max_length=200),
    _PREFIX,
    _PREFIX_FIELD,
    Field(description="What stands upstream in place of a path's leading /v1."),
]

_AUTH, _AUTH_FIELD = matching(
    r"bearer|x-api-key|api-key|basic|aws-sigv4|google|entra|none"
    r"|(header|query):([a-z0-9-]{1,64}-)?(key|token|auth|authorization|secret)",
    "This is none of bearer, x-api-key, api-key, basic, aws-sigv4, google, entra, none,"
    " header:NAME and query:NAME, whose NAME ends in key, token, auth, authorization or secret.",
)
KeyAuth = Annotated[
    str,
    StringConstraints(max_length=128),
    _AUTH,
    _AUTH_FIELD,
    Field(description="How this key is presented; null: as its provider says."),
]


def _literal(name: str) -> str:
    if "*" in name:
        raise field_error("This holds a *: a model is named here, not a pattern of names.")
    if len(name.encode()) > LONGEST_MODEL:
        raise field_error(f"This is longer than {LONGEST_MODEL:,} bytes.")
    return name


_ModelName = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_MODEL), AfterValidator(_visible)
]
ModelMap = Annotated[
    dict[Annotated[_ModelName, AfterValidator(_literal)], _ModelName],
    AfterValidator(in_stored_order),
    Field(
        min_length=1,
        max_length=200,
        description="What this key's upstream calls models, by the names that clients have for"
        ' them: {"gpt-4o": "my-deployment"}. Requests that go to it name them so.',
    ),
]

BaseUrl = Annotated[
    str,
    StringConstraints(max_length=2048),
    parsed_by(parse_base_url),
    Field(
        description="http(s)://HOST[:PORT][/PATH]; a trailing /v1 is stripped.",
        json_schema_extra={"format": "uri"},
    ),
]

_CLOUD_NAME, _CLOUD_NAME_FIELD = matching(
    r"[A-Za-z0-9][A-Za-z0-9._:-]*", "This is not a name such as my-project-1 or europe-west4."
)
CloudName = Annotated[str, StringConstraints(max_length=200), _CLOUD_NAME, _CLOUD_NAME_FIELD]

_ORIGIN, _ORIGIN_FIELD = matching(
    ALLOWED_ORIGIN,
    "This is not an origin such as https://app.example.com: scheme and host, no path.",
)
Origin = Annotated[str, StringConstraints(to_lower=True, max_length=300), _ORIGIN, _ORIGIN_FIELD]

_ENDPOINT, _ENDPOINT_FIELD = matching(
    r"((GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|\*) )?[/*][!\"$->@-~]*",
    "This is neither a path nor METHOD and a path, such as POST /v1/chat/completions.",
)
Endpoint = Annotated[str, StringConstraints(max_length=300), _ENDPOINT, _ENDPOINT_FIELD]
Address = Annotated[
    str,
    StringConstraints(max_length=50),
    parsed_by(_address),
    Field(description="An address, a network such as 10.0.0.0/8, or an address with `*`."),
]
