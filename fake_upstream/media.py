"""OpenAI's images and audio: uploads as multipart forms, downloads as bytes.

https://platform.openai.com/docs/api-reference/images and …/audio
"""

from __future__ import annotations

import base64
import time

from fake_upstream.answer import Answer, Request, json_answer
from fake_upstream.forms import read_form
from fake_upstream.pattern import generated
from fake_upstream.store import Store

# One transparent pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
SPEECH_BYTES = 48_000


def generate_image(request: Request, store: Store) -> Answer:
    payload = request.json()
    number = payload.get("n")
    return _images(number if isinstance(number, int) else 1, str(payload.get("prompt", "")))


def edit_image(request: Request, store: Store) -> Answer:
    form = read_form(request)
    number = form.text("n")
    return _images(int(number) if number.isdecimal() else 1, form.text("prompt"))


def _images(number: int, prompt: str) -> Answer:
    words = len(prompt.split())
    usage = {
        "input_tokens": words,
        "input_tokens_details": {"text_tokens": words, "image_tokens": 0},
        "output_tokens": 16 * number,
        "total_tokens": words + 16 * number,
    }
    data = [{"b64_json": base64.b64encode(PNG).decode()} for _ in range(number)]
    return json_answer({"created": int(time.time()), "data": data, "usage": usage})


def transcribe(request: Request, store: Store) -> Answer:
    form = read_form(request)
    name, content = form.file("file")
    text = f"The fake upstream heard {name}, {len(content)} bytes."
    words = len(text.split())
    usage = {
        "type": "tokens",
        "input_tokens": 10,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 10},
        "output_tokens": words,
        "total_tokens": 10 + words,
    }
    if form.text("response_format") == "text":
        return Answer(
            headers=((b"content-type", b"text/plain; charset=utf-8"),), body=text.encode()
        )
    return json_answer({"text": text} if request.fake.nousage else {"text": text, "usage": usage})


def speak(request: Request, store: Store) -> Answer:
    request.json()
    return Answer(headers=((b"content-type", b"audio/mpeg"),), body=generated(SPEECH_BYTES))
