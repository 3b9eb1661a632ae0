//! Makes cargo look again when a file of `runners/` or `explorers/` changes; `include_dir!` alone does not tell it.

fn main() {
    println!("cargo:rerun-if-changed=runners");
    println!("cargo:rerun-if-changed=explorers");
}
