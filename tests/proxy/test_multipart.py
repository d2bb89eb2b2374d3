"""The model of a multipart form: found in what clients write, refused where parsers differ."""

import httpx
import pytest

from proxy.errors import InvalidRequest
from proxy.multipart import model_of

_TYPE = b"multipart/form-data; boundary=cut"


def form(*parts: bytes, end: bytes = b"--cut--\r\n") -> bytes:
    return b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts) + end


def field(name: bytes, value: bytes) -> bytes:
    return b'Content-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value


def test_the_form_that_httpx_writes_is_read() -> None:
    request = httpx.Request(
        "POST",
        "http://x/v1/audio/transcriptions",
        data={"language": "en", "model": "whisper-1"},
        files={"file": ("speech.mp3", bytes(range(256)) * 10, "audio/mpeg")},
    )
    body = request.read()

    assert model_of(request.headers["content-type"].encode(), body) == "whisper-1"


def test_a_boundary_may_be_quoted() -> None:
    body = form(field(b"model", b"m"))

    assert model_of(b'multipart/form-data; boundary="cut"', body) == "m"


@pytest.mark.parametrize(
    "body",
    [
        form(),
        form(field(b"language", b"en")),
        form(field(b"model", b"a"), field(b"model", b"b")),
        form(field(b"model", b"a"), field(b"Model", b"b")),
        form(field(b"model", b"a"), field(b"model[]", b"b")),
        form(b'Content-Disposition: form-data; name="model"; filename="m"\r\n\r\na'),
        form(b"Content-Disposition: form-data; name=model\r\n\r\na"),
        form(b"Content-Disposition: form-data; name*=UTF-8''model\r\n\r\na"),
        form(b'Content-Disposition: form-data; name="x"\r\n folded: y\r\n\r\na'),
        form(b"no header at all"),
        form(field(b"model", b"\xff")),
        form(field(b"model", b"a"), end=b""),
        form(field(b"model", b"a"), end=b"--cut--\r\nepilogue"),
        b"preamble\r\n" + form(field(b"model", b"a")),
        b"",
    ],
)
def test_whatever_leaves_doubt_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        model_of(_TYPE, body)


@pytest.mark.parametrize(
    "declared",
    [
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=a; boundary=b",
        b"multipart/form-data; charset=x; boundary=cut",
        b"multipart/mixed; boundary=cut",
    ],
)
def test_a_boundary_that_is_not_plainly_declared_is_refused(declared: bytes) -> None:
    with pytest.raises(InvalidRequest):
        model_of(declared, form(field(b"model", b"m")))
