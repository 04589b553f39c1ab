//! Values of maps in the layout of the BPF programs, whose types the generated skeletons hold.

#![allow(unsafe_code)]

use std::ptr;
use std::slice;

use super::skeletons::{dualq, execs, tasks};

/// A type of which any bytes are a value, and which has no padding.
///
/// # Safety
/// Holds for integers, for arrays of them, and for structs of these in which every byte belongs to a field.
pub(crate) unsafe trait Plain: Copy {}

/// Asserts it for generated types, and that their fields fill them: the generator names each gap.
macro_rules! plain {
    ($($type:ty),* $(,)?) => {
        $(
            // SAFETY: they consist of integers and arrays of them, and the generator makes a field of each gap.
            unsafe impl Plain for $type {}
        )*
    };
}

plain!(
    dualq::types::change,
    dualq::types::cpu_waits,
    dualq::types::exit_record,
    dualq::types::member,
    dualq::types::overdue_timer,
    dualq::types::owner_record,
    dualq::types::process_waits,
    dualq::types::trace_event,
    dualq::types::trace_lease,
    dualq::types::tuning,
    execs::types::exec_record,
    tasks::types::process_record,
    tasks::types::walk,
    [i8; 16],
    [i8; 128],
    [i8; 1024],
    [i8; 32768],
);

/// Reads a value; `None` if it has another size, as another version's has.
pub(crate) fn read<T: Plain>(bytes: &[u8]) -> Option<T> {
    if bytes.len() != size_of::<T>() {
        return None;
    }
    // SAFETY: there are as many bytes as the type has, any bytes are a value of it, and none has to be aligned.
    Some(unsafe { ptr::read_unaligned(bytes.as_ptr().cast()) })
}

/// Returns the bytes of a value.
pub(crate) fn bytes<T: Plain>(value: &T) -> &[u8] {
    // SAFETY: a plain type has no padding, so that all its bytes are initialised; they live as long as it does.
    unsafe { slice::from_raw_parts(ptr::from_ref(value).cast(), size_of::<T>()) }
}

/// The same, to be written to.
pub(crate) fn bytes_mut<T: Plain>(value: &mut T) -> &mut [u8] {
    // SAFETY: as above, and any bytes that are written are a value again.
    unsafe { slice::from_raw_parts_mut(ptr::from_mut(value).cast(), size_of::<T>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_reads_back_and_another_size_is_refused() {
        let mut walk = tasks::types::walk { from: 7, pad: 0 };
        assert_eq!(bytes(&walk), [7_u32.to_ne_bytes(), [0; 4]].concat());
        bytes_mut(&mut walk)[..4].copy_from_slice(&9_u32.to_ne_bytes());
        assert_eq!(walk.from, 9);
        let read_back: tasks::types::walk = read(bytes(&walk)).unwrap();
        assert_eq!(read_back.from, 9);
        assert!(read::<tasks::types::walk>(&[0; 4]).is_none());
    }
}
