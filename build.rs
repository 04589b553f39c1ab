//! Compiles the BPF programs and generates their Rust skeletons. Needs clang 14 or newer and nothing
//! of the running kernel: types come from `src/bpf/kernel.h`.

use std::{env, ffi::OsStr, path::PathBuf};

use anyhow::{Context, Result, bail};
use libbpf_cargo::SkeletonBuilder;

/// Objects that are loaded apart from each other: `src/bpf/NAME.bpf.c` becomes `NAME.skel.rs`.
const OBJECTS: [&str; 3] = ["dualq", "execs", "tasks"];

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=src/bpf");
    let arch = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => "x86",
        Ok("aarch64") => "arm64",
        other => bail!("no BPF register names are known for the target {other:?}"),
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").context("OUT_DIR")?);
    for name in OBJECTS {
        let source = format!("src/bpf/{name}.bpf.c");
        SkeletonBuilder::new()
            .source(&source)
            .clang_args([
                OsStr::new("-mcpu=v3"),
                OsStr::new("-Wall"),
                OsStr::new("-Werror"),
                OsStr::new("-Wno-unused-function"),
                OsStr::new(&format!("-D__TARGET_ARCH_{arch}")),
            ])
            .build_and_generate(out.join(format!("{name}.skel.rs")))
            .with_context(|| format!("cannot compile {source}: is clang 14 or newer installed?"))?;
    }
    Ok(())
}
