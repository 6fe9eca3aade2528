//! Forges components: a core module as text around what the test wants it to do, with the types of the real interface.

use wit_component::StringEncoding;
use wit_parser::Resolve;

pub(crate) const WIT: &str = include_str!("../../../../sdk/wit/provost.wit");

/// What a forged policy does. Its edition is `forged`; it judges `forged.act` by name and everything else besides.
#[derive(Clone)]
pub(crate) struct Forged {
    /// Memory at the start, in pages of 64 KiB.
    pub(crate) pages: u32,
    /// Further fields of the module.
    pub(crate) fields: String,
    /// Runs before `describe` answers.
    pub(crate) describe: String,
    /// Runs before `evaluate` answers; may set the local `$answer`, the address of the returned list.
    pub(crate) evaluate: String,
}

impl Default for Forged {
    fn default() -> Self {
        Self {
            pages: 1,
            fields: String::new(),
            describe: String::new(),
            evaluate: String::new(),
        }
    }
}

impl Forged {
    /// As a core module. The edition's record lies at 1024, an empty list at 1200, a list of one finding at 1208: the
    /// finding itself at 1216.
    fn module(&self) -> String {
        let Self {
            pages,
            fields,
            describe,
            evaluate,
        } = self;
        format!(
            r#"(module
  (memory (export "memory") {pages})
  (global $heap (mut i32) (i32.const 32768))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $place i32)
    (local.set $place (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $place) (local.get 3)))
    (local.get $place))
  {fields}
  (func (export "provost:plugin/policy@1.0.0#describe") (result i32)
    {describe}
    (i32.const 1024))
  (func (export "provost:plugin/policy@1.0.0#evaluate") (param i32) (result i32)
    (local $answer i32)
    (local.set $answer (i32.const 1200))
    {evaluate}
    (local.get $answer))
  ;; id, title, no roles, two actions, all needs
  (data (i32.const 1024) "{edition}\ff\00\00\00")
  (data (i32.const 1100) "{actions}")
  ;; one finding: permit, code, message, no facts
  (data (i32.const 1208) "{list}")
  (data (i32.const 1216) "\00\00\00\00{finding}")
  (data (i32.const 2048) "forgedForged editionforged.act*forged.codeA \1b[31mmessage.")
)"#,
            edition = words(&[2048, 6, 2054, 14, 0, 0, 1100, 2]),
            actions = words(&[2068, 10, 2078, 1]),
            list = words(&[1216, 1]),
            finding = words(&[2079, 11, 2090, 15, 0, 0]),
        )
    }

    /// As a component.
    pub(crate) fn component(&self) -> Vec<u8> {
        component(&self.module(), WIT, "role-policy")
    }
}

fn words(words: &[u32]) -> String {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    bytes.map(|byte| format!("\\{byte:02x}")).collect()
}

/// Makes a component of a module's text, with the types of `world` in `wit`.
pub(crate) fn component(module: &str, wit: &str, world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(module).unwrap();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("provost.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .unwrap();
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

/// A channel that runs `describe` before it is described.
pub(crate) fn channel(describe: &str) -> Vec<u8> {
    let module = format!(
        r#"(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func (export "provost:plugin/messaging@1.0.0#describe") (result i32) {describe} (i32.const 1024))
  (func (export "provost:plugin/messaging@1.0.0#render") (param i32) (result i32) unreachable)
  (func (export "provost:plugin/messaging@1.0.0#judge")
    (param i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
)"#
    );
    component(&module, WIT, "channel")
}
