import { SeedfleetError } from "@seedfleet/runtime";

export type DataFileErrorDetail =
  | { readonly code: "data-directory-in-use"; readonly file: string }
  | { readonly code: "data-file-unusable"; readonly file: string };

export type DataFileError = SeedfleetError<DataFileErrorDetail>;

export function dataDirectoryInUse(file: string, cause?: unknown): DataFileError {
  return new SeedfleetError(
    `Cannot open "${file}": another Seedfleet process uses it; stop that one or choose another`,
    { code: "data-directory-in-use", file },
    cause,
  );
}

export function dataFileUnusable(file: string, reason: string, cause?: unknown): DataFileError {
  const detail = { code: "data-file-unusable", file } as const;
  return new SeedfleetError(`Cannot open "${file}": ${reason}`, detail, cause);
}
