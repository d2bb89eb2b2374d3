"""Keeps e-mail addresses out of prompts: upstreams get "[email]" in their place."""

import json
import re
from typing import Any

from config import Settings
from proxy.middleware import View

#: It begins where a word does and gives nothing back, so that it reads each character once.
EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]++@[\w-]++(?:\.[\w-]++)++")
#: To read more would hold up all other requests for too long.
MOST_BYTES = 1024 * 1024


class RedactEmails:
    """In every text of a JSON body, whatever the endpoint."""

    keeps_body = True

    async def request(self, view: View) -> None:
        if not view.body or "json" not in view.headers.get("content-type", "json").lower():
            return
        if len(view.body) > MOST_BYTES:
            view.refuse(413, "prompt_too_large", f"A prompt has at most {MOST_BYTES} bytes.")
        try:
            said = json.loads(view.body)
            redacted = without_emails(said)
        except (ValueError, RecursionError):
            # What cannot be read cannot be redacted either.
            view.refuse(400, "unreadable_prompt", "The body is no JSON, or nested too deeply.")
        # A body without any goes on byte for byte as it came.
        if redacted != said:
            view.replace_body(json.dumps(redacted).encode())


def without_emails(value: Any) -> Any:
    if isinstance(value, str):
        return EMAIL.sub("[email]", value) if "@" in value else value
    if isinstance(value, list):
        return [without_emails(one) for one in value]
    if isinstance(value, dict):
        return {key: without_emails(one) for key, one in value.items()}
    return value


def middleware(_: Settings) -> RedactEmails:
    return RedactEmails()
