import { isBearer } from "@seedfleet/service";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { UserDirectory } from "../users/user-directory.ts";

/** What the API needs; null until the tracker has them. */
export type ApiPorts = {
  readonly users: UserDirectory;
  /** Where a user's clients announce, by passkey. */
  readonly announceUrls: (passkey: string) => readonly string[];
};

const USER_PATH = "/users/:id";

const NEW_USER = {
  body: {
    type: "object",
    required: ["name"],
    additionalProperties: false,
    properties: { name: { type: "string", minLength: 1, maxLength: 128 } },
  },
} as const;

type UserParams = { Params: { id: string } };

/**
 * The users of a private tracker, for whoever has the token (`Authorization: Bearer …`):
 *
 * - `POST /users` with `{"name"}` makes one and gives its passkey, this once;
 * - `GET /users` and `GET /users/ID` tell what each has moved, in bytes its clients claim;
 * - `DELETE /users/ID` revokes the passkey; the totals stay.
 */
export function addUserRoutes(
  server: FastifyInstance,
  token: string,
  current: () => ApiPorts | null,
): void {
  server.addHook("onRequest", async (request, reply) => {
    reply.header("x-content-type-options", "nosniff").header("cache-control", "no-store");
    if (!isBearer(request.headers.authorization, token)) {
      reply.header("www-authenticate", "Bearer");
      return fail(reply, 401, "this needs the header Authorization: Bearer TOKEN");
    }
    if (current() === null) return fail(reply, 503, "the tracker is starting; try again");
    return undefined;
  });
  server.setNotFoundHandler((_request, reply) =>
    fail(reply, 404, "there is nothing here; /users lists who may announce"),
  );

  server.post<{ Body: { name: string } }>(
    "/users",
    { schema: NEW_USER },
    async (request, reply) => {
      const ports = current();
      if (ports === null) return reply;
      const { user, passkey } = await ports.users.create(request.body.name);
      const { id, name, createdAtMs } = user;
      reply.code(201).header("location", `/users/${id}`);
      return { id, name, createdAtMs, passkey, announceUrls: ports.announceUrls(passkey) };
    },
  );

  server.get("/users", async (_request, reply) => {
    const ports = current();
    return ports === null ? reply : { users: await ports.users.list() };
  });

  server.get<UserParams>(USER_PATH, async (request, reply) => {
    const { id } = request.params;
    const user = isId(id) ? await current()?.users.find(id) : null;
    return user ?? fail(reply, 404, ABSENT);
  });

  server.delete<UserParams>(USER_PATH, async (request, reply) => {
    const { id } = request.params;
    const user = isId(id) ? await current()?.users.revoke(id) : null;
    return user ? reply.code(204).send() : fail(reply, 404, ABSENT);
  });
}

const ABSENT = "there is no such user; /users lists them";

function isId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

function fail(reply: FastifyReply, code: number, error: string): FastifyReply {
  return reply.code(code).send({ error });
}
