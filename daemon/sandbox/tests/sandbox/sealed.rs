//! Native code under memory-deny-write-execute.
#![allow(unsafe_code)] // prctl has no safe wrapper that knows PR_SET_MDWE

use provost_sandbox::{Code, CodeForm, Engine, Settings};
use std::process::Command;

use crate::facts::{facts, person};
use crate::forge::Forged;
use crate::{ask, policy};

/// `PR_SET_MDWE` and `PR_MDWE_REFUSE_EXEC_GAIN` of Linux 6.3, from `linux/prctl.h`.
const SET_MDWE: libc::c_int = 65;
const REFUSE_EXEC_GAIN: libc::c_ulong = 1;

fn native() -> Engine {
    Engine::new(Settings {
        code: Code::Native,
        ..Settings::default()
    })
    .unwrap()
}

/// Permissions of all mappings of this process, with the name of the file behind each.
fn mappings() -> Vec<(String, String)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mapping = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let permissions = words.next().unwrap().to_owned();
        (permissions, words.skip(3).collect::<Vec<_>>().join(" "))
    };
    maps.lines().map(mapping).collect()
}

fn call(engine: &Engine) {
    let facts = facts("forged", person("ana", &[]));
    let forged = Forged {
        evaluate: "(local.set $answer (i32.const 1208))".to_owned(),
        ..Forged::default()
    };
    let policy = policy(engine, &forged.component());
    let said = ask(&policy, "forged.act", &facts);
    assert_eq!(said.unwrap().findings.len(), 1);
    let sealed = mappings()
        .into_iter()
        .filter(|(_, name)| name.contains("provost-plugin"));
    let permissions: Vec<String> = sealed.map(|(permissions, _)| permissions).collect();
    assert!(!permissions.is_empty());
    assert!(
        permissions.iter().all(|found| found == "r-xp"),
        "{permissions:?}"
    );
}

#[test]
fn native_code_runs_and_no_page_is_writable_and_executable() {
    let engine = native();
    assert_eq!(engine.form(), CodeForm::Native);
    call(&engine);
    let both: Vec<_> = mappings()
        .into_iter()
        .filter(|(permissions, _)| permissions.contains('w') && permissions.contains('x'))
        .collect();
    assert_eq!(both, []);
}

/// Run by [`native_code_runs_where_the_kernel_denies_gaining_execution`] in a process of its own: the denial can't be
/// taken back.
#[test]
#[ignore = "denies the whole process to make memory executable"]
fn under_denial() {
    // SAFETY: prctl with plain numbers; it takes away what this process may do and touches no memory.
    let set = unsafe { libc::prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) };
    assert_eq!(set, 0, "the kernel does not know PR_SET_MDWE");
    // The denial is in force: what Wasmtime does without sealed code fails.
    let mut plain = wasmtime::Config::new();
    let plain = wasmtime::Engine::new(plain.wasm_component_model(true)).unwrap();
    let component = Forged::default().component();
    assert!(wasmtime::component::Component::new(&plain, &component).is_err());
    for _ in 0..3 {
        call(&native());
    }
}

#[test]
fn native_code_runs_where_the_kernel_denies_gaining_execution() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "sealed::under_denial",
            "--ignored",
            "--test-threads=1",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&child.stderr)
    );
    assert!(said.contains("1 passed"), "{said}");
}
