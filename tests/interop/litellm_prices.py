"""The corpus of prices against a second calculator, LiteLLM's: `make interop`.

Not a test of CI: LiteLLM is large, and its prices change with each of its releases. It knows no
dates and no hours, and prices a tier without a row as standard; where it is known to differ for
such a reason, `DIFFERS` says so. Exits 1 where it differs otherwise, or no longer.
"""

from __future__ import annotations

import os
import sys
import tomllib
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec

_CORPUS: Final = Path(__file__).parents[1] / "proxy" / "pricing" / "corpus.toml"
_PROVIDERS: Final = {"x-ai": "xai", "google": "gemini", "aws": "bedrock_converse"}
#: Kinds whose usage LiteLLM turns into its own.
_KINDS: Final = ("chat", "responses", "messages", "embeddings")

DIFFERS: Final = {
    "gpt-5.4 in the EU": "knows no host",
    "gpt-5.6-sol before it became cheaper": "has no dates",
    "mistral-small-latest before its change": "has no dates",
    "gemini-4-argon, doubled": "has no dates",
    "gemini-3.8-flash, doubled": "has no dates",
    "deepseek-v4-pro, peak on a Friday": "has no hours",
    "claude-opus-4-8 of a batch": "knows no batches here",
    "claude-sonnet-4-5, beyond the threshold": "has one price for every length",
    "claude-fable-5-2": "comes to nothing at all",
    "claude-opus-4-1": "comes to nothing at all",
    "claude-sonnet-4": "comes to nothing at all",
}


def main() -> int:
    """Compare every case that both price; the exit code."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    litellm: Any = import_module("litellm")
    litellm.suppress_debug_info = True
    cases = tomllib.loads(_CORPUS.read_text(encoding="utf-8"))["case"]
    counts = {"same": 0, "differs as known": 0, "has none": 0}
    wrong: list[str] = []
    for case in cases:
        if case["kind"] not in _KINDS or case["charge"] == "null":
            continue
        theirs = _cost(litellm, case)
        if theirs is None:
            counts["has none"] += 1
            continue
        ours = Decimal(case["charge"]) - sum(
            Decimal(count) * Decimal(dollars) for count, dollars in case.get("each", [])
        )
        same = abs(theirs - ours) <= max(ours / 1000, Decimal("1e-9"))
        known = case["name"] in DIFFERS
        counts["same"] += same
        counts["differs as known"] += known and not same
        if same == known:
            wrong.append(f"{case['name']}: {ours} here, {theirs} by LiteLLM")
    sys.stdout.write("".join(f"{count:4} {what}\n" for what, count in counts.items()))
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return bool(wrong)


def _cost(litellm: Any, case: dict[str, Any]) -> Decimal | None:
    """What LiteLLM makes of the answer's tokens, in USD; None where it does not know the model."""
    answer: dict[str, Any] = msgspec.json.decode(case["answer"])
    usage = answer["usage"]
    tier = answer.get("service_tier") or usage.get("service_tier")
    try:
        prompt, completion = litellm.cost_per_token(
            model=answer.get("model") or case["model"],
            custom_llm_provider=_PROVIDERS.get(case["provider"], case["provider"]),
            usage_object=_usage(case["kind"], usage),
            service_tier=tier,
        )
    except litellm.exceptions.NotFoundError:
        return None
    except Exception as exc:
        if type(exc).__name__ == "ModelNotMappedError":
            return None
        raise
    return Decimal(str(prompt + completion))


def _usage(kind: str, usage: dict[str, Any]) -> Any:
    if kind == "messages":
        anthropic = import_module("litellm.llms.anthropic.chat.transformation").AnthropicConfig()
        return anthropic.calculate_usage(usage, reasoning_content=None)
    if kind == "responses":
        responses = import_module("litellm.responses.utils").ResponseAPILoggingUtils
        return responses._transform_response_api_usage_to_chat_usage(usage)
    return import_module("litellm.types.utils").Usage(**usage)


if __name__ == "__main__":
    sys.exit(main())
