"""What is taken out of text, whole, before anybody writes it down."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from models.secrets import generate
from telemetry.redaction import REDACTED, escaped, known_secrets, plain, reach, redact

TOKEN = generate()
KEY = "sk-proj-AbCdEf_GhIjKl-0123456789"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"a {TOKEN} b", f"a {REDACTED} b"),
        (f"{TOKEN[:9]}", REDACTED),
        (generate("llmpm_"), REDACTED),
        (f"Incorrect API key provided: {KEY}.", f"Incorrect API key provided: {REDACTED}."),
        ("a -----BEGIN PRIVATE KEY-----\nMI/E=\n-----END x", f"a {REDACTED}-----END x"),
        ("got ya29.a0Af_x-yz.1 now", f"got {REDACTED} now"),
        ("got eyJhbGciOi.eyJpc3MiOi.c2ln-_x0 now", f"got {REDACTED} now"),
        ("Authorization: Bearer abc.def/x==", f"Authorization: {REDACTED}"),
        ("curl -H 'Bearer  abc' now", f"curl -H 'Bearer  {REDACTED}' now"),
        ("authorization: Basic dXNlcjpwYXNz", f"authorization: {REDACTED}"),
        ('{"api_key": "hunter2", "n": 1}', f'{{"api_key": "{REDACTED}", "n": 1}}'),
        ('{"apiKey":"a\\"b","x":"y"}', f'{{"apiKey":"{REDACTED}","x":"y"}}'),
        ('{"client_secret": "one\ntwo"}', f'{{"client_secret": "{REDACTED}"}}'),
        ('{"Password":"unfinished', f'{{"Password":"{REDACTED}'),
        (r'{"a":"{\"token\": \"hunter2\"}"}', r'{"a":"{\"token\": \"[redacted]\"}"}'),
        ("password=hunter2&x=1", f"password={REDACTED}&x=1"),
        ("x = {'secret': 'hunter2'}", f"x = {{'secret': '{REDACTED}'}}"),
        ("AWS_SECRET_ACCESS_KEY=hunter2", f"AWS_SECRET_ACCESS_KEY={REDACTED}"),
        (f'"input": "{TOKEN} {TOKEN}"', f'"input": "{REDACTED} {REDACTED}"'),
    ],
    # Numbers: the secrets are others in every process that collects this.
    ids=count(),
)  # fmt: skip
def test_secrets_are_taken_out(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        '{"max_tokens": 100, "usage": {"prompt_tokens": 3, "total_tokens":7}}',
        '{"completion_tokens_details": {"reasoning_tokens": 0}, "token": null}',
        "sk-learn, task-force-for-everybody, a bearer, tokens and passwords, risk-assessment",
        "How do I reset a password?",
        "eyJ is how each begins, as ya29. does",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("secret", ["0af1-x/y+z", 'quo"te\\d/9', "pass word ü"])
def test_a_known_secret_is_found_in_each_form(secret: str) -> None:
    known = escaped(secret, "abc", None)
    dumped = json.dumps({"said": f"it is {secret}!"}, ensure_ascii=False)

    assert redact(f"<{secret}>", known) == f"<{REDACTED}>"
    assert redact(plain(dumped), known) == f'{{"said": "it is {REDACTED}!"}}'
    assert redact(plain(dumped.replace("/", "\\/")), known) == f'{{"said": "it is {REDACTED}!"}}'
    assert redact("abc", known) == "abc"


def _percent(secret: str, hexadecimal: str, which: int = 1) -> str:
    """Every `which`-th character percent-encoded; `hexadecimal` is `02x` or `02X`."""
    return "".join(
        "".join(f"%{byte:{hexadecimal}}" for byte in one.encode()) if n % which == 0 else one
        for n, one in enumerate(secret)
    )


@pytest.mark.parametrize("secret", [KEY, "0af1-x/y+z", 'quo"te d/9', "pass word ü"])
@pytest.mark.parametrize("hexadecimal", ["02x", "02X"])
@pytest.mark.parametrize("which", [1, 3])
def test_a_known_secret_is_found_however_it_is_percent_encoded(
    secret: str, hexadecimal: str, which: int
) -> None:
    known = escaped(secret)
    once = _percent(secret, hexadecimal, which)
    for written in (once, once.replace("%", "%25"), once.replace("%", "%2525")):
        assert redact(f"a%20b {written}%20c", known) == f"a%20b {REDACTED}%20c"
    assert len(once.encode()) <= reach(known)


@pytest.mark.parametrize("secret", [KEY, "0af1-x/y+z", 'quo"te d/9'])
@pytest.mark.parametrize("hexadecimal", ["04x", "04X"])
def test_a_known_secret_is_found_however_json_escapes_it(secret: str, hexadecimal: str) -> None:
    known = escaped(secret)
    once = "".join(
        f"\\u{ord(one):{hexadecimal}}" if n % 2 else json.dumps(one)[1:-1]
        for n, one in enumerate(secret)
    )
    for written in (once, once.replace("\\", "\\\\"), json.dumps(secret)[1:-1]):
        assert redact(f'{{"a": "\\n{written}\\n"}}', known) == f'{{"a": "\\n{REDACTED}\\n"}}'


@pytest.mark.parametrize("around", ["", "u", "us", "user:", "müll"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_known_secret_is_found_in_base64(around: str, encode: Callable[[bytes], bytes]) -> None:
    secret = "s?cr~t>with/odd?bytes~~"
    written = encode((around + secret + around).encode()).decode()
    shown = redact(f"<{written}>", escaped(secret))
    assert REDACTED in shown
    # What stands around it shares a character with its ends.
    left = shown.replace(REDACTED, "")
    assert len(left) <= len(encode(around.encode())) * 2 + 8


def test_our_own_secrets_and_usual_keys_are_found_behind_escapes() -> None:
    for secret in (TOKEN, KEY):
        assert redact(f"x={_percent(secret, '02x')}&y") == f"x={REDACTED}&y"
    assert redact("a 100% sure %zz \\x \\u12 %25") == "a 100% sure %zz \\x \\u12 %25"


def test_escapes_that_need_not_be_hide_nothing() -> None:
    assert redact(plain(r'{"p\u0061ssword": "x\/y"}')) == f'{{"password": "{REDACTED}"}}'
    assert plain(r"\u0022 \u005c \\u0061 \u00e9 \n") == r"\u0022 \u005c \\u0061 \u00e9 \n"


@given(st.integers(0, 200), st.sampled_from([TOKEN, KEY, f"Bearer {KEY}", '"password": "hunter2"']))
def test_a_secret_at_the_end_is_not_shown_in_part(end: int, secret: str) -> None:
    text = "x" * 80 + " " + secret + " " + "y" * 80

    shown = redact(text, (), end)

    assert shown in redact(text)
    assert len(shown) <= end + len(REDACTED)


@given(st.text(alphabet="\\\"' :=atoken{}llmp_sk-", max_size=60))
def test_whatever_comes_something_is_shown(text: str) -> None:
    assert len(redact(plain(text))) <= len(text) * len(REDACTED)


@pytest.mark.parametrize(
    "piece",
    ["\\", '"', "token", "token=", 'token:"', "token:'", 'token:\\"', '\\"', "bearer ", "sk-",
     "llmp_", " ", "a", "\\u0061", "basic ", "%", "%25", "%61", "\\u"],
)  # fmt: skip
def test_no_text_takes_longer_than_its_length_allows(piece: str) -> None:
    text = 'token:\\"' + piece * (1_000_000 // len(piece))

    # The square of a megabyte would outlast every test's deadline.
    assert redact(plain(text), ("aaaaaaab",))


def test_what_the_configuration_holds_is_known() -> None:
    settings = load(
        {
            "DATABASE_URL": "postgres://u:database-pass@db/llm",
            "ENCRYPTION_KEY": "A" * 42 + "E",
            "MANAGEMENT_TOKEN": "m" * 16,
            "ADMIN_PASSWORD": "correct horse",
            "OPENAI_API_KEY": "0123456789abcdef",
            "METRICS_TOKEN": "metrics-secret",
        },
        None,
    )

    known = known_secrets(settings)

    assert {
        "database-pass", "A" * 42 + "E", "m" * 16, "correct horse", "correct%20horse",
        "0123456789abcdef", "metrics-secret",
    } <= set(known)  # fmt: skip
    assert known_secrets(replace(settings, metrics_token=None)) != known
