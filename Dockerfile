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
# Nobody can write there later, so that nothing would be kept; and whoever builds may reset the
# files' times, by which compiled files are otherwise found out of date.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv /srv/llm-proxy

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="LLM Proxy" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/venv/bin:/srv/llm-proxy/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data \
    DATABASE_URL=sqlite:////data/llm-proxy.db
# Debian has a user called proxy already. The standard library comes uncompiled, which would cost
# every worker a second at its start and the health check a third of one each time.
RUN useradd --uid 10001 --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin llm-proxy \
 && install --directory --owner=llm-proxy --group=llm-proxy --mode=0700 /data \
 && PIP_ROOT_USER_ACTION=ignore python -m pip uninstall --quiet --yes pip \
 && python -m compileall -q "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/llm-proxy /srv/llm-proxy
WORKDIR /srv/llm-proxy
# By number, so that an orchestrator can see that it is not root.
USER 10001
VOLUME ["/data"]
EXPOSE 8080
# The server drains for GRACEFUL_SHUTDOWN_TIMEOUT: give `docker stop` a little more than that.
STOPSIGNAL SIGTERM
# By http.client: urllib would ask the proxy that an HTTP_PROXY names.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); c.request('GET', '/health'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "cli"]
CMD ["serve"]
