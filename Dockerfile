# syntax=docker/dockerfile:1

# --- build: every dependency, types to JavaScript ---
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# `prepare` would build before the sources are here.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
# The image's own Node 24 runs the compiler; the `node` package serves machines with an older one.
RUN node node_modules/typescript/bin/tsc -p src && chmod 0755 dist/cli/coatcheck.js

# --- dependencies: what runs in production, no install script among them ---
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

# --- the image: Debian, the Node.js binary and what it runs; nothing that installs or builds ---
FROM debian:bookworm-slim
ENV NODE_ENV=production \
    NODE_OPTIONS=--disable-warning=ExperimentalWarning \
    HOST=0.0.0.0 \
    DATA_DIR=/data
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
# The binary must find its libraries here: `node --version` stops the build if it does not.
RUN node --version \
 && groupadd --gid 1000 node \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /data --shell /usr/sbin/nologin node \
 && install -d -o node -g node -m 0700 /data \
 && ln -s /app/dist/cli/coatcheck.js /usr/local/bin/coatcheck
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json ./
# By number, so that Kubernetes can tell that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 3000
# Node is the probe too: no shell and no curl needed.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT||3000}/healthz`).then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# Exec form: node is PID 1 and gets the signals itself.
CMD ["node", "--disable-sigusr1", "--max-semi-space-size=8", "--expose-gc", "dist/main.js"]
