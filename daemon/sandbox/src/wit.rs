//! The host's side of `sdk/wit`, generated. A second version of the package would get its modules here, and an adapter
//! that turns its types into those of the newest.

/// World `role-policy`.
#[allow(missing_docs, clippy::all)]
pub(crate) mod role_policy {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "role-policy",
    });
    pub(crate) use exports::provost::plugin::policy::*;
}

/// World `channel`.
#[allow(missing_docs, clippy::all)]
pub(crate) mod channel {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "channel",
    });
    /// The record of that name; the world's own type hides it.
    pub(crate) use exports::provost::plugin::messaging::Channel as Description;
    pub(crate) use exports::provost::plugin::messaging::*;
}

/// Values of properties and settings: both interfaces say them in the same way, each with a type of its own.
macro_rules! values_from_json {
    ($($world:ident),*) => {$(
        impl From<&serde_json::Value> for $world::Value {
            fn from(given: &serde_json::Value) -> Self {
                use serde_json::Value as Json;
                match given {
                    Json::String(text) => Self::Text(text.clone()),
                    Json::Bool(yes) => Self::Yes(*yes),
                    Json::Number(number) => match number.as_f64() {
                        Some(number) => Self::Number(number),
                        None => Self::Json(number.to_string()),
                    },
                    Json::Array(list) if list.iter().all(Json::is_string) => {
                        let texts = list.iter().filter_map(Json::as_str);
                        Self::Texts(texts.map(str::to_owned).collect())
                    }
                    Json::Array(_) | Json::Object(_) | Json::Null => Self::Json(given.to_string()),
                }
            }
        }
    )*};
}

values_from_json!(role_policy, channel);
