# The worker, in three images; what a GPU needs of its host is in docs/gpu.md.
#   docker build -f docker/worker.Dockerfile -t loligo-worker .                             on processors
#   docker build -f docker/worker.Dockerfile -t loligo-worker-webgpu --target webgpu .      engine `webgpu`, any GPU with a Vulkan driver
#   docker build -f docker/worker.Dockerfile -t loligo-worker-tfjs-gpu --target tfjs-gpu .  engine `tfjs` on TensorFlow with CUDA, 4 GB larger
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
# Dawn is 130 MB and for its own image; the report's database stays with the orchestrator
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund \
 && mv node_modules/webgpu /webgpu \
 && rm -rf node_modules/@duckdb

FROM node:22.20.0-bookworm-slim AS tensorflow
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ python3-pip \
 && rm -rf /var/lib/apt/lists/*
COPY docker/tfjs-node.sh /
RUN /tfjs-node.sh /opt/tensorflow gpu

FROM node:22.20.0-bookworm-slim AS worker
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production NO_COLOR=1
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/worker ./worker
COPY --from=build /build/dist ./dist
USER 1000:1000
EXPOSE 9090
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--", "node", "/app/dist/orchestrator/cli/main.js"]
CMD ["worker", "--nats", "nats://nats:4222", "--metrics-port", "9090"]

FROM worker AS webgpu
USER 0:0
# the Vulkan loader, and what NVIDIA's Vulkan driver is linked with; the driver itself is the host's, by NVIDIA's container toolkit
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends libvulkan1 libegl1 libgl1 libopengl0 libxext6 \
 && rm -rf /var/lib/apt/lists/*
# toolkits that bring the driver but not its manifest are helped, the others put theirs in the same place
COPY docker/nvidia_icd.json /etc/vulkan/icd.d/nvidia_icd.json
COPY --from=build /webgpu ./node_modules/webgpu
# "graphics" is what makes the toolkit bring Vulkan; the driver's cache of compiled kernels goes where one may write
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics XDG_CACHE_HOME=/tmp XDG_RUNTIME_DIR=/tmp
USER 1000:1000
CMD ["worker", "--nats", "nats://nats:4222", "--engine", "webgpu", "--metrics-port", "9090"]

FROM worker AS tfjs-gpu
COPY --from=tensorflow /opt/tensorflow /opt/tensorflow
ENV LOLIGO_TFJS=/opt/tensorflow NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility CUDA_CACHE_PATH=/tmp
CMD ["worker", "--nats", "nats://nats:4222", "--engine", "tfjs", "--metrics-port", "9090"]

# without --target
FROM worker
