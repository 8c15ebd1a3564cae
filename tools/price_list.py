"""The packaged price list, from the list of a LiteLLM release: `python tools/price_list.py FILE RELEASE DATE`.

FILE is `model_prices_and_context_window_backup.json` of its wheel (MIT; the
licence lies beside the list), DATE the day it was taken. Reduced to prices of
the sellers whose addresses we know, per million tokens.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ccswitch_tui.prices.listed import PACKAGED, About, render
from ccswitch_tui.prices.reading import litellm_list


def main() -> None:
    file, release, date = sys.argv[1:]
    sellers = litellm_list(json.loads(Path(file).read_text("utf-8")))
    about = About(
        "LiteLLM",
        date,
        release,
        url="https://github.com/BerriAI/litellm",
        licence="MIT, Copyright (c) 2023 Berri AI",
    )
    Path(PACKAGED).write_bytes(render(about, sellers))
    print(
        f"{sum(map(len, sellers.values()))} models of {len(sellers)} sellers, {Path(PACKAGED).stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main()
