"""The readers of answers, one a wire."""

from collections.abc import Mapping

from ccswitch_tui.translate.answer import Reader
from ccswitch_tui.translate.readers.chat import ChatReader
from ccswitch_tui.translate.readers.messages import MessagesReader
from ccswitch_tui.translate.readers.responses import ResponsesReader
from ccswitch_tui.wire.formats import Wire

READERS: Mapping[Wire, type[Reader]] = {
    "anthropic": MessagesReader,
    "openai-chat": ChatReader,
    "openai-responses": ResponsesReader,
}
"""Wire → who reads its answers, in the proxy and in the probe."""
