//! `plugin build` and `plugin inspect`: from what a compiler wrote to a component, and what is in one.

use wit_component::{ComponentEncoder, DecodedWasm};
use wit_parser::{Resolve, TypeDefKind, WorldId, WorldItem, WorldKey};

use crate::binary::{self, NotComponent};
use crate::cache::Digest;
use crate::interface::{Kind, Mismatch, Surface};
use crate::limits::MANIFEST_BYTES_MAX;

/// Why a core module did not become a plugin.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The bytes are no core module, or one without the types that the SDK embeds.
    #[error("turn the module into a component: was it built with Provost's SDK?")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The manifest is too large to embed.
    #[error("the manifest has {length} bytes, more than {MANIFEST_BYTES_MAX}")]
    Manifest {
        /// Bytes of the manifest.
        length: usize,
    },
    /// The component brings a manifest along; it could not be said which of two holds.
    #[error("the component has a manifest already")]
    TwoManifests,
    /// The component is no plugin.
    #[error("check the component")]
    Inspect(#[from] InspectError),
    /// The component speaks no interface of Provost or imports something.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

/// Why a component could not be looked into.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It is none.
    #[error(transparent)]
    NotComponent(#[from] NotComponent),
    /// Its inside is damaged.
    #[error("decode the component")]
    Decode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is a package of interfaces, as `wit-component` writes them: there is nothing to run.
    #[error("a package of interfaces, not a component")]
    Package,
}

/// What is in a component, told without compiling it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What kind of plugin it is, or why it is none.
    pub kind: Result<Kind, Mismatch>,
    /// Functions and resources that it imports. A plugin has none.
    pub imports: Vec<String>,
    /// What it exports, interfaces with their version.
    pub exports: Vec<String>,
    /// The text of its `plugin.toml`, if it was embedded.
    pub manifest: Option<String>,
    /// Bytes.
    pub size: usize,
    /// SHA-256: the version of the plugin.
    pub digest: Digest,
}

/// Turns a core module for `wasm32-unknown-unknown` into a component with its manifest in a custom section.
///
/// # Errors
/// [`EncodeError`] if the module was not built with the SDK, or the component would be no plugin.
pub fn encode(module: &[u8], manifest: Option<&str>) -> Result<Vec<u8>, EncodeError> {
    let component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(ComponentEncoder::encode)
        .map_err(|error| EncodeError::Encode(error.into()))?;
    match manifest {
        Some(manifest) => with_manifest(component, manifest),
        None => {
            inspect(&component)?.kind?;
            Ok(component)
        }
    }
}

/// Puts the manifest into a component that another toolchain wrote, as a custom section.
///
/// # Errors
/// [`EncodeError`] if the manifest is too large, or the component no plugin or one that has a manifest already.
pub fn with_manifest(mut component: Vec<u8>, manifest: &str) -> Result<Vec<u8>, EncodeError> {
    let length = manifest.len();
    if length > MANIFEST_BYTES_MAX {
        return Err(EncodeError::Manifest { length });
    }
    let found = inspect(&component)?;
    found.kind?;
    if found.manifest.is_some() {
        return Err(EncodeError::TwoManifests);
    }
    binary::append_manifest(&mut component, manifest);
    Ok(component)
}

/// Looks into a component without running or compiling it.
///
/// # Errors
/// [`InspectError`] if the bytes are no component or a damaged one.
pub fn inspect(component: &[u8]) -> Result<Inspection, InspectError> {
    let manifest = binary::manifest(component)?;
    let decoded =
        wit_component::decode(component).map_err(|error| InspectError::Decode(error.into()))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(InspectError::Package);
    };
    let surface = surface(&resolve, world);
    Ok(Inspection {
        kind: surface.kind(),
        imports: surface.imports,
        exports: surface.exports,
        manifest,
        size: component.len(),
        digest: Digest::of(component),
    })
}

fn surface(resolve: &Resolve, world: WorldId) -> Surface {
    let world = &resolve.worlds[world];
    let mut surface = Surface::default();
    for (key, item) in &world.imports {
        needs(
            resolve,
            &resolve.name_world_key(key),
            item,
            &mut surface.imports,
        );
    }
    let name = |key: &WorldKey| resolve.name_world_key(key);
    surface.exports = world.exports.keys().map(name).collect();
    surface
}

/// Functions and resources behind an import; types alone are harmless.
fn needs(resolve: &Resolve, name: &str, item: &WorldItem, found: &mut Vec<String>) {
    let is_resource =
        |id: &wit_parser::TypeId| matches!(resolve.types[*id].kind, TypeDefKind::Resource);
    match item {
        WorldItem::Function(_) => found.push(crate::printable(name)),
        WorldItem::Type { id, .. } if is_resource(id) => found.push(crate::printable(name)),
        WorldItem::Type { .. } => {}
        WorldItem::Interface { id, .. } => {
            let interface = &resolve.interfaces[*id];
            let resources = interface.types.iter().filter(|(_, id)| is_resource(id));
            let names = interface
                .functions
                .keys()
                .chain(resources.map(|(name, _)| name));
            found.extend(names.map(|inner| crate::printable(&format!("{name}#{inner}"))));
        }
    }
}
