"""A program on the Python Agent SDK, as one writes it in an afternoon; argv: what it hands to the SDK, as JSON."""

import asyncio
import json
import sys

from claude_agent_sdk import ClaudeAgentOptions, query


async def main() -> None:
    options = ClaudeAgentOptions(**json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}"))
    async for message in query(prompt="hi", options=options):
        if type(message).__name__ == "ResultMessage":
            print("answered:", message.result)


asyncio.run(main())
