# nix build path:.?dir=packaging builds the program; nothing of it is enabled. Not checked with every change.
{
  description = "dualq-top: process monitor that controls a two-queue CPU scheduler (sched_ext)";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      manifest = builtins.fromTOML (builtins.readFile ../Cargo.toml);
    in
    {
      packages = each (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = manifest.package.name;
          version = manifest.package.version;
          src = ../.;
          cargoLock.lockFile = ../Cargo.lock;
          nativeBuildInputs = [ pkgs.clang pkgs.pkg-config ];
          buildInputs = [ pkgs.elfutils pkgs.zlib ];
          # The compiler wrapper adds flags that the BPF target does not know.
          hardeningDisable = [ "zerocallusedregs" ];
          # Its tests want a terminal, and some a kernel.
          doCheck = false;
          postInstall = ''
            packaging/stage "$out" "" "$out/bin/dualq-top"
          '';
        };
      });
    };
}
