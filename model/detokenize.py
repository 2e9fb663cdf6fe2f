"""Token bytes back to text, as far as whole characters have arrived."""

import codecs


def advance(waiting: bytes, new: bytes) -> tuple[str, bytes]:
    """Appends a token's bytes: (text that is now complete, bytes that still wait for their partner)."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(waiting + new)
    return text, decoder.getstate()[0]
