# The orchestrator: docker build -f docker/orchestrator.Dockerfile -t loligo-orchestrator .
# Runs as user 1000 with a root filesystem that may be read-only; secrets come as files (docs/cluster.md).

FROM node:22.20.0-bookworm-slim AS build
# versions are those of the base image's Debian release
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json ./
# npm ci compiles the add-on of the engine `native`, for every instruction set: the processor it runs on chooses
COPY worker/engines/fused ./worker/engines/fused
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY schemas ./schemas
COPY orchestrator ./orchestrator
COPY worker ./worker
# GPUs are the workers'
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund \
 && rm -rf node_modules/webgpu

FROM node:22.20.0-bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir /runs \
 && chown 1000:1000 /runs
ENV NODE_ENV=production NO_COLOR=1
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/worker ./worker
COPY --from=build /build/dist ./dist
USER 1000:1000
VOLUME /runs
EXPOSE 9090
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--", "node", "/app/dist/orchestrator/cli/main.js"]
CMD ["--help"]
