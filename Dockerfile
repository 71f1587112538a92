FROM node:20.20-bookworm-slim AS base
WORKDIR /app

# Apart from the sources, so that an edit installs nothing anew.
FROM base AS packages
COPY package.json package-lock.json ./

FROM packages AS build
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY streams streams
COPY sinks sinks
COPY src src
RUN npm run build

FROM packages AS production
RUN npm ci --omit=dev --no-audit --no-fund

FROM base
ENV NODE_ENV=production QUEUECAST_DATA_DIR=/data
RUN install -d -o node -g node /data
COPY --from=production /app/node_modules node_modules
COPY package.json ./
COPY samples samples
COPY --from=build /app/dist/src dist/src
COPY --from=build /app/dist/streams dist/streams
COPY --from=build /app/dist/sinks dist/sinks
# The one place that is written to: the root file system may be read-only.
VOLUME /data
# The user node, by number: Kubernetes' runAsNonRoot trusts no name.
USER 1000:1000
STOPSIGNAL SIGTERM
# A loop that turns touches its file every second. A role is known here only from QUEUECAST_ROLE, not from --role.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=2 CMD ["node", "-e", "\
  const { QUEUECAST_DATA_DIR: dir, QUEUECAST_ROLE: role } = process.env; \
  const seconds = (Date.now() - fs.statSync(dir + '/health-' + (role || 'all')).mtimeMs) / 1000; \
  console.log('The loop turned ' + seconds.toFixed(1) + ' s ago.'); \
  process.exit(seconds > 10 ? 1 : 0)"]
ENTRYPOINT ["node", "dist/src/main.js"]
CMD ["run"]
