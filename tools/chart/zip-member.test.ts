import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { zipMember } from "./zip-member.ts";

const CONTENT = Buffer.from("one two ".repeat(100));

test("zipMember() gives the file that is asked for", () => {
  const archive = givenZip(["folder/first", "folder/second"]);
  equal(zipMember(archive, "folder/second").toString(), `folder/second ${CONTENT}`);
});

test("zipMember() given a name that is not there says so", () => {
  throws(() => zipMember(givenZip(["first"]), "second"), /no second/);
});

test("zipMember() given half an archive refuses it", () => {
  const archive = givenZip(["first"]);
  throws(() => zipMember(archive.subarray(0, archive.length / 2), "first"), /no zip archive/);
});

/** An archive with deflated files. */
function givenZip(names: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  for (const name of names) {
    const packed = deflateRawSync(`${name} ${CONTENT}`);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(Buffer.concat(parts).length, 42);
    parts.push(local, Buffer.from(name), packed);
    directory.push(entry, Buffer.from(name));
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(names.length, 10);
  end.writeUInt32LE(Buffer.concat(parts).length, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
