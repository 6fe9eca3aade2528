//! Compiled forms: used if they are the trusted ones, replaced if they are not.

use provost_sandbox::{
    Code, CodeKey, CodeOrigin, Digest, Engine, Settings, TrustInMemory, TrustedCode,
};
use std::fs;
use std::path::{Path, PathBuf};

use crate::forge::Forged;
use crate::id;

fn engine(folder: &Path, code: Code) -> Engine {
    Engine::new(Settings {
        cache_dir: Some(folder.to_owned()),
        code,
        ..Settings::default()
    })
    .unwrap()
}

fn origin(engine: &Engine, trust: &dyn TrustedCode) -> CodeOrigin {
    let component = Forged::default().component();
    let plugin = engine.load(id("forged"), None, &component, trust).unwrap();
    plugin.origin().clone()
}

fn forms(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

#[test]
fn a_form_is_compiled_once_and_then_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let trust = TrustInMemory::default();
    let first = engine(folder.path(), Code::Auto);
    assert_eq!(origin(&first, &trust), CodeOrigin::Compiled);
    assert_eq!(origin(&first, &trust), CodeOrigin::Cached);
    assert_eq!(
        origin(&engine(folder.path(), Code::Auto), &trust),
        CodeOrigin::Cached
    );
    assert_eq!(forms(folder.path()).len(), 1);
}

#[test]
fn a_form_that_somebody_changed_is_compiled_anew_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let trust = TrustInMemory::default();
    let engine = engine(folder.path(), Code::Auto);
    origin(&engine, &trust);
    let form = forms(folder.path()).remove(0);
    let whole = fs::read(&form).unwrap();
    for place in [whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&form, &changed).unwrap();
        let found = Digest::of(&changed);
        assert_eq!(origin(&engine, &trust), CodeOrigin::Replaced { found });
        assert_eq!(origin(&engine, &trust), CodeOrigin::Cached);
    }
    fs::write(&form, &whole[..100]).unwrap();
    assert!(matches!(
        origin(&engine, &trust),
        CodeOrigin::Replaced { .. }
    ));
}

#[test]
fn a_form_that_nobody_vouches_for_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path(), Code::Auto);
    origin(&engine, &TrustInMemory::default());
    assert_eq!(
        origin(&engine, &TrustInMemory::default()),
        CodeOrigin::Compiled
    );
}

#[test]
fn forms_of_another_engine_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let trust = TrustInMemory::default();
    let native = engine(folder.path(), Code::Auto);
    let pulley = engine(folder.path(), Code::Pulley);
    assert_ne!(native.compatibility(), pulley.compatibility());
    assert_eq!(origin(&native, &trust), CodeOrigin::Compiled);
    assert_eq!(origin(&pulley, &trust), CodeOrigin::Compiled);
    assert_eq!(origin(&native, &trust), CodeOrigin::Cached);
    assert_eq!(origin(&pulley, &trust), CodeOrigin::Cached);
}

#[test]
fn a_store_that_cannot_vouch_stops_the_load() {
    struct Broken;
    impl TrustedCode for Broken {
        fn trusted(
            &self,
            _: &CodeKey,
        ) -> Result<Option<Digest>, Box<dyn std::error::Error + Send + Sync>> {
            Err("no database".into())
        }
        fn record(
            &self,
            _: &CodeKey,
            _: &Digest,
        ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Err("no database".into())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path(), Code::Auto);
    let component = Forged::default().component();
    let failed = engine.load(id("forged"), None, &component, &Broken);
    assert!(failed.is_err());
}

#[test]
fn a_kept_version_is_fetched_by_its_hash_alone_and_a_changed_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let trust = TrustInMemory::default();
    let engine = engine(folder.path(), Code::Auto);
    let digest = Digest::of(&Forged::default().component());
    let fetch = || engine.fetch(id("forged"), digest.clone(), &trust).unwrap();
    assert!(fetch().is_none());
    origin(&engine, &trust);
    let fetched = fetch().unwrap();
    let found = (fetched.digest(), fetched.origin());
    assert_eq!(found, (&digest, &CodeOrigin::Cached));
    fs::write(forms(folder.path()).remove(0), b"something else").unwrap();
    assert!(fetch().is_none());
}
