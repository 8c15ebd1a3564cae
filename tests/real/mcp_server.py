"""A tool server for Claude Code with one tool of a very long name; speaks JSON-RPC on stdin and stdout."""

import json
import sys

TOOL = "look_up_the_quarterly_figures_of_the_northern_region_in_the_old_ledger_of_the_company_archive"

ANSWERS = {
    "initialize": lambda params: {
        "protocolVersion": params.get("protocolVersion", "2025-06-18"),
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "x", "version": "1"},
    },
    "tools/list": lambda params: {
        "tools": [
            {
                "name": TOOL,
                "description": "Looks a figure up.",
                "inputSchema": {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]},
            }
        ]
    },
    "tools/call": lambda params: {
        "content": [{"type": "text", "text": f"the figure of {params['arguments']['year']} is 4711"}]
    },
}

if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked:
            answer = {"jsonrpc": "2.0", "id": asked["id"]}
            if asked["method"] in ANSWERS:
                answer["result"] = ANSWERS[asked["method"]](asked.get("params") or {})
            else:
                answer["error"] = {"code": -32601, "message": "no such method"}
            print(json.dumps(answer), flush=True)
