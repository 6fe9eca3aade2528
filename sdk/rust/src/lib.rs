//! Write a Provost plugin in Rust.
//!
//! A plugin is a pure function: it imports nothing, keeps nothing and reads no clock; all it needs comes with the
//! call. Pick a world, implement its trait and name the type in the macro.
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! provost-plugin = { path = "sdk/rust" } # where `provost plugin new` puts this library
//! ```
//!
//! ```
//! use provost_plugin::policy::{Edition, Effect, Finding, Needs, Request};
//!
//! struct Valley;
//!
//! impl provost_plugin::Policy for Valley {
//!     fn describe() -> Edition {
//!         Edition {
//!             id: "valley".into(),
//!             title: "Valley edition".into(),
//!             roles: vec![],
//!             judges: vec!["login-as".into()],
//!             needs: Needs::empty(),
//!         }
//!     }
//!
//!     fn evaluate(request: Request) -> Vec<Finding> {
//!         let local = request.now.unix_seconds + i64::from(request.now.utc_offset_seconds);
//!         match local.rem_euclid(86_400) / 3_600 {
//!             6..22 => vec![],
//!             _ => vec![Finding {
//!                 effect: Effect::Forbid,
//!                 code: "valley.night".into(),
//!                 message: "Nobody logs in as another user at night.".into(),
//!                 facts: vec!["now".into()],
//!             }],
//!         }
//!     }
//! }
//!
//! provost_plugin::policy!(Valley);
//! ```
//!
//! Build it for `wasm32-unknown-unknown`; `provost plugin build` does that and turns the result into a component. A
//! panic traps the instance: a policy that traps forbids, naming itself, and a channel that traps is tried again.

pub mod letter;
mod moment;

/// Role policies: an edition's roles and rules. The types are those of `interface policy` in `sdk/wit`.
pub mod policy {
    pub use crate::role_policy::exports::provost::plugin::policy::*;

    impl Request {
        /// A text among the properties or else in the context.
        pub fn text(&self, name: &str) -> Option<&str> {
            let named = |property: &&Property| property.name == name;
            let mut all = self.properties.iter().chain(&self.context);
            match &all.find(named)?.value {
                Value::Text(text) => Some(text),
                _ => None,
            }
        }
    }

    impl Party {
        /// The subject as a person, if it is one and the edition needs its record.
        pub fn as_person(&self) -> Option<&Person> {
            match self {
                Self::Person(person) => Some(person),
                _ => None,
            }
        }
    }

    impl Thing {
        /// The resource as a person, if it is one and the edition needs its record.
        pub fn as_person(&self) -> Option<&Person> {
            match self {
                Self::Person(person) => Some(person),
                _ => None,
            }
        }
    }

    impl Person {
        /// Holds one of these roles, with effect.
        pub fn holds_any(&self, roles: &[&str]) -> bool {
            self.roles.iter().any(|role| roles.contains(&role.as_str()))
        }
    }

    impl Finding {
        /// Allows, unless another rule forbids.
        pub fn permit(code: &str, message: impl Into<String>, facts: &[&str]) -> Self {
            Self::new(Effect::Permit, code, message.into(), facts)
        }

        /// Denies, whatever other rules say.
        pub fn forbid(code: &str, message: impl Into<String>, facts: &[&str]) -> Self {
            Self::new(Effect::Forbid, code, message.into(), facts)
        }

        fn new(effect: Effect, code: &str, message: String, facts: &[&str]) -> Self {
            Self {
                effect,
                code: code.into(),
                message,
                facts: facts.iter().map(|fact| (*fact).into()).collect(),
            }
        }
    }
}

/// Channels: ways to tell people. The types are those of `interface messaging` in `sdk/wit`.
pub mod channel {
    pub use crate::channel_world::exports::provost::plugin::messaging::*;

    /// A text among the settings.
    pub fn text<'s>(settings: &'s [Setting], name: &str) -> Option<&'s str> {
        match &settings.iter().find(|setting| setting.name == name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

pub use channel_world::exports::provost::plugin::messaging::Guest as Channel;
pub use role_policy::exports::provost::plugin::policy::Guest as Policy;

/// Generated from world `role-policy`.
#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all)]
pub mod role_policy {
    wit_bindgen::generate!({
        path: "../wit",
        world: "role-policy",
        pub_export_macro: true,
        export_macro_name: "export_policy",
        default_bindings_module: "provost_plugin::role_policy",
    });
}

/// Generated from world `channel`.
#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all)]
pub mod channel_world {
    wit_bindgen::generate!({
        path: "../wit",
        world: "channel",
        pub_export_macro: true,
        export_macro_name: "export_channel",
        default_bindings_module: "provost_plugin::channel_world",
    });
}

/// Makes a type that implements [`Policy`](trait@Policy) the plugin of this crate.
#[macro_export]
macro_rules! policy {
    ($plugin:ident) => {
        #[cfg(target_arch = "wasm32")]
        $crate::role_policy::export_policy!($plugin with_types_in $crate::role_policy);
    };
}

/// Makes a type that implements [`Channel`](trait@Channel) the plugin of this crate.
#[macro_export]
macro_rules! channel {
    ($plugin:ident) => {
        #[cfg(target_arch = "wasm32")]
        $crate::channel_world::export_channel!($plugin with_types_in $crate::channel_world);
    };
}
