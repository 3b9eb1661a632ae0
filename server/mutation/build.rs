//! Makes cargo look again when a file of `fixers/` changes; `include_dir!` alone does not tell it.

fn main() {
    println!("cargo:rerun-if-changed=fixers");
}
