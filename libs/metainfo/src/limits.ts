/**
 * The SHA-1 of `PIECES_MAX` pieces take 40 MiB; the rest is room for the names of their files, or
 * for piece layers: a v2 torrent has 32 bytes a piece, so not quite as many pieces fit, and of a
 * hybrid one 1.2 million. At its worst such a file takes a few seconds and a gigabyte to judge.
 */
export const METAINFO_BYTES_MAX: number = 64 * 1024 * 1024;

/** As libtorrent's. Real metainfo nests five deep; a v2 file tree is as deep as its directories. */
export const BENCODE_DEPTH_MAX = 100;

/** As libtorrent's. A token costs us 12 bytes and may be had for one byte of input. */
export const BENCODE_TOKENS_MAX = 3_000_000;

/** As libtorrent's. The bitfield of so many pieces is 256 KiB, which each peer may send us. */
export const PIECES_MAX: number = 0x20_0000;

/** As libtorrent's: 32,767 blocks of 16 KiB, so a block's number fits 15 bits. */
export const PIECE_LENGTH_BYTES_MAX: number = 0x7fff * 0x4000;

/** As libtorrent's: 16 TiB, fewer than 2^30 blocks of 16 KiB, so a tree of them stays small. */
export const FILE_LENGTH_BYTES_MAX: number = (2 ** 30 - 1) * 0x4000 - 1;

/** Larger than any torrent seen in the wild; each file costs a few hundred bytes of memory. */
export const FILES_MAX = 262_144;

/** NAME_MAX of every file system we store on; a longer name is cut and keeps its extension. */
export const PATH_ELEMENT_BYTES_MAX = 255;

/** Half of Linux's PATH_MAX: the other half is left to the root the torrent is stored in. */
export const PATH_BYTES_MAX = 2_048;

/** As deep as libtorrent follows a v2 file tree. */
export const PATH_DEPTH_MAX = 100;

/**
 * The elements a path may have in a torrent that we make with a v2 file tree: each is a dictionary
 * in a dictionary, below three of them and above one, and readers take no more than
 * `BENCODE_DEPTH_MAX`.
 */
export const FILE_TREE_DEPTH_MAX: number = BENCODE_DEPTH_MAX - 4;

/**
 * How many taken names may be tried in all while duplicates are renamed. An honest torrent has a
 * handful; as the n-th duplicate of a name costs n tries, without this the work is quadratic.
 */
export const DUPLICATE_NAME_TRIES_MAX = 1_000;

/** More trackers than any client announces to; those after are left out, not a violation. */
export const TRACKERS_MAX = 256;

/** More web seeds than one torrent can use; those after are left out, not a violation. */
export const WEB_SEEDS_MAX = 256;

/** More torrents than it helps to look for the same files in (BEP 38); those after are left out. */
export const SIMILAR_MAX = 256;

/** More collections than one torrent is in (BEP 38); those after are left out. */
export const COLLECTIONS_MAX = 256;

/** What servers and proxies commonly take of a request line; a longer URL could not be asked. */
export const URL_LENGTH_MAX = 2_048;

/** Holds some hundred trackers; browsers and shells hand over no more than this whole. */
export const MAGNET_LENGTH_MAX = 16_384;

/** The peers of a magnet are a first hint; more would be a way to make us connect at will. */
export const MAGNET_PEERS_MAX = 64;

/** What BEP 52 says a hash request should not exceed; 16 KiB of hashes, beside their proof. */
export const HASH_REQUEST_LENGTH_MAX = 512;

/**
 * As libtorrent's: it asks for the blocks of one piece at once, however long, to find the bad one.
 * To answer that takes as much hashing as to verify the piece.
 */
export const HASH_REQUEST_BLOCKS_MAX = 8_192;

/**
 * How many nodes above a piece layer one call hashes ahead of an answer, fifteen hashes each: some
 * milliseconds. Up to some 7,600 pieces a file takes one call.
 */
export const HASHED_NODES_PER_CALL_MAX = 512;
