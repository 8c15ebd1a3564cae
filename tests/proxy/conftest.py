"""An endpoint behind TLS whose authority only those trust who are told to."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from scripted_endpoint import ScriptedEndpoint, chat_text


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, str]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return ca, str(tmp_path / "ca.pem")


@pytest.fixture
def tls_endpoint(authority: tuple[trustme.CA, str]) -> Iterator[ScriptedEndpoint]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("127.0.0.1", "localhost").configure_cert(context)
    with ScriptedEndpoint(chat_text("over TLS"), tls=context) as endpoint:
        yield endpoint
