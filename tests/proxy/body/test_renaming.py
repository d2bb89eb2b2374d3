"""Other names for models, put where a path, a form or header lines have the client's."""

from __future__ import annotations

import pytest

from proxy.body.multipart import FormReader
from proxy.body.renaming import in_form, in_lines, in_target
from proxy.providers.catalog import BUILT_IN
from tests.proxy.body.test_multipart import field, form


@pytest.mark.parametrize(
    ("provider", "method", "target", "renamed"),
    [
        ("gemini", "POST", "/v1beta/models/a:generateContent", "/v1beta/models/%s:generateContent"),
        ("gemini", "POST", "/v1/models/a:countTokens?a=a", "/v1/models/%s:countTokens?a=a"),
        ("bedrock", "POST", "/model/a/converse", "/model/%s/converse"),
        ("bedrock", "POST", "/model/%61/converse", "/model/%s/converse"),
        ("bedrock", "POST", "/model/a%2Fb/converse", None),
        ("bedrock", "POST", "/model/converse/converse", None),
    ],
)
def test_a_name_in_a_path_is_written_so_that_it_stays_one_segment(
    provider: str, method: str, target: str, renamed: str | None
) -> None:
    route = BUILT_IN[provider].match(target.partition("?")[0].encode())[method]
    made = in_target(route, target.encode(), {"a": "arn:x/é ?"})
    wanted = None if renamed is None else (renamed % "arn%3Ax%2F%C3%A9%20%3F").encode()
    assert made == wanted


def test_a_name_that_may_take_further_segments_keeps_its_slashes() -> None:
    route = BUILT_IN["openai"].match(b"/v1/models/org/a")["GET"]
    assert in_target(route, b"/v1/models/org/a", {"org/a": "b/c d"}) == b"/v1/models/b/c%20d"


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_the_places_of_a_form_are_right_however_it_was_cut(step: int) -> None:
    body = form(field(b"x", b"m"), field(b"model", b"m"), field(b"model", b"other"))
    reader = FormReader(b"multipart/form-data; boundary=cut", keep=100)
    for at in range(0, len(body), step):
        reader.feed(body[at : at + step])
    for part in reader.end():
        assert body[part.start : part.start + part.size] == part.value
    (splice,) = in_form(reader.parts, {"m": "longer"})
    made = body[: splice.start] + splice.text + body[splice.end :]
    assert made == form(field(b"x", b"m"), field(b"model", b"longer"), field(b"model", b"other"))


def test_header_lines_say_the_new_length_and_keep_everything_else() -> None:
    lines = (
        b"content-length:5\r\nX-Content-Length: 5\r\nCONTENT-Encoding: gzip\r\n"
        b"X: Content-Length: 5\r\n"
    )
    assert in_lines(lines, 12) == (
        b"content-length: 12\r\nX-Content-Length: 5\r\nX: Content-Length: 5\r\n"
    )
