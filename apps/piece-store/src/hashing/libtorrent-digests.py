"""Has libtorrent hash a directory, and prints where its files went and what their digests are."""

import json
import os
import sys

import libtorrent as lt

directory, version, piece_length = sys.argv[1:4]
flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[version]

storage = lt.file_storage()
lt.add_files(storage, directory)
torrent = lt.create_torrent(storage, int(piece_length), flags)
lt.set_piece_hashes(torrent, os.path.dirname(directory))
entry = torrent.generate()
info = entry[b"info"]
layers = entry.get(b"piece layers", {})


def roots_of(tree):
    """The roots of the pieces of all files, in the order of the file tree."""
    for name in sorted(tree):
        if name != b"":
            yield from roots_of(tree[name])
            continue
        root = tree[name].get(b"pieces root")
        if root is not None:
            yield layers.get(root, root)


placed = lt.torrent_info(lt.bencode(entry)).files()
files = [
    {
        "path": placed.file_path(at),
        "lengthBytes": placed.file_size(at),
        "offsetBytes": placed.file_offset(at),
        "padding": bool(placed.file_flags(at) & lt.file_flags_t.flag_pad_file),
    }
    for at in range(placed.num_files())
]
digests = {
    "files": files,
    "pieceHashes": info[b"pieces"].hex() if b"pieces" in info else None,
    "pieceRoots": b"".join(roots_of(info[b"file tree"])).hex() if b"file tree" in info else None,
}
print(json.dumps(digests))
