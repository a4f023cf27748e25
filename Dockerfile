# The course with both engines of the live kernel: QEMU, and saved machines for the browser. Debian 12 is the last
# release with 32-bit kernels.
#
#     docker build -t oomlab .
#     docker run --rm -p 127.0.0.1:8888:8888 oomlab
FROM debian:bookworm-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates make nodejs npm python3 python3-venv qemu-system-x86 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home learner

COPY --chown=learner . /home/learner/oomlab
USER learner
WORKDIR /home/learner/oomlab
# For a hub on Kubernetes, whose version it must be: deploy/README.md.
ARG JUPYTERHUB=
# Boots a kernel once, in Node, and saves it: a few minutes.
RUN make setup \
    && if [ -n "$JUPYTERHUB" ]; then .venv/bin/python -m pip install --no-cache-dir "jupyterhub==$JUPYTERHUB"; fi \
    && .venv/bin/oomlab lab setup --engine browser

EXPOSE 8888
CMD [".venv/bin/jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "--LabApp.default_url=/lab/tree/notebooks/00_start.ipynb"]
