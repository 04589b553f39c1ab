//! Finds the settings file, and reads it whatever kind of file it is.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

use crate::refusal::{Refusal, Status};
use crate::sys::text::scrub;

/// The largest settings file, in bytes.
const LARGEST: u64 = 64 * 1024;

pub enum Found {
    /// There is no file, which is no error.
    Nothing,
    File {
        path: PathBuf,
        bytes: Vec<u8>,
    },
    /// The file in the default place is ignored; the reason.
    Ignored {
        path: PathBuf,
        why: String,
    },
}

/// Reads the named file, or the one in the user's directory if there is one.
///
/// # Errors
/// A [`Refusal`] if the named file cannot be read. The file in the user's directory never prevents a
/// start: `sudo -u` and a service's `User=` leave HOME pointing at somebody else's files.
pub fn find(named: Option<&Path>) -> Result<Found> {
    if let Some(path) = named {
        return match read(path, false) {
            Ok(bytes) => Ok(Found::File {
                path: path.to_owned(),
                bytes,
            }),
            Err(NoSettings::Absent(why) | NoSettings::Unusable(why)) => bail!(Refusal::new(
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
        Err(NoSettings::Absent(_)) => Found::Nothing,
        Err(NoSettings::Unusable(why)) => Found::Ignored { path, why },
    })
}

/// The reason why a file has no settings. It follows the file's name in a sentence.
enum NoSettings {
    Absent(String),
    Unusable(String),
}

impl From<io::Error> for NoSettings {
    fn from(error: io::Error) -> Self {
        let why = format!("cannot be read: {}", plain(&error));
        if is_absent(&error) {
            Self::Absent(why)
        } else {
            Self::Unusable(why)
        }
    }
}

/// Reads the file, whatever kind of file it is. With `only_roots`, a file that others than root can
/// change is not used.
fn read(path: &Path, only_roots: bool) -> Result<Vec<u8>, NoSettings> {
    let unusable = |why: &str| Err(NoSettings::Unusable(why.to_owned()));
    // Without blocking: a FIFO that nobody writes to would delay the start for ever.
    let file = File::options()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return unusable("is a directory: name a file in it");
    }
    // A character device can be /dev/null: no settings.
    if !metadata.is_file() && !metadata.file_type().is_char_device() {
        return unusable("is neither a file nor /dev/null: name another file");
    }
    if only_roots && (metadata.uid() != 0 || metadata.mode() & 0o022 != 0) {
        return unusable("can be changed by others than root: use --config to read it anyway");
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(NoSettings::Unusable(format!(
            "is larger than {} KiB: name a file with settings",
            LARGEST / 1024
        )));
    }
    Ok(bytes)
}

/// Returns `$XDG_CONFIG_HOME/dualq-top/config.toml`, or the path below `~/.config` if the variable is
/// not set. A relative directory is ignored, as the XDG base directory specification demands.
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
        // No file has a name that is too long.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

/// Returns the operating system's text of an error without the number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}

/// Returns a path that is safe to print.
pub fn display(path: &Path) -> String {
    scrub(path.as_os_str().as_encoded_bytes())
}
