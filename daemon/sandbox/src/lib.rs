//! The only room with Wasmtime: loads plugins, tries them and calls them, all within limits.
//!
//! A plugin is a pure function (see `sdk/wit/provost.wit`): a [`Policy`] turns facts into findings, a [`Channel`]
//! turns a notice into deliveries. It imports nothing, so there is nothing to allow by accident. Every call gets a
//! fresh store and a fresh instance: state cannot leak from one person's decision into another's, and a store that
//! trapped is dropped with its instance.
//!
//! The road of a plugin: [`Engine::load`] looks at the bytes, takes the compiled form from the folder if its hash is
//! the trusted one (or compiles), lists imports and exports, instantiates once and asks the plugin to describe
//! itself; whatever it answers is checked. From then on [`Policy::evaluate`], [`Channel::render`] and
//! [`Channel::judge`] answer or fail with a [`CallError`]; none of them panics or runs longer than a second.
//!
//! Everything here is synchronous and blocks: leave the async runtime before calling, on a thread with at least
//! [`limits::THREAD_STACK_BYTES_MIN`] of stack.

mod answer;
mod binary;
mod brake;
mod cache;
mod call;
mod channel;
mod code;
mod delivery;
mod encode;
mod engine;
mod interface;
pub mod limits;
mod load;
mod meter;
mod notice;
mod policy;
mod question;
mod request;
mod settings;
mod tally;
mod wit;

pub use answer::{BadAnswer, printable};
pub use binary::{MANIFEST_SECTION, NotComponent, manifest};
pub use cache::{CacheError, CodeKey, CodeOrigin, Digest, TrustInMemory, TrustedCode};
pub use call::{CallError, Failure};
pub use channel::{AddressKind, Channel, ChannelDescription};
pub use delivery::{Auth, Delivery, Header, HttpRequest, Mail, Method, Reply, Verdict};
pub use encode::{EncodeError, InspectError, Inspection, encode, inspect, with_manifest};
pub use engine::{Code, CodeForm, Compile, Compiler, Engine, EngineError, Settings};
pub use interface::{Kind, Mismatch, UnknownKind};
pub use load::{LoadError, Plugin, Refusal, compile};
pub use notice::{Helper, Moment, NoticeView, Recipient, RenderError, RenderFailure};
pub use policy::{Edition, Evaluation, Need, Policy};
pub use provost_core::notice::RecipientRole;
pub use question::Question;
pub use settings::{SettingProblem, check_settings};
pub use tally::Usage;
