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
    pub(crate) use exports::provost::plugin::messaging::*;
}
