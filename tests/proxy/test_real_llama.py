"""A real llama.cpp server behind the proxy: what it refuses, the proxy learns in the same request."""

from __future__ import annotations

import pytest
from proxy_client import BODY, call, profile, proxy_for

from ccswitch_tui.secret import Secret
from kit.llama import LlamaServer

NOWHERE = {
    "name": "mcp__x__y",
    "input_schema": {"type": "object", "properties": {"a": {"$ref": "#/$defs/nowhere"}, "b": {"type": "string"}}},
}
PICTURE = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    },
}


@pytest.mark.slow
def test_a_schema_or_a_picture_it_cannot_take_does_not_end_the_session(llama_server: LlamaServer) -> None:
    key = Secret(llama_server.key)
    with proxy_for(profile(llama_server.base_url), key=key) as proxy:
        tools = call(proxy, body={**BODY, "max_tokens": 8, "tools": [NOWHERE]})
        talk = [{"role": "user", "content": [{"type": "text", "text": "See:"}, PICTURE]}]
        sees = call(proxy, body={**BODY, "max_tokens": 8, "messages": talk})
        notices = [flow.notices for flow in proxy.traffic.recent()]
    assert (tools.status, sees.status) == (200, 200), (tools.body, sees.body)
    assert any("images" in notice for notice in notices[0])
