"""What an endpoint opens, in words: which kind of thing it is about, what a request does there, and
what follows from it.

Worked out from its path, method and usage, so that an endpoint of any provider has them.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from web.providers import Endpoint

#: Areas of a page, in order, each with the words of paths that put an endpoint there.
_AREAS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("Batches", frozenset({"batches", "batch", "jobs"})),
    ("Files and stores", frozenset({"files", "uploads", "vector_stores", "containers"})),
    ("Images, sound and video", frozenset({"images", "image", "audio", "videos", "ocr"})),
    ("Responses and conversations", frozenset({"responses", "conversations"})),
    (
        "Embeddings, ranking, moderation",
        frozenset(
            {"embeddings", "embed", "embedContent", "batchEmbedContents", "rerank", "score",
             "moderations", "classifications", "classify", "classification", "pooling", "predict"}
        ),
    ),
    (
        "Counting tokens",
        frozenset({"count_tokens", "count-tokens", "countTokens", "computeTokens", "tokenize",
                   "detokenize", "tokenize-text", "estimate-token-count"}),
    ),
    (
        "Text",
        frozenset({"chat", "completions", "complete", "messages", "converse", "converse-stream",
                   "invoke", "invoke-with-response-stream", "generate", "generateContent",
                   "streamGenerateContent", "rawPredict", "streamRawPredict"}),
    ),
)  # fmt: skip
_MODELS: Final = "Models"
_OTHERS: Final = "Others"
#: In which order a page has them: what most tokens are for comes first.
_ORDER: Final = (
    "Text", "Responses and conversations", "Embeddings, ranking, moderation",
    "Images, sound and video", _MODELS, "Counting tokens", "Files and stores", "Batches", _OTHERS,
)  # fmt: skip
#: What collections hold: one of them, and several.
_THINGS: Final = {
    "files": ("a file", "files"),
    "uploads": ("an upload", "uploads"),
    "vector_stores": ("a vector store", "vector stores"),
    "file_batches": ("a batch of files", "batches of files"),
    "containers": ("a container", "containers"),
    "responses": ("a stored response", "stored responses"),
    "conversations": ("a conversation", "conversations"),
    "items": ("an item of a conversation", "items of a conversation"),
    "batches": ("a batch", "batches"),
    "jobs": ("a batch", "batches"),
    "videos": ("a video", "videos"),
    "characters": ("a character for videos", "characters for videos"),
    "completions": ("a stored completion", "stored completions"),
    "messages": ("a message", "messages"),
    "models": ("a model", "models"),
    "tunedModels": ("a tuned model", "tuned models"),
}
#: What a POST does, by the last words of its path.
_DOES: Final = {
    "cancel": "Stops {one} before it is done",
    "parts": "Sends a part of a file",
    "search": "Searches what is there",
    "remix": "Makes another version of a video",
    "restart": "Goes on from an earlier point of a conversation",
    "tokenize": "Takes a text apart into tokens",
    "detokenize": "Puts tokens together to a text",
    "edits": "Makes new ones of those that are sent",
    "variations": "Makes variations of an image that is sent",
    "generations": "Makes what a prompt describes",
    "speech": "Reads a text aloud",
    "transcriptions": "Writes down what is said in a recording",
    "translations": "Writes down in English what is said in a recording",
    "moderations": "Says whether a text is harmful",
    "rerank": "Sorts texts by how well they fit a query",
    "score": "Says how alike texts are",
    "ocr": "Reads the text in a document",
    "compact": "Shortens a conversation",
}
#: What a model makes, by the usage that its answers tell.
_TEXT: Final = "Answers with text, and with calls of tools"
_PROMPTED: Final = "Answers with what a model makes of a prompt"
_VECTORS: Final = "Turns texts into vectors"
_MAKES: Final = {
    "chat": _TEXT,
    "messages": _TEXT,
    "responses": _TEXT,
    "converse": _TEXT,
    "ollama": _TEXT,
    "completions": "Goes on with a text",
    "invoke": "Runs a model",
    "embeddings": _VECTORS,
    "gemini": _PROMPTED,
}
#: The same by the last word of the path, which says more.
_MAKES_BY_WORD: Final = {
    "embed": _VECTORS,
    "embedContent": _VECTORS,
    "batchEmbedContents": _VECTORS,
    "rawPredict": _PROMPTED,
    "streamRawPredict": _PROMPTED,
    "videos": "Makes a video of a prompt",
}
_UPLOADS: Final = frozenset(
    {"files", "parts", "transcriptions", "translations", "edits", "variations"}
)
_COUNTS: Final = dict(_AREAS)["Counting tokens"]
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*+")


class Mark(NamedTuple):
    """Something that follows from a request there: how it looks, its icon, and a word or two."""

    kind: str
    icon: str
    word: str


_COSTS: Final = Mark("accent", "drained", "Costs")
_UNSEEN: Final = Mark("warning", "warning", "Not metered")
_SENDS: Final = Mark("", "up", "Sends files")
_KEEPS: Final = Mark("", "projects", "Keeps objects")
_DELETES: Final = Mark("bad", "trash", "Deletes")
_ISOLATED: Final = Mark("", "shield", "With isolation only")


class Words(NamedTuple):
    """An endpoint in words."""

    area: str
    says: str
    marks: tuple[Mark, ...]


def words_of(method: str, pattern: str, usage: str, *, isolated: bool = False) -> Words:
    """What a line of a provider's list opens."""
    words = _words(pattern)
    last = words[-1] if words else ""
    adds = last == "files" and "vector_stores" in words
    # With a name behind it, a collection's word is about one of what it holds.
    is_one = pattern.endswith("}")
    says = _says(method, pattern, usage, last, is_one=is_one)
    posts = method in ("POST", "*")
    marks = [
        (_COSTS, posts and usage not in ("none", "free", "batches")),
        (_UNSEEN, usage == "batches"),
        (_SENDS, posts and last in _UPLOADS and not (is_one or adds)),
        (_KEEPS, posts and _keeps(last, usage, is_one=is_one)),
        (_DELETES, method in ("DELETE", "*") and is_one and last in _THINGS),
        (_ISOLATED, isolated),
    ]
    return Words(_area(method, words), says, tuple(mark for mark, holds in marks if holds))


def by_area(endpoints: Iterable[tuple[Endpoint, Words]]) -> list[tuple[str, list[Endpoint]]]:
    """The endpoints of each area, in the order of a page."""
    found: dict[str, list[Endpoint]] = {}
    for endpoint, words in endpoints:
        found.setdefault(words.area, []).append(endpoint)
    return [(area, found[area]) for area in _ORDER if area in found]


def _words(pattern: str) -> list[str]:
    """The literal ones, without the names of segments."""
    return _WORD.findall(re.sub(r"\{[^}]*+\}", "", pattern))


def _area(method: str, words: list[str]) -> str:
    known = set(words)
    for area, own in _AREAS:
        if known & own:
            return area
    return _MODELS if method == "GET" and any("odels" in word for word in words) else _OTHERS


def _keeps(last: str, usage: str, *, is_one: bool) -> bool:
    if last == "responses" or usage == "batches":
        return not is_one
    return usage in ("none", "generic") and not is_one and last in _THINGS and last != "models"


def _says(method: str, pattern: str, usage: str, last: str, *, is_one: bool) -> str:
    one = _THINGS.get(last, ("one of them", ""))[0]
    if pattern.endswith("/*"):
        return "Whatever else there is below, also what comes later."
    if usage == "batches":
        said = "Runs many requests later, whose models and cost the proxy does not see"
    elif last in _DOES and method in ("POST", "*") and not is_one:
        parent = (_words(pattern)[-2:] or [""])[0]
        said = _DOES[last].format(one=_THINGS.get(parent, ("what runs", ""))[0])
    elif last in _COUNTS or last == "input_tokens":
        said = "Says how many tokens a prompt has"
    elif method == "GET":
        said = _shown(pattern, last, is_one=is_one)
    elif method == "DELETE":
        said = f"Deletes {one}"
    elif is_one and last in _THINGS:
        said = f"Changes {one}" if method == "POST" else f"Shows, changes and deletes {one}"
    else:
        said = _made(method, pattern, usage, last)
    return f"{said}{'; costs nothing' if usage == 'free' else ''}."


def _shown(pattern: str, last: str, *, is_one: bool) -> str:
    one, several = _THINGS.get(last, ("one of them", "what there is"))
    if last in ("content", "results"):
        return "Downloads what it holds"
    if is_one:
        return f"Shows {one}"
    if last in _THINGS or "odels" in pattern:
        return f"Lists {several if last in _THINGS else 'models'}"
    return "Shows what is there"


def _made(method: str, pattern: str, usage: str, last: str) -> str:
    if (said := _MAKES_BY_WORD.get(last) or _MAKES.get(usage)) is not None:
        return said
    if method == "*" and last in ("content", "input_items"):
        return "Downloads what a file holds" if last == "content" else "Lists what it was made of"
    if last == "complete":
        return (
            "Makes a file of an upload's parts" if "uploads" in pattern else _MAKES["completions"]
        )
    if last == "files" and "vector_stores" in pattern:
        return "Adds a file that the account has"
    if last in _THINGS and usage == "none":
        one, several = _THINGS[last]
        return f"Makes {one}, which the account keeps" + (
            f"; lists {several}" if method == "*" else ""
        )
    if usage in ("none", "free"):
        return "Asks for something that uses no tokens"
    return "Has a model make something; its usage is read where the answer says it"
