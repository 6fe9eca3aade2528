//! Which interface a component speaks, told from the names of what it imports and exports.

use std::fmt;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Adds an edition's roles and rules: world `role-policy`.
    RolePolicy,
    /// Tells people: world `channel`.
    Channel,
}

impl Kind {
    const ALL: [Self; 2] = [Self::RolePolicy, Self::Channel];

    /// The word of the kind, as in `plugin new --kind`: `role-policy`, `channel`.
    pub fn word(self) -> &'static str {
        match self {
            Self::RolePolicy => "role-policy",
            Self::Channel => "channel",
        }
    }

    /// The interface that a plugin of this kind exports, with its version.
    pub fn interface(self) -> &'static str {
        match self {
            Self::RolePolicy => "provost:plugin/policy@1.0.0",
            Self::Channel => "provost:plugin/messaging@1.0.0",
        }
    }
}

/// No such kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be role-policy or channel")]
pub struct UnknownKind;

impl std::str::FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let named = |kind: &Self| kind.word() == text;
        Self::ALL.into_iter().find(named).ok_or(UnknownKind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a component is no plugin of this Provost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It wants something of the host.
    #[error(
        "imports {}; a plugin may import nothing, it has no files, network, clock or random numbers: build it with \
         `provost plugin build`, which leaves out what the language would bring along",
        .0.join(", ")
    )]
    Imports(Vec<String>),
    /// It speaks another version of the interface.
    #[error(
        "built for {found}, this Provost speaks {expected}: build it with the SDK that this Provost's \
         `plugin new` writes, or install the Provost that it was built for"
    )]
    Version {
        /// What it exports.
        found: String,
        /// What it should export.
        expected: &'static str,
    },
    /// It is a plugin of the other kind.
    #[error(
        "a {found} plugin (it exports {}) where a {expected} plugin (which exports {}) is wanted: install it as what it \
         is, or build it as the other kind",
        .found.interface(),
        .expected.interface()
    )]
    OtherKind {
        /// What it is.
        found: Kind,
        /// What it should be.
        expected: Kind,
    },
    /// It exports no interface of Provost.
    #[error(
        "exports {}, but neither {} nor {}: {}",
        if .0.is_empty() { "nothing".to_owned() } else { .0.join(", ") },
        Kind::RolePolicy.interface(),
        Kind::Channel.interface(),
        what_to_do(.0)
    )]
    NoInterface(Vec<String>),
    /// It exports both interfaces; which one is meant is for its author to say.
    #[error(
        "exports both {} and {}: a plugin is of one kind, make two of it",
        Kind::RolePolicy.interface(),
        Kind::Channel.interface()
    )]
    Both,
}

/// Functions exported by themselves come from a world without interfaces; anything else from another world altogether.
fn what_to_do(exports: &[String]) -> &'static str {
    let own = ["describe", "evaluate", "render", "judge"];
    if exports.iter().any(|name| own.contains(&name.as_str())) {
        "functions by themselves carry no version, export the interface that holds them"
    } else {
        "was it built for a world of package provost:plugin? `provost plugin new` begins one"
    }
}

/// The names of what a component imports and exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Surface {
    /// Functions and resources it imports, by name; types alone are harmless and not listed.
    pub(crate) imports: Vec<String>,
    /// What it exports, by name.
    pub(crate) exports: Vec<String>,
}

impl Surface {
    /// Of a compiled component.
    pub(crate) fn of(component: &Component) -> Self {
        let engine = component.engine();
        let ty = component.component_type();
        let mut surface = Self::default();
        for (name, import) in ty.imports(engine) {
            needs(engine, name, &import.ty, &mut surface.imports);
        }
        surface.exports = ty
            .exports(engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        surface
    }

    /// What kind of plugin the component is.
    pub(crate) fn kind(&self) -> Result<Kind, Mismatch> {
        if !self.imports.is_empty() {
            return Err(Mismatch::Imports(self.imports.clone()));
        }
        let exports = |kind: &Kind| self.exports.iter().any(|name| name == kind.interface());
        let mut kinds = Kind::ALL.into_iter().filter(exports);
        match (kinds.next(), kinds.next()) {
            (Some(kind), None) => Ok(kind),
            (Some(_), Some(_)) => Err(Mismatch::Both),
            (None, _) => Err(self.near_miss()),
        }
    }

    /// The same interface in another version, if it exports such.
    fn near_miss(&self) -> Mismatch {
        let versionless = |name: &str| name.split('@').next().map(str::to_owned);
        let other = self.exports.iter().find_map(|found| {
            let same = |kind: &Kind| versionless(kind.interface()) == versionless(found);
            let kind = Kind::ALL.into_iter().find(same)?;
            Some((found, kind.interface()))
        });
        match other {
            Some((found, expected)) => Mismatch::Version {
                found: crate::printable(found),
                expected,
            },
            None => {
                let names = self.exports.iter().take(8);
                Mismatch::NoInterface(names.map(|name| crate::printable(name)).collect())
            }
        }
    }
}

/// Lists the functions, resources, modules and components behind an import.
fn needs(engine: &wasmtime::Engine, name: &str, item: &ComponentItem, found: &mut Vec<String>) {
    /// Names listed at most: the first few say what kind of world the component was built for.
    const LISTED: usize = 8;
    if found.len() >= LISTED {
        return;
    }
    match item {
        ComponentItem::Type(_) => {}
        ComponentItem::ComponentInstance(instance) => {
            for (inner, export) in instance.exports(engine) {
                needs(engine, &format!("{name}#{inner}"), &export.ty, found);
            }
        }
        ComponentItem::ComponentFunc(_)
        | ComponentItem::CoreFunc(_)
        | ComponentItem::Module(_)
        | ComponentItem::Component(_)
        | ComponentItem::Resource(_) => found.push(crate::printable(name)),
    }
}
