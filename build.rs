//! Compiles the BPF program and generates its Rust skeleton. Needs clang 14 or newer and nothing
//! of the running kernel: types come from `src/bpf/kernel.h`.

use std::{env, ffi::OsStr, path::PathBuf};

use anyhow::{Context, Result, bail};
use libbpf_cargo::SkeletonBuilder;

const SOURCE: &str = "src/bpf/dualq.bpf.c";

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=src/bpf");
    let arch = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => "x86",
        Ok("aarch64") => "arm64",
        other => bail!("no BPF register names are known for the target {other:?}"),
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").context("OUT_DIR")?).join("dualq.skel.rs");
    SkeletonBuilder::new()
        .source(SOURCE)
        .clang_args([
            OsStr::new("-mcpu=v3"),
            OsStr::new("-Wall"),
            OsStr::new("-Werror"),
            OsStr::new("-Wno-unused-function"),
            OsStr::new(&format!("-D__TARGET_ARCH_{arch}")),
        ])
        .build_and_generate(&out)
        .with_context(|| format!("cannot compile {SOURCE}: is clang 14 or newer installed?"))?;
    Ok(())
}
