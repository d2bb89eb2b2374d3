"""Text from outside, made fit to store: PostgreSQL refuses NUL and lone surrogates."""


def clean_text(text: str, *, limit: int) -> str:
    """`text` with what no database stores replaced by U+FFFD, cut at `limit` characters."""
    if "\x00" in text:
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if not text.isascii():
        # "surrogatepass" would store them; "replace" writes "?", which reads like the user's own.
        text = "".join(
            "\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else character
            for character in text
        )
    return text[:limit]
