"""An editor that talks to an ACP bridge: one session, one prompt. argv: the bridge's command."""

import json
import subprocess
import sys


def main() -> None:
    bridge = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert bridge.stdin is not None and bridge.stdout is not None

    def ask(number: int, method: str, params: object) -> dict[str, object]:
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        bridge.stdin.write(json.dumps(message) + "\n")  # type: ignore[union-attr]
        bridge.stdin.flush()  # type: ignore[union-attr]
        for line in bridge.stdout or ():
            said = json.loads(line)
            for block in [said.get("params", {}).get("update", {})]:
                if block.get("sessionUpdate") == "agent_message_chunk":
                    print("answered:", block["content"].get("text"))
            if said.get("id") == number and "method" not in said:
                if "error" in said:
                    sys.exit(json.dumps(said["error"]))
                return dict(said["result"] or {})
        sys.exit("the bridge ended")

    import os

    ask(0, "initialize", {"protocolVersion": 1, "clientCapabilities": {}})
    session = ask(1, "session/new", {"cwd": os.getcwd(), "mcpServers": []})
    prompt = [{"type": "text", "text": "hi"}]
    ask(2, "session/prompt", {"sessionId": session["sessionId"], "prompt": prompt})
    bridge.kill()


main()
