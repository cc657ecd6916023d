"""A DHT node of libtorrent at the loopback: libtorrent-dht.py ANNOUNCED SOUGHT (info hashes).

Says `listening PORT`, announces itself for the first info hash again and again, and says `peer PORT`
for each peer that it finds of the second.
"""

import sys
import tempfile
import time

import libtorrent

announced, sought = (libtorrent.sha1_hash(bytes.fromhex(text)) for text in sys.argv[1:3])
session = libtorrent.session(
    {
        "listen_interfaces": "127.0.0.1:0",
        "alert_mask": libtorrent.alert.category_t.dht_operation_notification,
        "enable_dht": True,
        "dht_bootstrap_nodes": "",
        "enable_lsd": False,
        "enable_natpmp": False,
        "enable_upnp": False,
        # Many nodes at one address, which is none of the internet, are what the rest forbids.
        "dht_enforce_node_id": False,
        "dht_ignore_dark_internet": False,
        "dht_prefer_verified_node_ids": False,
        "dht_restrict_routing_ips": False,
        "dht_restrict_search_ips": False,
    }
)
while session.listen_port() == 0:
    time.sleep(0.1)
print("listening", session.listen_port(), flush=True)

torrent = libtorrent.add_torrent_params()
torrent.info_hash = announced
torrent.save_path = tempfile.gettempdir()
torrent.flags &= ~(libtorrent.torrent_flags.auto_managed | libtorrent.torrent_flags.paused)
handle = session.add_torrent(torrent)
while True:
    handle.force_dht_announce()
    session.dht_get_peers(sought)
    time.sleep(0.5)
    for alert in session.pop_alerts():
        if isinstance(alert, libtorrent.dht_get_peers_reply_alert):
            for _, port in alert.peers():
                print("peer", port, flush=True)
