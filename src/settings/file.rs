//! Where the settings file is, and reading it whatever it turns out to be.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

use crate::refusal::{Refusal, Status};
use crate::text::scrub;

/// No settings file is larger.
const LARGEST: u64 = 64 * 1024;

pub enum Found {
    /// There is none, which is no fault.
    Nothing,
    File {
        path: PathBuf,
        bytes: Vec<u8>,
    },
    /// There is one that others than root may change, and root is who would follow it.
    NotOurs(PathBuf),
}

pub fn find(named: Option<&Path>) -> Result<Found> {
    let (path, by_itself) = match named {
        Some(path) => (path.to_owned(), false),
        None => match usual_place() {
            Some(path) => (path, true),
            None => return Ok(Found::Nothing),
        },
    };
    let refuse = |what: &str| {
        Refusal::new(
            Status::BadArgument,
            format!("the settings file {} {what}", display(&path)),
        )
    };
    // Without waiting: a FIFO that nobody writes to would hold the start up for ever.
    let file = File::options()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(&path);
    let file = match file {
        Ok(file) => file,
        Err(error) if by_itself && is_absent(&error) => return Ok(Found::Nothing),
        Err(error) => bail!(refuse(&format!("cannot be read: {}", plain(&error)))),
    };
    let metadata = match file.metadata() {
        Ok(metadata) => metadata,
        Err(error) => bail!(refuse(&format!("cannot be read: {}", plain(&error)))),
    };
    if metadata.is_dir() {
        bail!(refuse("is a directory: name a file in it"));
    }
    // A character device may be /dev/null: no settings.
    if !metadata.is_file() && !metadata.file_type().is_char_device() {
        bail!(refuse("is neither a file nor /dev/null: name another"));
    }
    let others_may_change = metadata.uid() != 0 || metadata.mode() & 0o022 != 0;
    if by_itself && rustix::process::geteuid().is_root() && others_may_change {
        return Ok(Found::NotOurs(path));
    }
    let mut bytes = Vec::new();
    if let Err(error) = file.take(LARGEST + 1).read_to_end(&mut bytes) {
        bail!(refuse(&format!("cannot be read: {}", plain(&error))));
    }
    if bytes.len() as u64 > LARGEST {
        bail!(refuse(&format!(
            "is larger than {} KiB: name a file with settings",
            LARGEST / 1024
        )));
    }
    Ok(Found::File { path, bytes })
}

/// `$XDG_CONFIG_HOME/dualq-top/config.toml`, else below `~/.config`. A relative directory there is
/// none, as the convention says.
fn usual_place() -> Option<PathBuf> {
    let directory = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let config =
        directory("XDG_CONFIG_HOME").or_else(|| Some(directory("HOME")?.join(".config")))?;
    Some(config.join("dualq-top/config.toml"))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        // A name that is too long is that of no file.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

/// The system's words without the number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}

/// A path as it may be printed.
pub fn display(path: &Path) -> String {
    scrub(path.as_os_str().as_encoded_bytes())
}
