//! Makes cargo look again when a pack's data changes; `include_dir!` alone does not tell it.

fn main() {
    for entry in std::fs::read_dir(".").into_iter().flatten().flatten() {
        if entry.path().join("pack.toml").is_file() {
            println!("cargo:rerun-if-changed={}", entry.path().display());
        }
    }
}
