"""Seeds one torrent with libtorrent until standard input ends; tells its port on standard output.

The settings are libtorrent's own preset for fast seeding, with whatever could hold it back on one
machine's loopback taken away.
"""

import json
import os
import sys

import libtorrent as lt

MIB = 1024 * 1024

torrent_file, directory = sys.argv[1:3]

settings = lt.high_performance_seed()
settings.update(
    {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        "allow_multiple_connections_per_ip": True,
        "connections_limit": 8000,
        "unchoke_slots_limit": -1,
        "upload_rate_limit": 0,
        "download_rate_limit": 0,
        "rate_limit_ip_overhead": False,
        # With the eight of the preset the threads fight over two cores: one was best at every count.
        "aio_threads": 1,
        "send_buffer_watermark": 8 * MIB,
        "send_buffer_low_watermark": 1 * MIB,
        "alert_mask": 0,
    }
)
# For whoever wants to see whether others do better.
settings.update(json.loads(os.environ.get("BENCH_LIBTORRENT_SETTINGS", "{}")))
session = lt.session(settings)

params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent_file)
params.save_path = directory
# Neither does it announce to the tracker of the other seeder, nor check what need not be checked.
params.trackers = []
params.flags = lt.torrent_flags.seed_mode | lt.torrent_flags.override_trackers
params.max_connections = 8000
params.max_uploads = -1
handle = session.add_torrent(params)
handle.unset_flags(lt.torrent_flags.auto_managed)
handle.resume()

ready = {
    "event": "ready",
    "version": lt.__version__,
    "port": session.listen_port(),
    "infoHash": str(params.ti.info_hash()),
}
print(json.dumps(ready), flush=True)
sys.stdin.read()
