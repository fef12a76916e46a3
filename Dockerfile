# docker build -t gatehouse .
# docker run -e DATABASE_URL=postgresql://... -e IDP_ISSUER=https://id.example.gov \
#     -v gatehouse-keys:/srv/gatehouse/keys -p 8000:8000 gatehouse
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/gatehouse
ENV PATH=/opt/gatehouse/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Everything that comes from outside is held to a hash, the build's own tools too.
COPY requirements.lock requirements-build.lock ./
RUN pip install --require-hashes -r requirements.lock
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes -r requirements-build.lock
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && pip install --no-deps /wheel/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /srv/gatehouse --shell /usr/sbin/nologin gatehouse \
    && install -d -m 0700 -o gatehouse -g gatehouse /srv/gatehouse /srv/gatehouse/keys
COPY --from=build /opt/gatehouse /opt/gatehouse
ENV PATH=/opt/gatehouse/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    IDP_DATA=/srv/gatehouse IDP_HOST=0.0.0.0
WORKDIR /srv/gatehouse
USER gatehouse
# Keys, and the journal's checkpoints outside the database: neither may go with the container.
VOLUME ["/srv/gatehouse"]
EXPOSE 8000
# Asks the operators' listener, which is reached from inside only.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8900/healthz', timeout=2)"]
ENTRYPOINT ["idp"]
CMD ["serve"]
