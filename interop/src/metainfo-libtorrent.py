"""Says what libtorrent makes of torrents, and makes torrents of the same content.

Usage: metainfo-libtorrent.py MANIFEST
The manifest is a JSON list of {torrent, made, content, version, name, single, files, pieceLength,
private, collections}. For each it loads `torrent`, makes another one of the files under `content`,
which it writes to `made`, and prints a line of JSON with what it found in the first. Then it adds
all of them to one session, which checks the content, and prints how much of each is there.
"""

import json
import os
import sys
import time

import libtorrent as lt

# The Python binding of 2.0.8 does not name this one.
V1_ONLY = 64
FLAGS = {"v1": V1_ONLY, "v2": int(lt.create_torrent.v2_only), "hybrid": 0}
PAD_FILE = int(lt.file_flags_t.flag_pad_file)
EXECUTABLE = int(lt.file_flags_t.flag_executable)
HIDDEN = int(lt.file_flags_t.flag_hidden)
CHECK_TIMEOUT_S = 100


def describe(info):
    hashes = info.info_hashes()
    files = info.files()
    return {
        "name": info.name(),
        "infoHash": str(hashes.v1) if hashes.has_v1() else None,
        "infoHashV2": str(hashes.v2) if hashes.has_v2() else None,
        "pieceLength": info.piece_length(),
        "pieces": info.num_pieces(),
        "size": info.total_size(),
        "private": info.priv(),
        "collections": sorted(info.collections()),
        "files": [
            {
                "path": files.file_path(i),
                "size": files.file_size(i),
                "offset": files.file_offset(i),
                "padding": bool(files.file_flags(i) & PAD_FILE),
                "executable": bool(files.file_flags(i) & EXECUTABLE),
                "hidden": bool(files.file_flags(i) & HIDDEN),
            }
            for i in range(files.num_files())
        ],
    }


def make(given):
    storage = lt.file_storage()
    for file in given["files"]:
        names = file["path"] if given["single"] else [given["name"], *file["path"]]
        flags = (EXECUTABLE if file["executable"] else 0) | (HIDDEN if file["hidden"] else 0)
        storage.add_file(os.path.join(*names), file["size"], flags)
    creator = lt.create_torrent(storage, given["pieceLength"], FLAGS[given["version"]])
    creator.set_priv(given["private"])
    for collection in given["collections"]:
        creator.add_collection(collection)
    lt.set_piece_hashes(creator, given["content"])
    with open(given["made"], "wb") as made:
        made.write(lt.bencode(creator.generate()))


def check_all(manifest):
    session = lt.session(
        {
            "listen_interfaces": "127.0.0.1:0",
            "enable_dht": False,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
        }
    )
    handles = []
    for given in manifest:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(given["torrent"])
        params.save_path = given["content"]
        # Not in a queue, so that none waits for another to be checked.
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        handles.append(session.add_torrent(params))
    until = time.monotonic() + CHECK_TIMEOUT_S
    while time.monotonic() < until and not all(each.status().is_seeding for each in handles):
        time.sleep(0.05)
    return [each.status().progress for each in handles]


with open(sys.argv[1]) as file:
    manifest = json.load(file)
for given in manifest:
    loaded = describe(lt.torrent_info(given["torrent"]))
    make(given)
    print(json.dumps(loaded), flush=True)
print(json.dumps(check_all(manifest)), flush=True)
