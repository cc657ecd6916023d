"""Downloads one torrent with libtorrent and exits once it has every piece.

Usage: libtorrent-client.py TORRENT SAVE_PATH LISTEN_HOST [DOWNLOAD_BYTES_PER_SECOND]
Prints `started` when it begins, `receiving` once it has bytes, and `finished` when all of it is
there and checked.
"""

import sys
import time

import libtorrent as lt

torrent, save_path, host = sys.argv[1:4]
rate_limit = int(sys.argv[4]) if len(sys.argv) > 4 else 0

session = lt.session(
    {
        "listen_interfaces": f"{host}:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        # Every client of a test has the same address.
        "allow_multiple_connections_per_ip": True,
        "download_rate_limit": rate_limit,
    }
)
# libtorrent sets no limit to peers of the local network unless all peers are of the global class.
everyone = lt.ip_filter()
everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << lt.session.global_peer_class_id)
session.set_peer_class_filter(everyone)

handle = session.add_torrent({"ti": lt.torrent_info(torrent), "save_path": save_path})
print("started", flush=True)
told = set()


def tell(line):
    if line not in told:
        print(line, flush=True)
    told.add(line)


status = handle.status()
while not status.is_seeding:
    if status.total_payload_download > 0:
        tell("receiving")
    time.sleep(0.02)
    status = handle.status()
print("finished", flush=True)
