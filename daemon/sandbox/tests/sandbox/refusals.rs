//! Files that are no plugins, each refused with its name.

use provost_core::id::PluginId;
use provost_sandbox::{
    CodeForm, EncodeError, Engine, Failure, Kind, Mismatch, NotComponent, Plugin, Refusal,
    TrustInMemory, compile, encode, inspect, with_manifest,
};

use crate::forge::{Forged, WIT, component};
use crate::{engine, load};

fn refusal(component: &[u8]) -> Refusal {
    match load(&engine(), component) {
        Ok(plugin) => panic!("loaded: {plugin:?}"),
        Err(error) => error.refusal,
    }
}

fn mismatch(component: &[u8]) -> Mismatch {
    match refusal(component) {
        Refusal::Mismatch(mismatch) => mismatch,
        other => panic!("refused otherwise: {other:?}"),
    }
}

#[test]
fn an_import_of_a_function_is_named_and_one_of_types_alone_is_harmless() {
    let needs =
        r#"(component (import "evil:host/net@1.0.0" (instance (export "connect" (func)))))"#;
    let bytes = wat::parse_str(needs).unwrap();
    let expected = Mismatch::Imports(vec!["evil:host/net@1.0.0#connect".to_owned()]);
    assert_eq!(mismatch(&bytes), expected);
    assert_eq!(inspect(&bytes).unwrap().kind, Err(expected));

    let types = r#"(component (import "evil:host/words@1.0.0"
      (instance (type $word u32) (export "age" (type (eq $word))))))"#;
    let bytes = wat::parse_str(types).unwrap();
    assert_eq!(mismatch(&bytes), Mismatch::NoInterface(Vec::new()));
}

#[test]
fn another_version_is_refused_with_both_named() {
    for version in ["1.0.1", "1.1.0", "2.0.0"] {
        let name = format!("provost:plugin/policy@{version}");
        let module = format!(
            r#"(module (memory (export "memory") 1)
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
              (func (export "{name}#describe") (result i32) unreachable)
              (func (export "{name}#evaluate") (param i32) (result i32) unreachable))"#
        );
        let wit = WIT.replace("@1.0.0;", &format!("@{version};"));
        let bytes = component(&module, &wit, "role-policy");
        let expected = Mismatch::Version {
            found: name,
            expected: "provost:plugin/policy@1.0.0",
        };
        assert_eq!(mismatch(&bytes), expected);
        assert_eq!(inspect(&bytes).unwrap().kind, Err(expected));
    }
}

#[test]
fn functions_without_an_interface_carry_no_version_and_are_refused() {
    let wit = "package provost:plugin@1.0.0; world role-policy { export evaluate: func() -> u32; }";
    let module = r#"(module (func (export "evaluate") (result i32) (i32.const 0)))"#;
    let bytes = component(module, wit, "role-policy");
    let expected = Mismatch::NoInterface(vec!["evaluate".to_owned()]);
    assert_eq!(mismatch(&bytes), expected);
    assert_eq!(inspect(&bytes).unwrap().kind, Err(expected));
}

#[test]
fn every_refusal_says_what_was_found_what_was_expected_and_what_to_do() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let (policy, channel) = (Kind::RolePolicy, Kind::Channel);
    let cases = [
        (
            Mismatch::Imports(names(&["wasi:clocks/wall-clock@0.2.0#now"])),
            [
                "wasi:clocks/wall-clock@0.2.0#now",
                "nothing",
                "build it with",
            ],
        ),
        (
            Mismatch::Version {
                found: "provost:plugin/policy@2.0.0".to_owned(),
                expected: policy.interface(),
            },
            ["policy@2.0.0", "policy@1.0.0", "build it with the SDK"],
        ),
        (
            Mismatch::OtherKind {
                found: policy,
                expected: channel,
            },
            [
                "provost:plugin/policy@1.0.0",
                "messaging@1.0.0",
                "install it as what it is",
            ],
        ),
        (
            Mismatch::NoInterface(names(&["wasi:cli/run@0.2.0"])),
            [
                "exports wasi:cli/run@0.2.0",
                "policy@1.0.0",
                "`provost plugin new`",
            ],
        ),
        (
            Mismatch::NoInterface(names(&["describe", "evaluate"])),
            [
                "exports describe, evaluate",
                "policy@1.0.0",
                "export the interface",
            ],
        ),
        (Mismatch::Both, ["policy@1.0.0", "of one kind", "make two"]),
    ];
    for (refusal, parts) in cases {
        let said = refusal.to_string();
        for part in parts {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}

#[test]
fn a_manifest_is_put_into_a_plugin_once_and_read_back() {
    let bytes = Forged::default().component();
    let with = with_manifest(bytes, "id = \"forged\"").unwrap();
    let manifest = inspect(&with).unwrap().manifest;
    assert_eq!(manifest.as_deref(), Some("id = \"forged\""));
    assert!(matches!(load(&engine(), &with), Ok(Plugin::Policy(_))));
    let twice = with_manifest(with, "id = \"other\"");
    assert!(matches!(twice, Err(EncodeError::TwoManifests)), "{twice:?}");
}

#[test]
fn the_right_name_with_other_types_is_refused() {
    let module = r#"(module (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "provost:plugin/policy@1.0.0#describe") (result i32) unreachable)
      (func (export "provost:plugin/policy@1.0.0#evaluate") (param i32) (result i32) unreachable))"#;
    let wit = WIT.replace("permit,\n", "allow,\n");
    let bytes = component(module, &wit, "role-policy");
    let refused = refusal(&bytes);
    assert!(
        matches!(refused, Refusal::Describe(Failure::Shape(_))),
        "{refused:?}"
    );
}

#[test]
fn a_plugin_of_the_other_kind_is_refused() {
    let bytes = Forged::default().component();
    let id = PluginId::new("forged").unwrap();
    let loaded = engine().load(id, Some(Kind::Channel), &bytes, &TrustInMemory::default());
    let expected = Mismatch::OtherKind {
        found: Kind::RolePolicy,
        expected: Kind::Channel,
    };
    match loaded.map_err(|error| error.refusal) {
        Err(Refusal::Mismatch(found)) => assert_eq!(found, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_are_no_components_are_named_for_what_they_are() {
    let whole = Forged::default().component();
    let engine: Engine = engine();
    let cases: [(&[u8], NotComponent); 3] = [
        (b"", NotComponent::Empty),
        (b"id = \"x\"", NotComponent::NotWasm),
        (
            &wat::parse_str("(module)").unwrap(),
            NotComponent::CoreModule,
        ),
    ];
    for (bytes, expected) in cases {
        match load(&engine, bytes).map_err(|error| error.refusal) {
            Err(Refusal::NotComponent(found)) => assert_eq!(found, expected),
            other => panic!("{other:?}"),
        }
    }
    for percent in 1..100 {
        let length = whole.len() * percent / 100;
        let cut = load(&engine, &whole[..length]).map_err(|error| error.refusal);
        let truncated = matches!(
            cut,
            Err(Refusal::NotComponent(NotComponent::Truncated { .. }))
        );
        assert!(truncated, "{percent} %: {cut:?}");
    }
    assert!(matches!(load(&engine, &whole), Ok(Plugin::Policy(_))));
}

#[test]
fn machine_code_is_refused_however_genuine() {
    for form in [CodeForm::Native, CodeForm::Pulley] {
        let compiled = compile(form, &Forged::default().component()).unwrap();
        let refused = refusal(&compiled);
        assert!(
            matches!(refused, Refusal::NotComponent(NotComponent::Precompiled)),
            "{refused:?}"
        );
    }
}

#[test]
fn damaged_insides_are_refused_and_nothing_panics() {
    let whole = Forged::default().component();
    let engine = engine();
    for place in (8..whole.len()).step_by(97) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x55;
        // A flipped letter of a title is a plugin all the same; what matters is an answer.
        if let Err(error) = load(&engine, &damaged) {
            assert_eq!(error.plugin.as_str(), "forged");
        }
    }
}

#[test]
fn a_module_without_the_types_of_the_sdk_is_not_encoded() {
    let bare = wat::parse_str(r#"(module (func (export "describe")))"#).unwrap();
    assert!(matches!(
        encode(&bare, None),
        Err(EncodeError::Mismatch(Mismatch::NoInterface(_)))
    ));
    assert!(matches!(
        encode(b"no wasm", None),
        Err(EncodeError::Encode(_))
    ));
}
