//! The programs that jobs find: those of this machine, and `python` where only `python3` is installed, as on Debian. The Hub's
//! Python images have both names.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Not a link: programs such as pyenv's, and macOS' own, look at the name under which they were started.
const PYTHON: &[u8] = b"#!/bin/sh\nexec python3 \"$@\"\n";

/// The search path of jobs. Where it lacks `python` alone, a directory with one comes after all others.
pub(super) fn search_path(path: OsString, directory: &Path) -> io::Result<OsString> {
    let is_there = |program: &str| env::split_paths(&path).any(|directory| directory.join(program).is_file());
    if is_there("python") || !is_there("python3") {
        return Ok(path);
    }
    let programs = directory.join("bin");
    DirBuilder::new().mode(0o700).create(&programs)?;
    let python = programs.join("python");
    OpenOptions::new().write(true).create_new(true).mode(0o700).open(python)?.write_all(PYTHON)?;
    Ok([path.as_os_str(), OsStr::new(":"), programs.as_os_str()].into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn python_is_added_only_where_python3_alone_is_there() {
        for (programs, added) in [(&["python3"][..], true), (&["python", "python3"], false), (&[], false)] {
            let (there, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            for program in programs {
                fs::write(there.path().join(program), "").unwrap();
            }
            let path = search_path(there.path().into(), directory.path()).unwrap();
            let directories: Vec<_> = env::split_paths(&path).collect();
            assert_eq!(directories[0], there.path());
            assert_eq!(directories.get(1), added.then(|| directory.path().join("bin")).as_ref(), "{programs:?}");
        }
    }
}
