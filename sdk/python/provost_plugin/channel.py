"""Shorthand for channels. The types are those of `wit_world.exports.messaging`."""

from typing import List, Optional

from wit_world.exports.messaging import HttpReply, Setting, Value_Text


def text(settings: List[Setting], name: str) -> Optional[str]:
    """A text among the settings."""
    for setting in settings:
        if setting.name == name and isinstance(setting.value, Value_Text):
            return setting.value.value
    return None


def wait(reply: HttpReply) -> Optional[int]:
    """How many seconds the other side asks to wait, if it does."""
    for header in reply.headers:
        if header.name.lower() == "retry-after" and header.value.strip().isdigit():
            return int(header.value)
    return None
