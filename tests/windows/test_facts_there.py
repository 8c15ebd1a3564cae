"""What only Windows' own interfaces tell: its registry, its processes, its sockets' numbers, its certificates."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from kit.net import TlsServer
from kit.windows import Windows

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(240)]

FACTS = r"""
import asyncio, ctypes, json, os, subprocess, sys, winreg
from ctypes import wintypes
from ccswitch_tui.claude.sessions import running_sessions
from ccswitch_tui.claude.system_places import below_home, managed_by_the_system, variables_of_the_system
from ccswitch_tui.doctor.snapshot import system_proxy
from ccswitch_tui.here import END_OF_TEXT
from ccswitch_tui.net.dial import Patience, dial
from ccswitch_tui.net.failures import Unreachable
from ccswitch_tui.net.tls import tls_context
from ccswitch_tui.net.trace import Trace
from ccswitch_tui.net.way import way_to
from ccswitch_tui.profiles.model import Endpoint
from ccswitch_tui.proxy.memory import resident_mb

told = {"end of a text": END_OF_TEXT, "memory": resident_mb() > 5}

# ---- connections
async def reached(url):
    endpoint = Endpoint(url, "openai-chat")
    context = tls_context(endpoint, {}, "")
    told["certificates of"] = type(context).__module__.partition(".")[0]
    try:
        await dial(way_to(endpoint, {}), context, asyncio.Protocol, Patience(5), Trace())
    except Unreachable as error:
        return error.kind
    return "reached"

for name, url in json.loads(sys.argv[1]).items():
    told[name] = asyncio.run(reached(url))

# ---- the registry, for this process alone
place = "Software\\ccswitch-tui-test-%d" % os.getpid()
key = winreg.CreateKey(winreg.HKEY_CURRENT_USER, place)
instead = ctypes.WinDLL("advapi32").RegOverridePredefKey
instead.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
assert instead(winreg.HKEY_CURRENT_USER, int(key)) == 0

def put(place, **values):
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, place) as opened:
        for name, value in values.items():
            winreg.SetValueEx(opened, name, 0, winreg.REG_SZ if isinstance(value, str) else winreg.REG_DWORD, value)

windows = "Software\\Microsoft\\Windows\\CurrentVersion\\"
put(windows + "Internet Settings", ProxyEnable=1, ProxyServer="127.0.0.1:7890")
put(windows + "Explorer\\User Shell Folders", Personal="%OneDrive%\\Dokumente")
put("Environment", Anthropic_Api_Key="sk-example-0001")
put("SOFTWARE\\Policies\\ClaudeCode", Settings='{"model": "theirs"}')
told["proxy"] = system_proxy()
told["documents"] = below_home("C:\\Users\\a", "Documents/PowerShell/profile.ps1", {"ONEDRIVE": "C:\\OneDrive - GmbH"})
told["variable"] = list(variables_of_the_system(frozenset({"ANTHROPIC_API_KEY"})))
told["policy"] = managed_by_the_system({})
assert instead(winreg.HKEY_CURRENT_USER, None) == 0
subprocess.run(["reg", "delete", "HKCU\\" + place, "/f"], stdout=subprocess.DEVNULL)

# ---- Claude Code's sessions
kernel = ctypes.WinDLL("kernel32")
kernel.GetProcessTimes.argtypes = (wintypes.HANDLE, *(ctypes.POINTER(wintypes.FILETIME),) * 4)
times = [wintypes.FILETIME() for _ in range(4)]
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
kernel.GetProcessTimes(int(child._handle), *map(ctypes.byref, times))
started = times[0].dwHighDateTime << 32 | times[0].dwLowDateTime
folder = os.path.join(os.environ["USERPROFILE"], ".claude")
os.makedirs(os.path.join(folder, "sessions"))

def sessions(since):
    with open(os.path.join(folder, "sessions", "1.json"), "w") as file:
        json.dump({"pid": child.pid, "cwd": "here", "procStart": str(since), "pidDomain": "win32:vm"}, file)
    return len(running_sessions(folder))

told["a session"] = sessions(round(started, -2))
told["its number went to another"] = sessions(started - 10**9)
child.communicate(b"\n")
told["it ended"] = sessions(started)
print(json.dumps(told))
"""


def test_they_are_told_as_windows_has_them(windows: Windows, tls_server: Callable[..., TlsServer]) -> None:
    asked = {
        "closed": "http://127.0.0.1:9",
        "no route": "http://255.255.255.255:9",
        "no name": "http://nowhere.invalid:9",
        "untrusted": tls_server("good").origin,
    }
    told = json.loads(windows.python(FACTS, json.dumps(asked)).splitlines()[-1])
    assert told.pop("untrusted") in ("tls-untrusted", "tls-hostname")  # Wine looks at the name first
    policies = "HKEY_CURRENT_USER\\SOFTWARE\\Policies\\ClaudeCode"
    assert told == {
        "end of a text": "Ctrl-Z, then Enter,",
        "memory": True,
        "certificates of": "truststore",
        "closed": "refused",
        "no route": "unreachable",
        "no name": "dns",
        "proxy": "http://127.0.0.1:7890",
        "documents": "C:\\OneDrive - GmbH\\Dokumente\\PowerShell\\profile.ps1",
        "variable": [["ANTHROPIC_API_KEY", "sk-example-0001", "HKEY_CURRENT_USER\\Environment"]],
        "policy": [[policies, {"model": "theirs"}]],
        "a session": 1,
        "its number went to another": 0,
        "it ended": 0,
    }
