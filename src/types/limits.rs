//! The numbers that bound what one call may hold.

/// Bytes of the longest string that any argument may be. Twice [`INLINE_SOURCE_MAX`], so that a script that is only
/// somewhat too long is told so in its own words, and far below the 4 MiB of a whole message.
pub const MAX_ARGUMENT_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of inline Python source. More than that is not written by a model in one answer; it is hosted and passed as
/// a URL.
pub const INLINE_SOURCE_MAX: usize = 1024 * 1024;

/// Bytes of inline source after it was packed for the way through the command line. Three arguments of
/// [`ARGUMENT_MAX`], which leaves room for `script_args` below the 2 MiB that Linux gives all arguments and the
/// environment together under the usual stack limit.
pub const INLINE_PACKED_MAX: usize = 384 * 1024;

/// Bytes of one argument of a command, or of one `NAME=value` of the environment: Linux's `MAX_ARG_STRLEN`
/// (32 pages, 128 KiB) less the closing NUL. A longer one makes `execve` fail when the job has already started.
pub const ARGUMENT_MAX: usize = 128 * 1024 - 1;

/// Bytes of all arguments of a command together, half of what Linux gives arguments and environment under the usual
/// stack limit of 8 MiB.
pub const MAX_COMMAND_BYTES: usize = 1024 * 1024;

/// Items of a command. Far over any real one; bounds the work on a list of empty pieces.
pub const MAX_COMMAND_ITEMS: usize = 4096;

/// Entries of `env`, and of `secrets`. Far over what a job sets; bounds the scan of each for credentials.
pub const MAX_ENV: usize = 256;

/// Characters of the name of a variable or secret. The Hub states none; no shell or library has names near it.
pub const MAX_NAME_CHARS: usize = 256;

/// Labels of a job. The Hub states no number; each is shown in every list.
pub const MAX_LABELS: usize = 64;

/// Characters of a label's key, and of its value (the Hub's `OpenAPI` document).
pub const MAX_LABEL_CHARS: usize = 100;

/// Jobs that one call may name. Each is a request of its own, and the answer has to stay readable.
pub const MAX_IDS: usize = 50;

/// Jobs of one listing: some 75,000 characters.
pub const LIMIT_MAX: u64 = 500;

/// Volumes of a job. The Hub states no number; each is authorised at submission.
pub const MAX_VOLUMES: usize = 32;

/// Bytes of a volume's string, of a mount path and of a path within a volume: Linux's `PATH_MAX`.
pub const MAX_PATH_BYTES: usize = 4096;

/// Ports that a job may expose (the Hub's `OpenAPI` document).
pub const MAX_PORTS: usize = 20;

/// Aliases that a job may claim in its network group. The Hub states no number.
pub const MAX_ALIASES: usize = 32;

/// Dependencies of a uv script that are given as arguments; more belong in the script's own PEP 723 block.
pub const MAX_DEPENDENCIES: usize = 256;

/// Bytes of one dependency. A direct reference (`name @ https://…`) is the longest form of PEP 508.
pub const MAX_DEPENDENCY_BYTES: usize = 2048;

/// Bytes of a URL: what common servers and proxies accept in a request line.
pub const MAX_URL_BYTES: usize = 8192;
