# The tap alone, with the versions of constraints.txt: see docs/releasing.md.
FROM python:3.13-slim-trixie AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/tap \
 && python -m pip install --no-cache-dir --constraint constraints.txt hatchling \
 && python -m pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheels . \
 && /opt/tap/bin/python -m pip install --no-cache-dir --constraint constraints.txt /wheels/*.whl

FROM python:3.13-slim-trixie
RUN useradd --system --uid 10001 --no-create-home tap
COPY --from=build /opt/tap /opt/tap
ENV PATH=/opt/tap/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /work
ENTRYPOINT ["tap-genesys"]
