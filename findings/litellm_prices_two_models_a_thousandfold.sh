#!/usr/bin/env bash
# LiteLLM's price list has two chat models at 2,000 and 9,710 dollars a million tokens, in fields called "per token".
#
# A good guess is that a list made to add up costs is right at least in its powers of ten. The next dearest chat model of
# the same list costs 180 dollars, and these two figures read well as prices for 1,000 tokens. Whoever takes prices from the
# list for a budget, or to say what a session cost, is a thousand times off with them, and no unit in the file says so.
# Needs python3 with pip. Only the file inside the wheel is read; no dependencies are installed.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check --no-deps litellm==1.106.2
cat >"$work/see.py" <<'EOF'
import json, sysconfig
from importlib.metadata import version
from pathlib import Path

package = Path(sysconfig.get_path("purelib")) / "litellm"
models = json.loads((package / "model_prices_and_context_window_backup.json").read_text())
dear = {
    name: round(entry["output_cost_per_token"] * 1e6)
    for name, entry in models.items()
    if entry.get("mode") == "chat" and name != "sample_spec" and entry.get("output_cost_per_token")
}
ranked = sorted(dear.items(), key=lambda pair: -pair[1])[:8]
print("litellm", version("litellm"), "dollars for a million tokens of output, dearest chat models first:")
for name, price in ranked:
    print(f"  {price:>6,}  {name}")
wrong = {"azure_ai/jais-30b-chat": 9710, "watsonx/core42/jais-13b-chat": 2000}
same = dict(ranked[:2]) == wrong and ranked[2][1] < 200
raise SystemExit(0 if same else "CHANGED: these prices were put right, or there are more like them")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py"
