# One image for every service, which its first argument names: `docker run seedfleet gateway`. They
# share all but a few kilobytes, and are of one version (ADR 24).

ARG BASE=node:26-bookworm-slim

FROM ${BASE} AS source
WORKDIR /seedfleet
COPY . .
# The checkout may have been made with a strict umask.
RUN chmod -R a+rX,go-w .

FROM source AS manifests
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete

# Only the manifests come in here, so that a change of the source installs nothing anew.
FROM ${BASE} AS dependencies
WORKDIR /seedfleet
COPY --from=manifests /seedfleet ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
  && rm -rf /root/.npm
# What nothing loads: types, source maps, sources of what is compiled, documents that are no
# licence; then the links to packages that are only for tests, which are not here.
RUN find node_modules -type f \
    \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.md' \
      -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.tsbuildinfo' \) \
    ! -iname '*licen[cs]e*' ! -iname '*notice*' -delete \
  && rm -rf node_modules/.cache bench interop libs/testkit \
  && find node_modules -xtype l -delete \
  && find node_modules -type d -empty -delete \
  && chmod -R a+rX,go-w .

FROM ${BASE}
RUN echo 'seedfleet:x:10001:10001::/tmp:/usr/sbin/nologin' >>/etc/passwd \
  && echo 'seedfleet:x:10001:' >>/etc/group
WORKDIR /seedfleet
COPY --from=dependencies /seedfleet ./
COPY --from=source /seedfleet/apps ./apps
COPY --from=source /seedfleet/libs ./libs
COPY --from=source /seedfleet/deploy/image ./deploy/image
COPY --from=source /seedfleet/LICENSE ./
ENV NODE_ENV=production
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
# The app takes signals itself and has no child processes, so it can be process 1.
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "/seedfleet/deploy/image/src/start.ts"]
CMD ["cli", "--help"]
# Of a service only; a container of the command line ends before it counts.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "/seedfleet/deploy/image/src/healthcheck.ts"]
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Seedfleet" \
  org.opencontainers.image.description="A fleet of BitTorrent seeders run as one system" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}"
