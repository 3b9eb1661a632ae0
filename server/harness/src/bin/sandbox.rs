//! The sandbox helper as a program of its own, for tests and benchmarks. The product starts itself instead.

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    std::process::exit(hephaestus_harness::sandbox::helper_main(&args));
}
