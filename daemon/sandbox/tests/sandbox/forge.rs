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
    /// Runs when the host asks for room for an argument.
    pub(crate) realloc: String,
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
            realloc: String::new(),
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
            realloc,
            describe,
            evaluate,
        } = self;
        format!(
            r#"(module
  (memory (export "memory") {pages})
  (global $heap (mut i32) (i32.const 32768))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $place i32)
    {realloc}
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

pub(crate) fn words(words: &[u32]) -> String {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    escaped(bytes)
}

fn escaped(bytes: impl Iterator<Item = u8>) -> String {
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

/// What a forged channel does. It is called `Forged`, sends by mail and HTTP, and knows the secret `key`.
#[derive(Clone, Default)]
pub(crate) struct ForgedChannel {
    /// Further fields of the module. Free to use: addresses from 8192, and from 262144.
    pub(crate) fields: String,
    /// Runs when the host asks for room for an argument.
    pub(crate) realloc: String,
    /// Runs before `describe` answers.
    pub(crate) describe: String,
    /// Runs before `render` answers with the result at 1200, which is of no deliveries; list and length lie at 1204.
    pub(crate) render: String,
    /// Runs before `judge` answers that it was delivered.
    pub(crate) judge: String,
    /// It declares the host `https://hooks.example`, once or not at all.
    pub(crate) hosts: u32,
    /// Secrets that it declares: none, `key`, or `key` and `root`.
    pub(crate) secrets: u32,
    /// Schema of its settings, `{}` if it says nothing.
    pub(crate) schema: String,
}

impl ForgedChannel {
    /// As a component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let Self {
            fields,
            realloc,
            describe,
            render,
            judge,
            ..
        } = self;
        let schema = match self.schema.as_str() {
            "" => "{}",
            schema => schema,
        };
        let schema_bytes = u32::try_from(schema.len()).unwrap();
        let module = format!(
            r#"(module
  (memory (export "memory") 40)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $place i32)
    {realloc}
    (local.set $place (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $place) (local.get 3)))
    (local.get $place))
  {fields}
  (func (export "provost:plugin/messaging@1.0.0#describe") (result i32) {describe} (i32.const 1024))
  (func (export "provost:plugin/messaging@1.0.0#render") (param i32) (result i32) {render} (i32.const 1200))
  (func (export "provost:plugin/messaging@1.0.0#judge")
    (param i32 i32 i32 i32 i32 i32 i32) (result i32) {judge} (i32.const 1300))
  ;; title, mail, schema, both kinds, hosts, secrets, judges nothing
  (data (i32.const 1024) "{description}")
  (data (i32.const 1100) "{secrets}")
  (data (i32.const 1152) "{hosts}")
  (data (i32.const 1300) "{delivered}")
  (data (i32.const 2048) "Forgedkeyrootok")
  (data (i32.const 2100) "https://hooks.example")
  (data (i32.const 65536) "{schema}")
)"#,
            description = words(&[
                2048,
                6,
                0,
                65536,
                schema_bytes,
                3,
                1152,
                self.hosts,
                1100,
                self.secrets,
                0,
            ]),
            secrets = words(&[2054, 3, 2057, 4]),
            hosts = words(&[2100, 21]),
            delivered = words(&[0, 2061, 2]),
            schema = escaped(schema.bytes()),
        );
        component(&module, WIT, "channel")
    }
}

/// A channel that runs `describe` before it is described.
pub(crate) fn channel(describe: &str) -> Vec<u8> {
    let forged = ForgedChannel {
        describe: describe.to_owned(),
        ..ForgedChannel::default()
    };
    forged.component()
}
