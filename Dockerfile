# syntax=docker/dockerfile:1

# The slim image has the one thing ring needs beside Rust: a C compiler.
FROM rust:1-slim-bookworm AS build
WORKDIR /build

# Dependencies first, with empty sources in the place of ours: this layer is built again only when they change.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked --bin hf-jobs-mcp

# COPY keeps the files' times, which may be older than the empty sources': cargo must see them as new.
COPY src src
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked --bin hf-jobs-mcp

# glibc of the same Debian as above, CA roots, user 65532, no shell.
FROM gcr.io/distroless/cc-debian12:nonroot

# The name in the MCP registry begins with the account that publishes the image: pass your own.
ARG SERVER_NAME=io.github.hf-jobs-mcp/hf-jobs-mcp
# A release adds version, revision and source: `docker build --label org.opencontainers.image.revision=...`
LABEL org.opencontainers.image.title="hf-jobs-mcp" \
      org.opencontainers.image.description="An MCP server through which AI assistants run compute on Hugging Face Jobs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      io.modelcontextprotocol.server.name="${SERVER_NAME}"

COPY LICENSE /usr/share/doc/hf-jobs-mcp/LICENSE
COPY --from=build /build/target/release/hf-jobs-mcp /usr/local/bin/hf-jobs-mcp

USER 65532:65532
ENTRYPOINT ["/usr/local/bin/hf-jobs-mcp"]
