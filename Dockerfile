# syntax=docker/dockerfile:1

# The slim image has the one thing ring needs besides Rust: a C compiler.
FROM rust:1-slim-bookworm AS build
WORKDIR /build

COPY Cargo.toml Cargo.lock ./
COPY src src
# The mounts keep crates and objects from one build to the next. No mount ends up in the image, so the program is copied out.
# COPY keeps the times of files, and cargo compares them: without `touch`, an older checkout could get the program of a newer one.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,id=hf-jobs-mcp,target=/build/target,sharing=locked \
    find . -path ./target -prune -o -type f -exec touch {} + \
    && cargo build --release --locked --bin hf-jobs-mcp \
    && cp target/release/hf-jobs-mcp .

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
COPY --from=build /build/hf-jobs-mcp /usr/local/bin/hf-jobs-mcp

USER 65532:65532
ENTRYPOINT ["/usr/local/bin/hf-jobs-mcp"]
