"""The model of a multipart form: found in what clients write, refused where parsers differ."""

import itertools

import httpx
import pytest

from proxy.body.model_rule import NAME_MAX_BYTES, named_by_form
from proxy.body.multipart import HEAD_MAX_BYTES, PARTS_MAX, FormReader, fields_of
from proxy.errors import InvalidRequest

_TYPE = b"multipart/form-data; boundary=cut"


def form(*parts: bytes, end: bytes = b"--cut--\r\n") -> bytes:
    return b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts) + end


def field(name: bytes, value: bytes) -> bytes:
    return b'Content-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value


def model_of(declared: bytes, body: bytes, *cuts: int) -> str:
    reader = FormReader(declared, keep=NAME_MAX_BYTES)
    for start, end in itertools.pairwise([0, *cuts, len(body)]):
        reader.feed(body[start:end])
    return named_by_form(reader.end())


def test_the_form_that_httpx_writes_is_read() -> None:
    request = httpx.Request(
        "POST",
        "http://x/v1/audio/transcriptions",
        data={"language": "en", "model": "whisper-1"},
        files={"file": ("speech.mp3", bytes(range(256)) * 10, "audio/mpeg")},
    )
    body = request.read()

    declared = request.headers["content-type"].encode()
    assert model_of(declared, body) == "whisper-1"
    assert model_of(declared, body, *range(1, len(body))) == "whisper-1"
    assert all(model_of(declared, body, cut) == "whisper-1" for cut in range(0, len(body), 7))


def test_the_form_that_dotnet_writes_is_read() -> None:
    file = (
        b'Content-Type: audio/mpeg\r\nContent-Disposition: form-data; name="file"; '
        b"filename=\"a.mp3\"; filename*=utf-8''Gr%C3%BC%C3%9Fe.mp3\r\n\r\nxxxx"
    )
    assert model_of(_TYPE, form(field(b"model", b"m"), file)) == "m"


@pytest.mark.parametrize(
    "named",
    [
        b"name=file; filename=a.mp3",
        b"name=file; filename=a.mp3; filename*=utf-8''Gr%C3%BC%C3%9Fe.mp3",
        b"name=\"file\"; filename*=utf-8''Gr%C3%BC%C3%9Fe.mp3",
        b'name="file";filename="a.mp3"',
    ],
)
def test_forms_without_quotes_and_names_of_other_alphabets_are_read(named: bytes) -> None:
    file = b"Content-Disposition: form-data; " + named + b"\r\n\r\nxxxx"
    model = b"Content-Type: text/plain\r\nContent-Disposition: form-data; name=model\r\n\r\nm"
    body = form(model, file)
    assert model_of(_TYPE, body) == "m"
    assert model_of(_TYPE, body, *range(1, len(body))) == "m"


def test_an_empty_field_has_no_bytes() -> None:
    body = form(field(b"prompt", b""), field(b"model", b"m"))
    assert fields_of(_TYPE, body) == [(b"prompt", 0), (b"model", 1)]


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
        form(b"Content-Disposition: form-data; name=model; filename=m\r\n\r\na"),
        form(b"Content-Disposition: form-data; name=model; filename*=utf-8''m\r\n\r\na"),
        form(b"Content-Disposition: form-data; name=mo del\r\n\r\na"),
        form(b'Content-Disposition: form-data; name=mod"el\r\n\r\na'),
        form(b'Content-Disposition: form-data; name="x"; name=model\r\n\r\na'),
        form(b"Content-Disposition: form-data; name=Model\r\n\r\na"),
        form(b"Content-Disposition: form-data; name*=UTF-8''model\r\n\r\na"),
        form(b'Content-Disposition: form-data; name="x"\r\n folded: y\r\n\r\na'),
        form(b"no header at all"),
        form(field(b"model", b"\xff")),
        form(field(b"model", b"a"), end=b""),
        form(field(b"model", b"a"), end=b"--cut--\r\nepilogue"),
        b"preamble\r\n" + form(field(b"model", b"a")),
        b"",
        b"--cut--\r\n",
        form(field(b"model", b"a"), field(b"models", b"b")),
        form(field(b"model", b"a"), field(b"fallbacks", b"b")),
        form(field(b"model", b"m" * 1025)),
        # Other readers take a line's end, or what follows, for something else.
        form(field(b"model", b"a"), field(b"x", b"1\n--cut\n2")),
        form(field(b"model", b"a"), field(b"x", b"1\r\n--cut \r\n2")),
        form(field(b"model", b"a"), field(b"x", b"1\n--cut\r\n" + field(b"y", b"2"))),
        form(field(b"model", b"a"), field(b"x", b"1\r\n-cut\r\n" + field(b"y", b"2"))),
        form(field(b"model", b"a"), field(b"x", b"1\r\n--cut-\r\n2")),
        form(field(b"model", b"a"), field(b"x", b"a cut inside")),
        form(field(b"model", b"a"), b'X: cut\r\nContent-Disposition: form-data; name="x"\r\n\r\n'),
        form(*[field(b"x", b"")] * PARTS_MAX, field(b"model", b"a")),
        form(field(b"model", b"a"), field(b"x" * HEAD_MAX_BYTES, b"b")),
    ],
    ids=lambda body: body[-60:].decode("latin-1"),
)
def test_whatever_leaves_doubt_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        model_of(_TYPE, body)
    with pytest.raises(InvalidRequest):
        model_of(_TYPE, body, *range(1, len(body)))


@pytest.mark.parametrize(
    "text",
    [b"--cut\r\n", b"\r\n--cu", b"\r\n", field(b"x", b"") + b"\r\n--cut\r\n", b"\r\n--cut"],
)
def test_the_steps_of_a_form_do_not_depend_on_what_is_in_it(text: bytes) -> None:
    reader = FormReader(_TYPE, keep=NAME_MAX_BYTES)
    body = b"--cut\r\n" + field(b"x", b"") + b"\r\n--cut\r\n" + text * (256 * 1024 // len(text))
    pieces = [body[start : start + 16 * 1024] for start in range(0, len(body), 16 * 1024)]
    try:
        for piece in pieces:
            reader.feed(piece)
    except InvalidRequest:
        pass
    # A part costs three, a piece one; some microseconds each.
    assert reader.steps <= 3 * (PARTS_MAX + 2) + len(pieces)


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
    assert fields_of(declared, form(field(b"model", b"m"))) is None
