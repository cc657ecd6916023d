/** The numbers of BEP 15, and where what stands in a packet; for clients and trackers alike. */

/** What the first 8 bytes of a connect request are. */
export const UDP_PROTOCOL_ID_HIGH = 0x417;
export const UDP_PROTOCOL_ID_LOW = 0x27101980;

export const UDP_CONNECT = 0;
export const UDP_ANNOUNCE = 1;
export const UDP_SCRAPE = 2;
export const UDP_ERROR = 3;

/** Id, action and transaction id, which every request begins with; a connect request is no more. */
export const UDP_REQUEST_HEAD_BYTES = 16;

/** An announce without options; those of BEP 41 follow. */
export const UDP_ANNOUNCE_BYTES = 98;

/** Where what is in an announce. */
export const UDP_INFO_HASH_AT = 16;
export const UDP_PEER_ID_AT = 36;
export const UDP_DOWNLOADED_AT = 56;
export const UDP_LEFT_AT = 64;
export const UDP_UPLOADED_AT = 72;
export const UDP_EVENT_AT = 80;
export const UDP_ADDRESS_AT = 84;
export const UDP_KEY_AT = 88;
export const UDP_NUM_WANT_AT = 92;
export const UDP_PORT_AT = 96;

/** By their numbers; that of `paused` (BEP 21) is libtorrent's, and so that of many clients. */
export const UDP_EVENTS = [null, "completed", "started", "stopped", "paused"] as const;

/** BEP 41: the option that holds path and query of the tracker's URL, up to 255 bytes of it. */
export const UDP_URL_DATA = 2;
