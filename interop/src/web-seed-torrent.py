"""Makes a torrent that names web seeds (BEP 19) and nobody else, as libtorrent makes it.

Usage: web-seed-torrent.py GIVEN
GIVEN is JSON of {content, path, version, pieceLength, webSeeds, made}: of what lies at `path` under
the directory `content`, a file or a directory, it writes a torrent to `made`.
"""

import json
import os
import sys

import libtorrent as lt

# The Python binding of 2.0.8 does not name this one.
V1_ONLY = 64
FLAGS = {"v1": V1_ONLY, "v2": int(lt.create_torrent.v2_only), "hybrid": 0}

given = json.loads(sys.argv[1])
storage = lt.file_storage()
lt.add_files(storage, os.path.join(given["content"], given["path"]))
creator = lt.create_torrent(storage, given["pieceLength"], FLAGS[given["version"]])
for url in given["webSeeds"]:
    creator.add_url_seed(url)
lt.set_piece_hashes(creator, given["content"])
with open(given["made"], "wb") as made:
    made.write(lt.bencode(creator.generate()))
