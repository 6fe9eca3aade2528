//! What real servers sent, and what a fuzzer once found.

use std::path::Path;

type Target = fn(&[u8]);

#[test]
fn what_real_servers_sent_keeps_every_promise() {
    let targets: [(&str, Target); 4] = [
        ("entry", provost_fuzz::entry),
        ("control", provost_fuzz::control),
        ("dn", provost_fuzz::dn),
        ("value", provost_fuzz::value),
    ];
    for (name, target) in targets {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(name);
        let seeds: Vec<_> = std::fs::read_dir(seeds).unwrap().flatten().collect();
        assert!(!seeds.is_empty(), "{name}");
        for seed in seeds {
            target(&std::fs::read(seed.path()).unwrap());
        }
    }
}
