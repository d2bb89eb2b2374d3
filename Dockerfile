# syntax=docker/dockerfile:1
# Two stages: wheels are installed with pip's hash check, then only the result is taken along.
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/pip install --require-hashes --only-binary=:all: -r /tmp/requirements.txt \
 && /opt/venv/bin/pip uninstall --yes pip \
 && find /opt/venv -name '__pycache__' -prune -exec rm -rf {} +
COPY . /srv/llm-proxy
RUN /opt/venv/bin/python -m compileall -q /opt/venv /srv/llm-proxy || true

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="LLM Proxy" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data \
    DATABASE_URL=sqlite:////data/llm-proxy.db
RUN useradd --uid 10001 --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin proxy \
 && install --directory --owner=proxy --group=proxy --mode=0700 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/llm-proxy /srv/llm-proxy
WORKDIR /srv/llm-proxy
# By number, so that an orchestrator can see that it is not root.
USER 10001
VOLUME ["/data"]
EXPOSE 8080
# The server drains for GRACEFUL_SHUTDOWN_TIMEOUT: give `docker stop` a little more than that.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os,urllib.request as u; u.urlopen('http://127.0.0.1:'+os.environ['PORT']+'/health', timeout=2)"]
ENTRYPOINT ["python", "-m", "cli"]
CMD ["serve"]
