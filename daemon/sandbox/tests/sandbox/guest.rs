//! The first-party plugins, built for the sandbox.

use provost_sandbox::encode;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// Builds the guests once, beside what cargo built of this test, and hands out one as a component with its manifest.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    static BUILT: OnceLock<()> = OnceLock::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    BUILT.get_or_init(|| {
        let what = "build --quiet --profile guest --target wasm32-unknown-unknown";
        let built = Command::new(env!("CARGO"))
            .current_dir(&root)
            .args(what.split(' '))
            .args(["-p", "montana-edition", "-p", "email", "-p", "webhook"])
            .arg("--target-dir")
            .arg(target)
            .status()
            .unwrap();
        assert!(built.success());
    });
    let module = format!("{}.wasm", name.replace('-', "_"));
    let folder = target.join("wasm32-unknown-unknown/guest");
    let module = std::fs::read(folder.join(module)).unwrap();
    encode(&module, Some(&format!("id = \"{name}\"\n"))).unwrap()
}
