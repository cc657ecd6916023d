"""Downloads one torrent with libtorrent, then seeds it, until standard input ends.

Usage: leecher.py JSON, with torrent, savePath, bytesPerSecond (what it uploads at most) and
fingerprint (what its peer id begins with). Tells `listening`, and `finished` when it has every piece,
with the seconds since it began and the bytes that came from gateways.
"""

import json
import sys
import threading
import time

import libtorrent as lt

options = json.loads(sys.argv[1])

session = lt.session(
    {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        # Every leecher has the same address.
        "allow_multiple_connections_per_ip": True,
        "ssrf_mitigation": False,
        "peer_fingerprint": options["fingerprint"],
        "upload_rate_limit": options["bytesPerSecond"],
        "alert_mask": 0,
    }
)
# libtorrent sets no limit to peers of the local network unless all peers are of the global class.
everyone = lt.ip_filter()
everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << lt.session.global_peer_class_id)
session.set_peer_class_filter(everyone)

params = lt.add_torrent_params()
params.ti = lt.torrent_info(options["torrent"])
params.save_path = options["savePath"]
handle = session.add_torrent(params)


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()

began = time.monotonic()
from_gateways = {}
finished = False
while session.listen_port() == 0:
    time.sleep(0.01)
tell("listening", port=session.listen_port())
while not ended.is_set():
    for peer in handle.get_peer_info():
        if peer.pid.to_bytes().startswith(b"-SF"):
            from_gateways[peer.ip] = peer.total_download
    if handle.status().is_seeding and not finished:
        finished = True
        seconds = time.monotonic() - began
        tell("finished", seconds=seconds, fromGatewaysBytes=sum(from_gateways.values()))
    ended.wait(0.1)
