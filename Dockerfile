# The command line and the poller, without the embedded server.
FROM python:3.13-slim-bookworm AS build
COPY . /src
RUN python -m venv /pgwhen && /pgwhen/bin/pip install --no-cache-dir --disable-pip-version-check /src

FROM python:3.13-slim-bookworm
COPY --from=build /pgwhen /pgwhen
ENV PATH=/pgwhen/bin:$PATH PYTHONUNBUFFERED=1
USER nobody
ENTRYPOINT ["pgwhen"]
CMD ["poll"]
