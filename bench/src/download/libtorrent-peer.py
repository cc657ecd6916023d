"""One libtorrent peer of a benchmark that downloads or seeds one torrent.

Usage: libtorrent-peer.py JSON, with savePath, torrent (a file), seeds (whether it has all of it), and
uploadBytesPerSecond (0 is no limit). With `make` (a file's path) it makes the .torrent first, of v1,
in pieces of pieceLengthBytes. Tells `listening`; then it takes lines: `go {"ports": […]}` begins,
`uploaded…` has it tell the same word with its bytes. Tells `finished` when it has every piece, and
with `tellsPieces` also `pieces` as they come.
"""

import json
import select
import sys

import libtorrent as lt

options = json.loads(sys.argv[1])

if "make" in options:
    storage = lt.file_storage()
    lt.add_files(storage, options["make"])
    creator = lt.create_torrent(storage, options["pieceLengthBytes"], lt.create_torrent.v1_only)
    lt.set_piece_hashes(creator, options["savePath"])
    with open(options["torrent"], "wb") as file:
        file.write(lt.bencode(creator.generate()))

session = lt.session(
    {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        # Every peer has the same address.
        "allow_multiple_connections_per_ip": True,
        "ssrf_mitigation": False,
        "upload_rate_limit": options["uploadBytesPerSecond"],
        "rate_limit_ip_overhead": False,
        "connection_speed": 100,
        "alert_mask": lt.alert.category_t.status_notification
        | (lt.alert.category_t.piece_progress_notification if options.get("tellsPieces") else 0),
        **options.get("settings", {}),
    }
)
# libtorrent sets no limit to peers of the local network unless all peers are of the global class.
everyone = lt.ip_filter()
everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << lt.session.global_peer_class_id)
session.set_peer_class_filter(everyone)


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def begin(ports):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(options["torrent"])
    params.save_path = options["savePath"]
    params.trackers = []
    params.flags &= ~lt.torrent_flags.auto_managed & ~lt.torrent_flags.paused
    if options["seeds"]:
        params.flags |= lt.torrent_flags.seed_mode
    handle = session.add_torrent(params)
    for port in ports:
        handle.connect_peer(("127.0.0.1", port))
    return handle


while session.listen_port() == 0:
    session.wait_for_alert(10)
handle = begin([]) if options["seeds"] else None
tell("listening", port=session.listen_port(), version=lt.__version__)
finished = options["seeds"]
while True:
    readable, _, _ = select.select([sys.stdin], [], [], 0.05)
    if readable:
        line = sys.stdin.readline()
        if line == "":
            break
        if line.startswith("go ") and handle is None:
            handle = begin(json.loads(line[3:])["ports"])
        elif line.startswith("uploaded"):
            tell(line.strip(), bytes=handle.status().total_payload_upload)
    pieces = []
    for alert in session.pop_alerts():
        if isinstance(alert, lt.torrent_finished_alert) and not finished:
            finished = True
            tell("finished")
        elif isinstance(alert, lt.piece_finished_alert):
            pieces.append(alert.piece_index)
    if pieces:
        tell("pieces", pieces=pieces)
