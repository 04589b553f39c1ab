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
    /// There is one in the usual place that is not followed, and why.
    Ignored {
        path: PathBuf,
        why: String,
    },
}

/// Reads the named file, or the one in the user's directory if there is one.
///
/// # Errors
/// A [`Refusal`] where the named file cannot be read. The file in the user's directory stops nobody:
/// `sudo -u` and a service's `User=` leave HOME with somebody else's files.
pub fn find(named: Option<&Path>) -> Result<Found> {
    if let Some(path) = named {
        return match read(path, false) {
            Ok(bytes) => Ok(Found::File {
                path: path.to_owned(),
                bytes,
            }),
            Err(Fault::Absent(why) | Fault::Unusable(why)) => bail!(Refusal::new(
                Status::BadArgument,
                format!("the settings file {} {why}", display(path)),
            )),
        };
    }
    let Some(path) = usual_place() else {
        return Ok(Found::Nothing);
    };
    Ok(match read(&path, rustix::process::geteuid().is_root()) {
        Ok(bytes) => Found::File { path, bytes },
        Err(Fault::Absent(_)) => Found::Nothing,
        Err(Fault::Unusable(why)) => Found::Ignored { path, why },
    })
}

/// Why a file gives no settings, as what follows its name in a sentence.
enum Fault {
    Absent(String),
    Unusable(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let why = format!("cannot be read: {}", plain(&error));
        if is_absent(&error) {
            Self::Absent(why)
        } else {
            Self::Unusable(why)
        }
    }
}

/// Reads the file, whatever it turns out to be. With `only_roots`, one that somebody else than root may
/// change is none.
fn read(path: &Path, only_roots: bool) -> Result<Vec<u8>, Fault> {
    let unusable = |why: &str| Err(Fault::Unusable(why.to_owned()));
    // Without waiting: a FIFO that nobody writes to would hold the start up for ever.
    let file = File::options()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return unusable("is a directory: name a file in it");
    }
    // A character device may be /dev/null: no settings.
    if !metadata.is_file() && !metadata.file_type().is_char_device() {
        return unusable("is neither a file nor /dev/null: name another");
    }
    if only_roots && (metadata.uid() != 0 || metadata.mode() & 0o022 != 0) {
        return unusable("can be changed by others than root: --config reads it all the same");
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Fault::Unusable(format!(
            "is larger than {} KiB: name a file with settings",
            LARGEST / 1024
        )));
    }
    Ok(bytes)
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
