//! Reads the ops and functions of the running kernel from its type information (BTF), as far as they decide how the
//! scheduler is loaded. libbpf reads all of it later, which costs a fourteenth of an attach; here it is read in
//! pieces and nothing is kept.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use memchr::memmem;

/// The kernel's file with its type information.
pub(super) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// The first bytes (`struct btf_header`, include/uapi/linux/btf.h).
const MAGIC: [u8; 2] = 0xeb9f_u16.to_ne_bytes();

/// Kinds of types that are looked at, or are followed by more than their three words.
mod kind {
    pub const INT: u32 = 1;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const FUNC: u32 = 12;
    pub const FUNC_PROTO: u32 = 13;
    pub const VAR: u32 = 14;
    pub const DATASEC: u32 = 15;
    pub const DECL_TAG: u32 = 17;
    pub const ENUM64: u32 = 19;
}

/// The places of its sections, in bytes from the beginning of the file.
struct Sections {
    types: u64,
    types_len: u64,
    strings: u64,
}

impl Sections {
    fn read(mut from: impl Read) -> io::Result<Self> {
        let [magic, header_len, types, types_len, strings, _]: [u32; 6] = words(&mut from)?;
        if magic.to_ne_bytes()[..2] != MAGIC {
            return Err(malformed());
        }
        let [header_len, types, types_len, strings] =
            [header_len, types, types_len, strings].map(u64::from);
        Ok(Self {
            types: header_len + types,
            types_len,
            strings: header_len + strings,
        })
    }
}

/// The kernel's own answer to what it has.
#[derive(Debug, Default)]
pub(super) struct KernelTypes {
    /// Of `struct sched_ext_ops`; empty where there is none.
    ops: HashSet<String>,
    /// Of those that were asked for.
    functions: HashSet<&'static str>,
}

impl KernelTypes {
    /// Looks for these functions and for the members of `struct sched_ext_ops`.
    ///
    /// # Errors
    /// The file cannot be read, or is not what the kernel writes.
    pub(super) fn read(path: &Path, functions: &[&'static str]) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let sections = Sections::read(&mut file)?;
        let mut found = Self::default();

        let mut wanted: Vec<&'static str> = functions.to_vec();
        wanted.push("sched_ext_ops");
        file.seek(SeekFrom::Start(sections.strings))?;
        let mut ops_name = None;
        for (name, at) in find(&mut file, &wanted)? {
            if name == "sched_ext_ops" {
                ops_name = Some(at);
            } else {
                found.functions.insert(name);
            }
        }
        let Some(ops_name) = ops_name else {
            return Ok(found);
        };
        file.seek(SeekFrom::Start(sections.types))?;
        let types = BufReader::with_capacity(64 << 10, (&mut file).take(sections.types_len));
        let mut members = Vec::new();
        each_type(types, |_, head, more| {
            let is_ops = kind_of(head) == kind::STRUCT && head[0] == ops_name;
            if is_ops {
                members = more.chunks(3).map(|member| member[0]).collect();
            }
            Ok(!is_ops)
        })?;
        for member in members {
            file.seek(SeekFrom::Start(sections.strings + u64::from(member)))?;
            found.ops.insert(string(&mut file)?);
        }
        Ok(found)
    }

    /// Returns true if `struct sched_ext_ops` has this member.
    pub(super) fn has_op(&self, member: &str) -> bool {
        self.ops.contains(member)
    }

    pub(super) fn has_function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }
}

/// The scheduler's functions that show a hidden last argument, the calling program (src/bpf/compat.h): a sign that
/// the kernel's types were made by an old pahole, and that no program may call them.
///
/// # Errors
/// The file cannot be read, or is not what the kernel writes.
pub(super) fn shown_hidden_arguments(path: &Path) -> io::Result<Vec<String>> {
    let types = std::fs::read(path)?;
    let mut file = Cursor::new(&types);
    let sections = Sections::read(&mut file)?;
    let names = types
        .get(usize_of(sections.strings)?..)
        .ok_or_else(malformed)?;
    let name = |at: u32| {
        let name = names.get(at as usize..).unwrap_or_default();
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(0);
        str::from_utf8(&name[..end]).unwrap_or_default()
    };
    let (mut functions, mut with_program) = (Vec::new(), HashSet::new());
    file.seek(SeekFrom::Start(sections.types))?;
    each_type(file.take(sections.types_len), |id, head, more| {
        let last_name = || more.len().checked_sub(2).map(|at| name(more[at]));
        match kind_of(head) {
            kind::FUNC => functions.push((name(head[0]), head[2])),
            kind::FUNC_PROTO if last_name() == Some("aux") => {
                with_program.insert(id);
            }
            _ => {}
        }
        Ok(true)
    })?;
    let ours = ["scx_bpf_", "__scx_bpf_", "bpf_iter_scx_"];
    let shown = functions.into_iter().filter(|(name, prototype)| {
        with_program.contains(prototype)
            && !name.ends_with("_impl")
            && ours.iter().any(|start| name.starts_with(start))
    });
    Ok(shown.map(|(name, _)| name.to_owned()).collect())
}

fn malformed() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

/// Returns the offset of each of these names among zero-terminated ones. Missing names are left out.
fn find(mut text: impl Read, names: &[&'static str]) -> io::Result<Vec<(&'static str, u32)>> {
    let bounded: Vec<Vec<u8>> = names
        .iter()
        .map(|name| [b"\0", name.as_bytes(), b"\0"].concat())
        .collect();
    let longest = bounded.iter().map(Vec::len).max().unwrap_or(0);
    let finders: Vec<_> = bounded.iter().map(memmem::Finder::new).collect();
    let mut found = Vec::new();
    let mut piece = vec![0; 64 << 10];
    let (mut kept, mut before) = (0, 0);
    loop {
        let read = text.read(&mut piece[kept..])?;
        let filled = kept + read;
        for (name, finder) in names.iter().zip(&finders) {
            if !found.iter().any(|(known, _)| known == name)
                && let Some(at) = finder.find(&piece[..filled])
            {
                let at = u32::try_from(before + at + 1).map_err(|_| malformed())?;
                found.push((*name, at));
            }
        }
        if read == 0 || found.len() == names.len() {
            return Ok(found);
        }
        kept = filled.min(longest - 1);
        piece.copy_within(filled - kept..filled, 0);
        before += filled - kept;
    }
}

fn kind_of(head: [u32; 3]) -> u32 {
    (head[1] >> 24) & 0x1f
}

/// Hands over each type: its id, its first three words and those that follow; until it is told to stop.
fn each_type(
    mut types: impl Read,
    mut each: impl FnMut(u32, [u32; 3], &[u32]) -> io::Result<bool>,
) -> io::Result<()> {
    let (mut bytes, mut more) = (Vec::new(), Vec::new());
    for id in 1.. {
        let head: [u32; 3] = match words(&mut types) {
            Ok(head) => head,
            Err(end) if end.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        };
        let length = usize_of(u64::from(head[1] & 0xffff))?;
        let following = match kind_of(head) {
            kind::INT | kind::VAR | kind::DECL_TAG => 1,
            kind::ARRAY => 3,
            kind::ENUM | kind::FUNC_PROTO => 2 * length,
            kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 3 * length,
            _ => 0,
        };
        bytes.resize(4 * following, 0);
        types.read_exact(&mut bytes)?;
        more.clear();
        let (whole, _) = bytes.as_chunks();
        more.extend(whole.iter().map(|word| u32::from_ne_bytes(*word)));
        if !each(id, head, &more)? {
            break;
        }
    }
    Ok(())
}

fn usize_of(number: u64) -> io::Result<usize> {
    usize::try_from(number).map_err(|_| malformed())
}

fn words<const N: usize>(mut from: impl Read) -> io::Result<[u32; N]> {
    let mut words = [0; N];
    for word in &mut words {
        let mut bytes = [0; 4];
        from.read_exact(&mut bytes)?;
        *word = u32::from_ne_bytes(bytes);
    }
    Ok(words)
}

fn string(mut from: impl Read) -> io::Result<String> {
    let mut bytes = [0; 128];
    let read = from.read(&mut bytes)?;
    let end = bytes[..read].iter().position(|byte| *byte == 0);
    let end = end.ok_or_else(malformed)?;
    Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NAMES: &[u8] = b"\0int\0enqueue\0cpu_release\0sched_ext_ops\0scx_bpf_now\0";

    fn at(name: &str) -> u32 {
        let text = [b"\0", name.as_bytes(), b"\0"].concat();
        let found = memmem::find(NAMES, &text).unwrap();
        u32::try_from(found + 1).unwrap()
    }

    /// A type of this kind, with what follows its three words.
    fn entry(name: u32, kind: u32, length: u32, more: &[u32]) -> Vec<u32> {
        [&[name, kind << 24 | length, 0], more].concat()
    }

    fn kernel(name: &str, types: &[Vec<u32>]) -> KernelTypes {
        let types: Vec<u8> = types
            .concat()
            .iter()
            .flat_map(|word| word.to_ne_bytes())
            .collect();
        let length = u32::try_from(types.len()).unwrap();
        let names = u32::try_from(NAMES.len()).unwrap();
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        for word in [24, 0, length, length, names] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(types);
        bytes.extend(NAMES);
        let path = std::env::temp_dir().join(format!("dualq-top-{name}-{}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        let read = KernelTypes::read(&path, &["scx_bpf_now", "scx_bpf_gone"]);
        fs::remove_file(&path).unwrap();
        read.unwrap()
    }

    #[test]
    fn ops_and_functions_are_found_behind_types_of_every_length() {
        let before = [
            entry(at("int"), kind::INT, 0, &[0]),
            entry(0, kind::ARRAY, 0, &[0; 3]),
            entry(0, kind::ENUM, 2, &[0; 4]),
            entry(0, kind::ENUM64, 2, &[0; 6]),
            entry(0, kind::FUNC_PROTO, 3, &[0; 6]),
            entry(0, kind::DATASEC, 1, &[0; 3]),
            entry(0, kind::DECL_TAG, 0, &[0]),
            entry(0, kind::VAR, 0, &[0]),
            entry(at("enqueue"), kind::STRUCT, 1, &[at("int"), 0, 0]),
            entry(0, 2, 0, &[]),
        ];
        let ops = entry(at("sched_ext_ops"), kind::STRUCT, 1, &[at("enqueue"), 1, 0]);
        let types = kernel("found", &[&before[..], &[ops]].concat());
        assert!(types.has_op("enqueue"));
        assert!(!types.has_op("cpu_release"), "its name alone is no member");
        assert!(types.has_function("scx_bpf_now"));
        assert!(!types.has_function("scx_bpf_gone"));
    }

    #[test]
    fn a_name_is_found_wherever_it_lies() {
        let text = |before: usize| [&vec![b'x'; before], &b"\0name\0"[..], &b"yy"[..]].concat();
        for before in [0, 1, (64 << 10) - 4, (64 << 10) - 2, 64 << 10, 200_000] {
            let at = u32::try_from(before + 1).unwrap();
            assert_eq!(
                find(&text(before)[..], &["name", "longer_name"]).unwrap(),
                [("name", at)]
            );
            assert_eq!(find(&text(before)[..], &["named"]).unwrap(), []);
        }
    }
}
