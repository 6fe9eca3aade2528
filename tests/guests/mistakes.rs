//! What authors get wrong, named at the earliest moment.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use provost_tests::provost::binary;

use super::{Desk, edit, said};

/// Mistakes in a Rust policy that was just built.
pub(super) fn of_a_project(desk: &Desk, project: &Path) {
    // The manifest promises less than the plugin asks for: nothing is built, the old component stays.
    let before = fs::read(project.join("build/valley.wasm")).unwrap();
    edit(project, "plugin.toml", ", \"login-as\"]", "]");
    desk.plugin(project, &["build"]).refuses(&[
        "plugin.toml and the plugin differ",
        "describe() asks for login-as, which wants.actions does not name",
    ]);
    assert_eq!(fs::read(project.join("build/valley.wasm")).unwrap(), before);
    desk.plugin(project, &["test"]).refuses(&[
        "valley.wasm is older than",
        "plugin.toml",
        "`provost plugin build` again",
    ]);
    edit(
        project,
        "plugin.toml",
        "submit\"]",
        "submit\", \"login-as\"]",
    );

    edit(project, "plugin.toml", "\"role-policy\"", "\"channel\"");
    desk.plugin(project, &["build"])
        .refuses(&["wants.actions", "unknown key"]);
    edit(project, "plugin.toml", "\"channel\"", "\"role-policy\"");

    // A function of the host's that does not exist.
    let source = "src/lib.rs";
    let clock = "#[link(wasm_import_module = \"host\")]\nunsafe extern \"C\" { fn clock() -> i64; }\nstruct Plugin;";
    edit(project, source, "struct Plugin;", clock);
    edit(
        project,
        source,
        "request.now.unix_seconds",
        "unsafe { clock() }",
    );
    desk.plugin(project, &["build"])
        .refuses(&["build plugin valley", "host"]);
    edit(project, source, clock, "struct Plugin;");

    // A panic is the author's to see, and in a decision it forbids.
    edit(
        project,
        source,
        "unsafe { clock() }",
        "i64::from([0u8; 3][request.subject.as_person().map_or(9, |_| 7)])",
    );
    let built = desk.plugin(project, &["build"]);
    assert_eq!(built.code, 0, "{built:?}");
    let call = fs::read_to_string(project.join("call.json")).unwrap();
    let call = call.replace("valley.report-submit", "login-as");
    desk.provost(project, &["plugin", "run", "-"], &call)
        .refuses(&["call plugin valley", "it trapped"]);
    let tested = desk.plugin(project, &["test"]);
    assert_eq!(tested.code, 1, "{tested:?}");
    assert!(tested.out.contains("plugin.failed"), "{tested:?}");

    let unknown = call.replace("\"login-as\"", "\"case.submit\"");
    desk.provost(project, &["plugin", "run", "-"], &unknown)
        .refuses(&[
            "does not judge `case.submit`",
            "login-as, valley.report-submit",
        ]);
    let typo = call.replace("\"enabled\"", "\"enabeld\"");
    desk.provost(project, &["plugin", "run", "-"], &typo)
        .refuses(&["subject.person", "`enabeld` is none of enabled"]);
}

#[test]
fn a_toolchain_that_is_missing_is_named_with_what_installs_it() {
    let desk = Desk::new();
    for (lang, what) in [
        (
            "rust",
            [
                "cargo is missing",
                "rustup target add wasm32-unknown-unknown",
            ],
        ),
        (
            "python",
            [
                "componentize-py is missing",
                "pip install -r requirements.txt",
            ],
        ),
        ("javascript", ["node is missing", "npm install"]),
    ] {
        let made = ["plugin", "new", lang, "--kind", "channel", "--lang", lang];
        assert_eq!(desk.provost(desk.0.path(), &made, "").code, 0);
        let mut build = Command::new(binary());
        build
            .args(["plugin", "build"])
            .current_dir(desk.0.path().join(lang))
            .env("PATH", "/nonexistent")
            .env("PROVOST_CACHE", desk.0.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        said(&mut build, "").refuses(&what);
    }
}

#[test]
fn what_is_no_project_or_not_built_yet_says_what_comes_first() {
    let desk = Desk::new();
    let here = desk.0.path();
    desk.plugin(here, &["build"])
        .refuses(&["it has no plugin.toml", "`provost plugin new`"]);
    let new = [
        "plugin",
        "new",
        "valley",
        "--kind",
        "role-policy",
        "--lang",
        "rust",
    ];
    assert_eq!(desk.provost(here, &new, "").code, 0);
    desk.provost(here, &new, "")
        .refuses(&["valley exists already"]);
    let project = here.join("valley");
    desk.plugin(&project, &["test"])
        .refuses(&["valley.wasm is missing", "run `provost plugin build` first"]);
    edit(&project, "plugin.toml", "0.1.0", "next");
    desk.plugin(&project, &["build"])
        .refuses(&["plugin.toml is not believed", "three numbers"]);
    let odd = [
        "plugin",
        "new",
        "Valley Edition",
        "--kind",
        "role-policy",
        "--lang",
        "rust",
    ];
    assert_eq!(desk.provost(here, &odd, "").code, 2);
}
