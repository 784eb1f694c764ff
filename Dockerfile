# Builds the shop and puts the one binary into a small image that does not run as root.
#
#   docker build -t kiosk .
#   docker run -v kiosk:/data --env-file .env -p 8080:8080 kiosk
#
# Secrets are given when it runs (as variables, or as files named by KIOSK_…_FILE), never when it is built.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --locked --release

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --user-group --home-dir /data --create-home kiosk
COPY --from=build /build/target/release/kiosk /usr/local/bin/kiosk
USER kiosk
WORKDIR /data
VOLUME /data
ENV KIOSK_DATABASE__URL=sqlite:///data/kiosk.db \
    KIOSK_HTTP__LISTEN=0.0.0.0:8080
EXPOSE 8080
# Asks the running shop itself; `kiosk check` would ask Telegram and the suppliers each time.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["kiosk"]
CMD ["run"]
