"""Downloads one torrent with libtorrent and exits once it has every piece, or later.

Usage: libtorrent-client.py JSON, with these keys, all but the first three optional:

torrent       a .torrent file or a magnet link
savePath      where to put the content
host          the address to listen on
settings      more of libtorrent's session settings
bytesPerSecondMax  what it downloads at most
withoutTrackers    whether it asks no tracker
wantsNothing  whether it has no file downloaded, which makes a partial seed of it (BEP 21)
seedMode      whether it takes the content for whole without a look
stays         whether it goes on when it has every piece, until SIGINT
peers         addresses and ports to connect to
tellsPieces   whether it says how many pieces it has, whenever those are more

Prints `listening PORT` when it begins; `receiving` once it has bytes; `peer SOURCE ADDRESS PORT`
for every peer it has a connection with, and `payload rc4`, `plaintext` (in the clear behind an
encrypted handshake) or `clear` of each kind of connection; `from ADDRESS PORT` for everyone that
gave it content; `incoming` once somebody has opened a connection to it; `metadata` once it has
that; `pieces N` of those it has, where it is to; `finished` when all of it is there and checked; and then `longest wait MS`, for a byte of
content since the first one came. `tracked` tells of a tracker's first answer, `refused REASON` of
one that would not have it; `moved UP DOWN` at the end tells how many bytes of content it sent and
received.
SIGUSR1 lifts the limit of bytes per second.
"""

import faulthandler
import json
import signal
import sys
import time

import libtorrent as lt

# Should libtorrent crash, whoever started this is told where.
faulthandler.enable()

options = json.loads(sys.argv[1])
host = options["host"]
interface = f"[{host}]" if ":" in host else host

session = lt.session(
    {
        "listen_interfaces": f"{interface}:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        # Every client of a test has the same address.
        "allow_multiple_connections_per_ip": True,
        # Otherwise a tracker of the loopback has to have /announce first in its path.
        "ssrf_mitigation": False,
        "alert_mask": lt.alert.category_t.peer_notification
        | lt.alert.category_t.tracker_notification,
        "download_rate_limit": options.get("bytesPerSecondMax", 0),
        **options.get("settings", {}),
    }
)
# libtorrent sets no limit to peers of the local network unless all peers are of the global class.
everyone = lt.ip_filter()
everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << lt.session.global_peer_class_id)
everyone.add_rule("::", ":".join(["ffff"] * 8), 1 << lt.session.global_peer_class_id)
session.set_peer_class_filter(everyone)

signal.signal(signal.SIGUSR1, lambda *_: session.apply_settings({"download_rate_limit": 0}))
stays = options.get("stays", False)


def leave(*_):
    global stays
    stays = False


if stays:
    signal.signal(signal.SIGINT, leave)

torrent = options["torrent"]
if torrent.startswith("magnet:"):
    params = lt.parse_magnet_uri(torrent)
else:
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
params.save_path = options["savePath"]
if options.get("seedMode", False):
    params.flags |= lt.torrent_flags.seed_mode
if options.get("wantsNothing", False):
    params.file_priorities = [0] * params.ti.num_files()
handle = session.add_torrent(params)
if options.get("withoutTrackers", False):
    handle.replace_trackers([])

while session.listen_port() == 0:
    time.sleep(0.01)
print(f"listening {session.listen_port()}", flush=True)
for address, port in options.get("peers", []):
    handle.connect_peer((address, port))

told = set()


def tell(line):
    if line not in told:
        print(line, flush=True)
    told.add(line)


def source_of(peer):
    if peer.source & lt.peer_info.pex:
        return "pex"
    if peer.source & lt.peer_info.tracker:
        return "tracker"
    return "other"


def payload_of(peer):
    if peer.flags & lt.peer_info.rc4_encrypted:
        return "rc4"
    if peer.flags & lt.peer_info.plaintext_encrypted:
        return "plaintext"
    return "clear"


last_at = None
longest = 0.0
received = 0
while True:
    status = handle.status()
    now = time.monotonic()
    if status.total_payload_download > received:
        tell("receiving")
        received = status.total_payload_download
        if last_at is not None:
            longest = max(longest, now - last_at)
        last_at = now
    if status.has_metadata:
        tell("metadata")
    if options.get("tellsPieces", False):
        tell(f"pieces {status.num_pieces}")
    for peer in handle.get_peer_info():
        if not peer.flags & (lt.peer_info.connecting | lt.peer_info.handshake):
            address, port = peer.ip
            tell(f"peer {source_of(peer)} {address} {port}")
            tell(f"payload {payload_of(peer)}")
            if peer.total_download > 0:
                tell(f"from {address} {port}")
    for alert in session.pop_alerts():
        if isinstance(alert, lt.incoming_connection_alert):
            tell("incoming")
        if isinstance(alert, lt.tracker_reply_alert):
            tell("tracked")
        if isinstance(alert, lt.tracker_error_alert):
            tell(f"refused {alert.message()}")
    if status.is_seeding:
        tell("finished")
    if status.is_seeding and not stays:
        break
    time.sleep(0.02)
print(f"longest wait {longest * 1000:.0f}", flush=True)
handle.pause()
status = handle.status()
print(f"moved {status.total_payload_upload} {status.total_payload_download}", flush=True)
