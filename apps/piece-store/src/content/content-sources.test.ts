import { deepEqual, equal, rejects } from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { GivenOrigin } from "@seedfleet/content-http/testing";
import { errorCode, SeedfleetError, systemClock } from "@seedfleet/runtime";
import { ContentSources, type ContentSourcesConfig } from "./content-sources.ts";

const NOTHING: ContentSourcesConfig = {
  roots: [],
  origins: [],
  s3: { endpoint: null, region: null, addressing: "auto" },
};

function startSources(config: Partial<ContentSourcesConfig>): ContentSources {
  return new ContentSources({ clock: systemClock }, { ...NOTHING, ...config });
}

function withCode(code: string): (error: unknown) => boolean {
  return (error) => errorCode(error) === code;
}

const ORIGINS = ["https://host/path", "http://Other.example:80/", "s3://bucket/prefix/"];

const allowed = [
  { given: "the origin itself", location: "https://host/path", then: "https://host/path" },
  { given: "a file under it", location: "https://host/path/a", then: "https://host/path/a" },
  { given: "a query", location: "https://host/path/a?x=1", then: "https://host/path/a?x=1" },
  { given: "capitals", location: "HTTPS://HOST/path/a", then: "https://host/path/a" },
  { given: "the usual port", location: "https://host:443/path/a", then: "https://host/path/a" },
  { given: "a fragment", location: "https://host/path/a#b", then: "https://host/path/a" },
  { given: "a way back", location: "https://host/x/../path/a", then: "https://host/path/a" },
  {
    ...{ given: "an origin that is written in an unusual way" },
    ...{ location: "http://other.example/a", then: "http://other.example/a" },
  },
];

for (const { given: situation, location, then } of allowed) {
  test(`ContentSources allows ${situation}`, async () => {
    await using sources = startSources({ origins: ORIGINS });
    equal(await sources.resolve(location), then);
    // Another store's catalog entry is taken only in the form in which this one would write it.
    equal(sources.reads(location), location === then);
  });
}

const refused = [
  { given: "a name that begins alike", location: "https://host/pathX" },
  { given: "a name that begins alike in a directory", location: "https://host/pathX/a" },
  { given: "the directory above", location: "https://host/" },
  { given: "a way out", location: "https://host/path/../secret" },
  { given: "an encoded way out", location: "https://host/path/%2e%2e/secret" },
  { given: "another host", location: "https://evil.example/path/a" },
  { given: "a host that begins alike", location: "https://host.evil.example/path/a" },
  { given: "another port", location: "https://host:8443/path/a" },
  { given: "another scheme", location: "http://host/path/a" },
  { given: "another path of capitals", location: "https://host/Path/a" },
  { given: "a scheme nobody knows", location: "ftp://host/path/a" },
  { given: "a query beside the path", location: "https://host/pathX?/path/a" },
  { given: "another bucket", location: "s3://bucket2/prefix/a" },
  { given: "a prefix that begins alike", location: "s3://bucket/prefixX/a" },
  { given: "the bucket above the prefix", location: "s3://bucket" },
  { given: "a way out of a prefix", location: "s3://bucket/prefix/../secret" },
  { given: "a bucket in capitals", location: "s3://BUCKET/prefix/a" },
  { given: "a relative path", location: "path/a" },
  { given: "managed content", location: `managed:${"ab".repeat(20)}` },
];

for (const { given: situation, location } of refused) {
  test(`ContentSources refuses ${situation}`, async () => {
    await using sources = startSources({ origins: ORIGINS });
    await rejects(sources.resolve(location), withCode("path-outside-roots"));
    equal(sources.reads(location), false);
    if (location.includes("://")) equal(await sources.resolveIfThere(location), null);
  });
}

for (const { given: situation, location } of [
  { given: "a user name", location: "https://user:secret@host/path/a" },
  { given: "an encoded slash that leads out", location: "https://host/path/..%2fsecret" },
  { given: "a bucket's credentials", location: "s3://KEY:secret@bucket/prefix/a" },
]) {
  test(`ContentSources refuses ${situation}, and does not repeat it`, async () => {
    await using sources = startSources({ origins: ORIGINS });
    const error = await sources.resolve(location).catch((thrown: unknown) => thrown);
    equal(error instanceof SeedfleetError, true);
    equal(JSON.stringify([String(error), error]).includes(":secret"), false);
    equal(sources.reads(location.replace("..%2f", "../")), false);
  });
}

test("ContentSources allows what lies under a root, by whatever name", async () => {
  using directory = new GivenDirectory({ "root/a": "1", "rootX/a": "2", "other/a": "3" });
  symlinkSync(directory.at("root"), directory.at("link"));
  symlinkSync(directory.at("other"), directory.at("root/out"));
  await using sources = startSources({ roots: [directory.at("link")] });
  for (const path of ["root/a", "link/a", "root", "root/../root/a"]) {
    const then = path.endsWith("a") ? "root/a" : "root";
    equal(await sources.resolve(directory.at(path)), directory.at(then));
  }
  for (const path of ["rootX/a", "other/a", "root/out/a", "link/out", ""]) {
    await rejects(sources.resolve(directory.at(path)), withCode("path-outside-roots"));
  }
});

test("ContentSources refuses what was allowed when a link leads elsewhere now", async () => {
  using directory = new GivenDirectory({ "root/a": "1", "root/b/a": "2" });
  await using sources = startSources({ roots: [directory.at("root")] });
  symlinkSync(directory.at("root/a"), directory.at("root/c"));
  await sources.checkStillAllowed(directory.at("root/a"));
  await rejects(sources.checkStillAllowed(directory.at("root/c")), withCode("content-changed"));
  await using others = startSources({ roots: [directory.at("root/b")] });
  await rejects(others.checkStillAllowed(directory.at("root/a")), withCode("path-outside-roots"));
});

test("ContentSources asks no origin that it may not read", async () => {
  await using origin = await GivenOrigin.start({ "pub/a": "1", "pubX/a": "2" });
  await using sources = startSources({ origins: [origin.at("pub")] });
  await rejects(sources.resolve(origin.at("pubX/a")), withCode("path-outside-roots"));
  equal(origin.requests.items.length, 0);
  const listing = await sources.list(await sources.resolve(origin.at("pub/a")));
  deepEqual(
    listing.files.map(({ sizeBytes }) => sizeBytes),
    [1],
  );
});
