# One image for both programs: chess-operator and chess-server.
#
#   docker build -t chesscluster .                              anywhere: dependencies from the package index
#   .ci/image NAME:TAG…                                         for x86 and Graviton at once, pushed
#   localcluster image build .                                  without a registry: base and wheels from the machine
#
# Every stage works on any base that has Python 3.11 or later. /wheels is mounted by `localcluster image build`, and
# hashes were checked when they were fetched; without it, pip of the base fetches and checks.
#
# The digest is that of the index of all architectures; tag and digest change together.
ARG BASE=docker.io/library/python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

# Dependencies alone: this layer changes only with their lock file.
FROM ${BASE} AS dependencies
# names the set of wheels, so that another set makes another layer
ARG WHEELS=none
COPY requirements/image.txt /opt/chess/requirements.txt
RUN set -e; \
    python3 -m venv --without-pip /opt/chess; \
    if [ -d /wheels ]; then \
      python3 -m zipfile -e /wheels/build/pip-*.whl /tmp/pip; \
      PYTHONPATH=/tmp/pip python3 -m pip --python /opt/chess install \
        --quiet --no-cache-dir --no-index --no-deps /wheels/image/*.whl; \
      rm -r /tmp/pip; \
    else \
      python3 -m pip --python /opt/chess install --no-cache-dir --require-hashes -r /opt/chess/requirements.txt; \
    fi; \
    find /opt/chess -name tests -type d -prune -exec rm -rf {} +; \
    echo /opt/app > "$(/opt/chess/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/chess.pth"

# The project itself, into a directory of its own, so that a change of code is a small layer.
FROM dependencies AS project
COPY requirements/image-build.txt /build/
RUN set -e; \
    if [ -d /wheels ]; then \
      python3 -m zipfile -e /wheels/build/pip-*.whl /tmp/pip; \
      PYTHONPATH=/tmp/pip python3 -m pip install \
        --quiet --no-cache-dir --no-index --no-deps --target /build/tools /wheels/build/*.whl; \
    else \
      python3 -m pip install --no-cache-dir --require-hashes --target /build/tools -r /build/image-build.txt; \
    fi
COPY . /build/src
RUN PYTHONPATH=/build/tools python3 -m pip --python /opt/chess install --quiet --no-cache-dir --no-index --no-deps \
      --no-build-isolation --target /opt/app /build/src

FROM dependencies
ENV PATH=/opt/app/bin:/opt/chess/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# a number, so that Kubernetes can tell that it is not root
USER 10001:10001
CMD ["chess-server", "--help"]
COPY --from=project /opt/app /opt/app
# last, because a revision is new each time
ARG BASE
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="ChessCluster" \
      org.opencontainers.image.description="A live chess service: chess-server and chess-operator" \
      org.opencontainers.image.licenses="GPL-3.0-or-later" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
