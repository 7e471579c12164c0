# The portal's image: web, worker, beat and the demo's mail catcher differ in their command only.
FROM debian:bookworm-slim AS portal
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home portal
WORKDIR /app
COPY requirements.lock ./
RUN python3 -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 TRUNKPORTAL_DATA_DIR=/data
COPY . .
RUN mkdir /data && chown portal: /data
USER portal
VOLUME /data

# The switch: Debian's Kamailio with the portal's configuration.
FROM debian:bookworm-slim AS switch
RUN apt-get update && apt-get install --yes --no-install-recommends kamailio \
    kamailio-redis-modules kamailio-postgres-modules kamailio-tls-modules \
    kamailio-utils-modules kamailio-json-modules kamailio-extra-modules \
    && rm -rf /var/lib/apt/lists/* && mkdir --parents /run/kamailio \
    && chown kamailio: /run/kamailio
WORKDIR /app
COPY deploy/kamailio deploy/kamailio
USER kamailio
