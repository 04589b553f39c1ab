//! Reads the ops and functions of the running kernel from its type information (BTF), as far as they decide how the
//! scheduler is loaded. libbpf reads all of it later, and keeps it to itself.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
};

use libbpf_rs::query::BtfInfoIter;

use super::mapped::KernelFile;

/// The kernel's file with its type information.
pub(crate) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// Returns true if the file's type information is known to be another kernel's than the running one's, which hands out
/// its own. It can be known once a program was to be loaded, and with the rights for that.
pub(crate) fn are_of_another_kernel(path: &Path) -> bool {
    let Some(own) = BtfInfoIter::default().find(|types| types.name == "vmlinux") else {
        return false;
    };
    std::fs::read(path).is_ok_and(|file| file != own.btf)
}

/// The first bytes (`struct btf_header`, include/uapi/linux/btf.h).
const MAGIC: [u8; 2] = 0xeb9f_u16.to_ne_bytes();

/// Kinds of types that are read, or are followed by more than their three words (`BTF_KIND_…`,
/// include/uapi/linux/btf.h).
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

/// The file's two sections.
struct Sections<'a> {
    types: &'a [u8],
    /// Each ends with a zero; the first one is empty.
    names: &'a [u8],
}

impl<'a> Sections<'a> {
    fn of(file: &'a [u8]) -> io::Result<Self> {
        let header = file.as_chunks().0.get(..6).ok_or_else(malformed)?;
        let word = |at: usize| u32::from_ne_bytes(header[at]);
        if header[0][..2] != MAGIC {
            return Err(malformed());
        }
        let section = |offset: u32, length: u32| {
            let from = word(1) as usize + offset as usize;
            let to = from + length as usize;
            file.get(from..to).ok_or_else(malformed)
        };
        Ok(Self {
            types: section(word(2), word(3))?,
            names: section(word(4), word(5))?,
        })
    }

    fn name(&self, at: u32) -> &'a [u8] {
        let name = self.names.get(at as usize..).unwrap_or_default();
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(0);
        &name[..end]
    }

    /// Returns true if the name at this offset is this one. Reads no more than that.
    fn is(&self, at: u32, name: &[u8]) -> bool {
        let found = self.names.get(at as usize..).unwrap_or_default();
        found.get(name.len()) == Some(&0) && found.starts_with(name)
    }

    /// Hands over each type: its id, its first three words and those that follow.
    fn each_type(&self, mut each: impl FnMut(u32, [u32; 3], &[[u8; 4]])) -> io::Result<()> {
        let mut words = self.types.as_chunks().0;
        for id in 1.. {
            let Some((head, rest)) = words.split_first_chunk::<3>() else {
                break;
            };
            let head = head.map(u32::from_ne_bytes);
            let length = (head[1] & 0xffff) as usize;
            let following = match kind_of(head) {
                kind::INT | kind::VAR | kind::DECL_TAG => 1,
                kind::ARRAY => 3,
                kind::ENUM | kind::FUNC_PROTO => 2 * length,
                kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 3 * length,
                _ => 0,
            };
            let (more, rest) = rest.split_at_checked(following).ok_or_else(malformed)?;
            each(id, head, more);
            words = rest;
        }
        Ok(())
    }
}

/// The kernel's own answer to what it has.
#[derive(Debug, Default)]
pub(crate) struct KernelTypes {
    /// Of `struct sched_ext_ops`; empty where there is none.
    ops: HashSet<String>,
    /// Of those that were asked for.
    functions: HashSet<&'static str>,
    /// The numbers of the enums that were asked for, by their names.
    numbers: HashMap<String, u64>,
}

impl KernelTypes {
    /// Looks for these functions, for the numbers in these enums, and for the members of `struct sched_ext_ops`.
    ///
    /// # Errors
    /// The file cannot be read, or is not what the kernel writes.
    pub(crate) fn read(
        path: &Path,
        functions: &[&'static str],
        enums: &[&str],
    ) -> io::Result<Self> {
        let file = KernelFile::open(path)?;
        let sections = Sections::of(file.bytes())?;
        let mut found = Self::default();
        sections.each_type(|_, head, more| match kind_of(head) {
            kind::STRUCT if sections.is(head[0], b"sched_ext_ops") => {
                let members = more.as_chunks::<3>().0.iter();
                let names = members.map(|[name, ..]| sections.name(u32::from_ne_bytes(*name)));
                found.ops = names
                    .map(|name| String::from_utf8_lossy(name).into_owned())
                    .collect();
            }
            kind::FUNC => {
                let asked_for = functions.iter();
                found
                    .functions
                    .extend(asked_for.filter(|name| sections.is(head[0], name.as_bytes())));
            }
            kind::ENUM | kind::ENUM64
                if enums
                    .iter()
                    .any(|name| sections.is(head[0], name.as_bytes())) =>
            {
                let words = if kind_of(head) == kind::ENUM { 2 } else { 3 };
                let word = |bytes: [u8; 4]| u32::from_ne_bytes(bytes);
                let each = more.chunks_exact(words).map(|each| {
                    // The name; the number, of which the lower half comes first.
                    let high = each.get(2).map_or(0, |high| word(*high));
                    let name = sections.name(word(each[0]));
                    let number = u64::from(high) << 32 | u64::from(word(each[1]));
                    (String::from_utf8_lossy(name).into_owned(), number)
                });
                found.numbers.extend(each);
            }
            _ => {}
        })?;
        Ok(found)
    }

    /// Returns true if `struct sched_ext_ops` has this member.
    pub(crate) fn has_op(&self, member: &str) -> bool {
        self.ops.contains(member)
    }

    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    /// Returns the number of this name in one of the enums that were asked for; a negative one of 32 bits lacks its sign.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.numbers.get(name).copied()
    }
}

/// The scheduler's functions that show a hidden last argument, the calling program (src/bpf/compat.h): a sign that
/// the kernel's types were made by an old pahole, and that no program may call them.
///
/// # Errors
/// The file cannot be read, or is not what the kernel writes.
pub(crate) fn shown_hidden_arguments(path: &Path) -> io::Result<Vec<String>> {
    let file = std::fs::read(path)?;
    let sections = Sections::of(&file)?;
    let name = |at: u32| str::from_utf8(sections.name(at)).unwrap_or_default();
    let (mut functions, mut with_program) = (Vec::new(), HashSet::new());
    sections.each_type(|id, head, more| {
        match kind_of(head) {
            kind::FUNC => functions.push((name(head[0]), head[2])),
            kind::FUNC_PROTO => {
                // Of each parameter the name and the type.
                if let Some([last, _]) = more.last_chunk()
                    && sections.is(u32::from_ne_bytes(*last), b"aux")
                {
                    with_program.insert(id);
                }
            }
            _ => {}
        }
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

fn kind_of(head: [u32; 3]) -> u32 {
    (head[1] >> 24) & 0x1f
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NAMES: &[u8] =
        b"\0int\0enqueue\0cpu_release\0sched_ext_ops\0scx_bpf_now\0scx_enq_flags\0\
      scx_wake_flags\0SCX_WAKE_SYNC\0SCX_ENQ_PREEMPT\0";

    fn at(name: &str) -> u32 {
        let text = [b"\0", name.as_bytes(), b"\0"].concat();
        let found = memchr::memmem::find(NAMES, &text).unwrap();
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
        let read = KernelTypes::read(
            &path,
            &["scx_bpf_now", "scx_bpf_gone"],
            &["scx_enq_flags", "scx_wake_flags"],
        );
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
            entry(at("scx_bpf_now"), kind::FUNC, 0, &[]),
        ];
        let ops = entry(at("sched_ext_ops"), kind::STRUCT, 1, &[at("enqueue"), 1, 0]);
        let types = kernel("found", &[&before[..], &[ops]].concat());
        assert!(types.has_op("enqueue"));
        assert!(!types.has_op("cpu_release"), "its name alone is no member");
        assert!(types.has_function("scx_bpf_now"));
        assert!(!types.has_function("scx_bpf_gone"));
        let types = kernel(
            "named",
            &[entry(at("scx_bpf_now"), kind::FUNC_PROTO, 0, &[])],
        );
        assert!(!types.has_function("scx_bpf_now"), "a name is no function");
    }

    #[test]
    fn numbers_of_32_and_64_bits_are_found_by_name() {
        let (sync, preempt) = (at("SCX_WAKE_SYNC"), at("SCX_ENQ_PREEMPT"));
        let types = [
            entry(at("int"), kind::ENUM, 1, &[at("enqueue"), 5]),
            entry(at("scx_wake_flags"), kind::ENUM, 2, &[0, 7, sync, 16]),
            entry(at("scx_enq_flags"), kind::ENUM64, 1, &[preempt, 2, 1]),
        ];
        let types = kernel("numbers", &types);
        assert_eq!(types.number("SCX_WAKE_SYNC"), Some(16));
        assert_eq!(types.number("SCX_ENQ_PREEMPT"), Some(1 << 32 | 2));
        assert_eq!(types.number("enqueue"), None, "of an enum not asked for");
    }

    #[test]
    fn a_file_that_ends_early_is_refused() {
        let path = std::env::temp_dir().join(format!("dualq-top-short-{}", std::process::id()));
        for length in [0, 20, 24, 30] {
            let mut bytes = MAGIC.to_vec();
            bytes.extend([1, 0]);
            for word in [24_u32, 0, 12, 12, 4] {
                bytes.extend(word.to_ne_bytes());
            }
            bytes.resize(length, 0);
            fs::write(&path, bytes).unwrap();
            assert!(
                KernelTypes::read(&path, &[], &[]).is_err(),
                "{length} bytes"
            );
        }
        fs::remove_file(&path).unwrap();
    }
}
