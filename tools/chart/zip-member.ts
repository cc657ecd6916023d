import assert from "node:assert/strict";
import { inflateRawSync } from "node:zlib";

const END_OF_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const DIRECTORY_ENTRY = 0x02014b50;
const DIRECTORY_ENTRY_BYTES = 46;
const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/** One file of a zip archive without a comment. Throws if it is not there, or not whole. */
export function zipMember(archive: Buffer, name: string): Buffer {
  const end = archive.length - END_BYTES;
  assert.equal(archive.readUInt32LE(end), END_OF_DIRECTORY, "no zip archive");
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    assert.equal(archive.readUInt32LE(at), DIRECTORY_ENTRY, "a zip archive that is not whole");
    const nameLength = archive.readUInt16LE(at + 28);
    const nameAt = at + DIRECTORY_ENTRY_BYTES;
    if (archive.toString("utf8", nameAt, nameAt + nameLength) === name) return member(archive, at);
    at = nameAt + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`The zip archive has no ${name}`);
}

function member(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const packedLength = archive.readUInt32LE(entry + 20);
  const header = archive.readUInt32LE(entry + 42);
  assert.equal(archive.readUInt32LE(header), LOCAL_HEADER, "a zip archive that is not whole");
  const names = archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const start = header + LOCAL_HEADER_BYTES + names;
  const packed = archive.subarray(start, start + packedLength);
  if (method === STORED) return packed;
  assert.equal(method, DEFLATED, "a zip archive packed in an unknown way");
  return inflateRawSync(packed);
}
