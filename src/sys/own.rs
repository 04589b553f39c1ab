//! Files and folders in places where other users may write as well. A file is taken only if it is this
//! user's alone, and a folder is kept by its descriptor, so that nobody puts another in its place.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, statat, unlinkat};
use rustix::io::Errno;

/// Why a file or a folder is not taken.
#[derive(Debug)]
pub enum FileFault {
    /// Somebody else has, or had, a hand in it; says how, after its name in a sentence.
    Foreign(String),
    /// The system's error.
    Io(io::Error),
}

impl From<Errno> for FileFault {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

impl From<FileFault> for io::Error {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::Foreign(why) => Self::other(why),
            FileFault::Io(error) => error,
        }
    }
}

/// Whether this user, or root, owns what this is about.
fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

/// Says who owns it, if that is neither this user nor root.
fn owner(found: &Stat) -> Result<(), FileFault> {
    if is_trusted(found.st_uid) {
        return Ok(());
    }
    Err(FileFault::Foreign(format!(
        "belongs to user {}",
        found.st_uid
    )))
}

/// Opens a file of this user for writing, for nobody else to read, and makes it if it is absent. It is
/// neither a link nor anything but a file, and opening it waits for nobody.
///
/// # Errors
/// A [`FileFault`].
pub fn open_file(path: &Path, append: bool) -> Result<File, FileFault> {
    let mut flags = OFlags::WRONLY
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC;
    if append {
        flags |= OFlags::APPEND;
    }
    let file = match openat(CWD, path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => file,
        // A link, or a FIFO that nobody reads: the kernel says ELOOP, ENXIO, or EACCES where it protects
        // sticky folders.
        Err(error) => {
            is_own_file(path)?;
            return Err(error.into());
        }
    };
    check_file(&fstat(&file)?)?;
    Ok(file.into())
}

/// Whether what lies there could be taken as a file of this user; what is absent can be made.
///
/// # Errors
/// [`FileFault::Foreign`], with what it is instead.
pub fn is_own_file(path: &Path) -> Result<(), FileFault> {
    match statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => check_file(&found),
        Err(_) => Ok(()),
    }
}

fn check_file(found: &Stat) -> Result<(), FileFault> {
    let foreign = |what: &str| Err(FileFault::Foreign(what.to_owned()));
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => {}
        FileType::Symlink => return foreign("is a link"),
        FileType::Directory => return foreign("is a folder"),
        _ => return foreign("is no regular file"),
    }
    owner(found)?;
    if found.st_nlink > 1 {
        return foreign("is another file as well (a hard link)");
    }
    Ok(())
}

/// Checks a folder that is to be this user's alone.
///
/// # Errors
/// [`FileFault::Foreign`] where it is somebody else's, or open to others.
pub fn is_private_folder(folder: impl AsFd) -> Result<(), FileFault> {
    let found = fstat(folder)?;
    owner(&found)?;
    let mode = found.st_mode & 0o777;
    if mode & 0o077 != 0 {
        return Err(FileFault::Foreign(format!(
            "is open to others (mode {mode:o})"
        )));
    }
    Ok(())
}

/// Checks a folder that others may use too, as `/tmp`: what this user makes in it stays there.
///
/// # Errors
/// [`FileFault::Foreign`] where others may rename and remove it.
pub fn keeps_what_is_made_in_it(folder: impl AsFd) -> Result<(), FileFault> {
    let found = fstat(folder)?;
    owner(&found)?;
    let (mode, sticky) = (found.st_mode & 0o777, found.st_mode & 0o1000 != 0);
    if mode & 0o022 != 0 && !sticky {
        return Err(FileFault::Foreign(format!(
            "can be changed by others (mode {mode:o})"
        )));
    }
    Ok(())
}

/// A folder into which new files go, wherever it may be moved to meanwhile.
#[derive(Debug)]
pub struct Folder(OwnedFd);

/// A file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// # Errors
    /// The system's own.
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&fstat(file)?))
    }
}

impl From<&Stat> for FileId {
    fn from(found: &Stat) -> Self {
        Self {
            device: found.st_dev,
            inode: found.st_ino,
        }
    }
}

impl Folder {
    /// Opens the folder that this path leads to now.
    ///
    /// # Errors
    /// The system's own.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // `file` is in the folder that has no name there.
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        Ok(Self(openat(CWD, path, flags, Mode::empty())?))
    }

    /// Makes a folder at this path, with those that lead to it, and opens it; one that is there already has
    /// to be this user's.
    ///
    /// # Errors
    /// The system's error, or the name of the other user that may change it.
    pub fn make(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(CWD, path, flags, Mode::empty())?;
        keeps_what_is_made_in_it(&folder)?;
        Ok(Self(folder))
    }

    /// Whether anybody at all may put another file in the place of one of this folder.
    ///
    /// # Errors
    /// The system's own.
    pub fn is_anybodys(&self) -> io::Result<bool> {
        let mode = fstat(&self.0)?.st_mode;
        Ok(mode & 0o1002 == 0o002)
    }

    /// Makes a file that was not there before.
    ///
    /// # Errors
    /// The system's own; [`io::ErrorKind::AlreadyExists`] where the name is taken, by a link as well.
    pub fn create_new(&self, name: &OsStr, mode: Mode) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, flags, mode)?.into())
    }

    /// Makes a file, or empties the one that is there; it follows no link.
    ///
    /// # Errors
    /// The system's own.
    pub fn create(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::WRONLY
            | OFlags::CREATE
            | OFlags::TRUNC
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, flags, Mode::from_raw_mode(0o666))?.into())
    }

    /// Removes a name, if it is this file's still.
    pub fn remove(&self, name: &OsStr, file: FileId) {
        let found = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW);
        if found.is_ok_and(|found| FileId::from(&found) == file) {
            let _ = unlinkat(&self.0, name, AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    #[test]
    fn a_report_stays_in_its_folder_whatever_is_put_in_its_place() {
        let dir = std::env::temp_dir().join(format!("dualq-top-place-{}", std::process::id()));
        let at = |name: &str| dir.join(name);
        let folder = Folder::make(&at("report")).unwrap();
        fs::rename(at("report"), at("moved")).unwrap();
        fs::create_dir(at("elsewhere")).unwrap();
        fs::write(at("elsewhere/report.md"), "precious").unwrap();
        symlink(at("elsewhere"), at("report")).unwrap();
        folder.create("report.md").unwrap();
        assert!(at("moved/report.md").exists());
        symlink(at("elsewhere/report.md"), at("moved/link")).unwrap();
        assert!(folder.create("link").is_err());
        let kept = fs::read_to_string(at("elsewhere/report.md")).unwrap();
        assert_eq!(kept, "precious");
        assert!(Folder::make(&at("report")).is_err(), "a link is no folder");
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn only_a_plain_file_of_ones_own_is_taken() {
        let dir = std::env::temp_dir().join(format!("dualq-top-own-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let at = |name: &str| dir.join(name);
        let why = |path: &Path| match open_file(path, false) {
            Err(FileFault::Foreign(why)) => why,
            other => format!("{other:?}"),
        };
        let own = open_file(&at("own"), true).unwrap();
        assert_eq!(own.metadata().unwrap().mode() & 0o777, 0o600);
        fs::write(at("victim"), "precious").unwrap();
        symlink(at("victim"), at("link")).unwrap();
        assert_eq!(why(&at("link")), "is a link");
        symlink(at("nowhere"), at("dangling")).unwrap();
        assert_eq!(why(&at("dangling")), "is a link");
        assert!(!at("nowhere").exists());
        fs::hard_link(at("victim"), at("second")).unwrap();
        assert!(why(&at("second")).contains("hard link"));
        fs::create_dir(at("folder")).unwrap();
        assert_eq!(why(&at("folder")), "is a folder");
        rustix::fs::mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(why(&at("fifo")), "is no regular file");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(at("own"), Some(1000), None).unwrap();
            assert_eq!(why(&at("own")), "belongs to user 1000");
        }
        assert_eq!(fs::read_to_string(at("victim")).unwrap(), "precious");
        fs::remove_dir_all(&dir).unwrap();
    }
}
