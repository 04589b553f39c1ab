//! The objects of `src/bpf`, as build.rs makes them for Rust: generated, and held to no lint.

#![allow(
    unsafe_code,
    unused_imports,
    clippy::all,
    clippy::pedantic,
    clippy::restriction
)]

pub mod dualq {
    include!(concat!(env!("OUT_DIR"), "/dualq.skel.rs"));
}

pub mod execs {
    include!(concat!(env!("OUT_DIR"), "/execs.skel.rs"));
}

pub mod tasks {
    include!(concat!(env!("OUT_DIR"), "/tasks.skel.rs"));
}
