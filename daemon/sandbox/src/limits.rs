//! Every bound on plugins, with its unit and reason. Each has a test that breaks it.

use std::time::Duration;

/// Bytes of a component: a Python guest takes 18 MiB, a JavaScript one 12.
pub const COMPONENT_BYTES_MAX: usize = 64 << 20;

/// Bytes of a compiled form: Python guests grow about fourfold.
pub const COMPILED_BYTES_MAX: u64 = 256 << 20;

/// Bytes of all linear memories of a role policy together: a Python guest needs about 20 MiB.
pub const POLICY_MEMORY_BYTES: usize = 32 << 20;

/// Bytes of all linear memories of a channel together: templates and HTML take more than verdicts.
pub const CHANNEL_MEMORY_BYTES: usize = 64 << 20;

/// Linear memories of one plugin. Adapters of Python and JavaScript guests share one.
pub const MEMORIES_MAX: usize = 2;

/// Core instances of one plugin: Python guests are linked from more than 20.
pub const INSTANCES_MAX: usize = 40;

/// Tables of one plugin.
pub const TABLES_MAX: usize = 40;

/// Elements of one table: C++ and Python guests have some ten thousand functions.
pub const TABLE_ELEMENTS_MAX: usize = 30_000;

/// Elements of all tables of one plugin together.
pub const TABLE_ELEMENTS_TOTAL: usize = 120_000;

/// Bytes of stack that a plugin may use on the caller's thread.
pub const STACK_BYTES: usize = 512 << 10;

/// Bytes of stack that a calling thread needs: the plugin's and as much again for the host.
pub const THREAD_STACK_BYTES_MIN: usize = 2 * STACK_BYTES;

/// Fuel of a policy's call, about one unit an instruction. A Rust guest needs some ten thousand, a Python guest some
/// ten million. Fuel decides before the clock does, so that a cut-off happens again when the decision is replayed.
pub const POLICY_FUEL: u64 = 50_000_000;

/// Wall-clock time of any call, instantiation included.
pub const CALL_TIME: Duration = Duration::from_secs(1);

/// How often the epoch advances while a call runs; a call is cut at most this much after [`CALL_TIME`].
pub const EPOCH: Duration = Duration::from_millis(50);

/// What returned strings and lists may cost the host, in bytes. Without it a 60 MiB string or five million empty
/// strings pass.
pub const HOSTCALL_FUEL: usize = 1 << 20;

/// Calls that run at once; the pool of instances has room for these. Further callers wait for [`CALL_TIME`].
pub const CALLS_AT_ONCE: u32 = 16;

/// Calls of one plugin that run at once: whoever is asked a lot and answers slowly leaves room for the others, and the
/// memories of its calls together stay far below those of the service.
pub const CALLS_OF_ONE: u32 = 4;

/// Bytes of a message, reason or title that a plugin returns.
pub const MESSAGE_BYTES_MAX: usize = 1024;

/// Bytes of a code, action or name that a plugin returns.
pub const WORD_BYTES_MAX: usize = 96;

/// Entries of any list that a plugin returns, unless said otherwise.
pub const LIST_MAX: usize = 64;

/// Bytes of the JSON Schema of a channel's settings.
pub const SCHEMA_BYTES_MAX: usize = 64 << 10;

/// Deliveries of one notice to one recipient.
pub const DELIVERIES_MAX: usize = 8;

/// Bytes of a header value or a mail's subject (RFC 5322, section 2.1.1).
pub const LINE_BYTES_MAX: usize = 998;

/// Bytes of a mail's text, of its HTML and of a request's body.
pub const BODY_BYTES_MAX: usize = 256 << 10;

/// Bytes of a URL.
pub const URL_BYTES_MAX: usize = 2048;

/// Bytes of a reply's body that a channel gets to see.
pub const REPLY_BYTES_MAX: usize = 64 << 10;

/// Bytes of the manifest in a component.
pub const MANIFEST_BYTES_MAX: usize = 64 << 10;

/// What an engine holds its plugins to. The default is what the constants above say; other values are for tests that
/// take one limit out and see what it was good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// See [`COMPONENT_BYTES_MAX`].
    pub component_bytes: usize,
    /// See [`POLICY_MEMORY_BYTES`].
    pub policy_memory_bytes: usize,
    /// See [`CHANNEL_MEMORY_BYTES`].
    pub channel_memory_bytes: usize,
    /// See [`MEMORIES_MAX`].
    pub memories: usize,
    /// See [`INSTANCES_MAX`].
    pub instances: usize,
    /// See [`TABLES_MAX`].
    pub tables: usize,
    /// See [`TABLE_ELEMENTS_MAX`].
    pub table_elements: usize,
    /// See [`TABLE_ELEMENTS_TOTAL`].
    pub table_elements_total: usize,
    /// See [`STACK_BYTES`].
    pub stack_bytes: usize,
    /// See [`POLICY_FUEL`].
    pub policy_fuel: u64,
    /// See [`CALL_TIME`].
    pub call_time: Duration,
    /// See [`HOSTCALL_FUEL`].
    pub hostcall_fuel: usize,
    /// What may be in an answer.
    pub answer: AnswerLimits,
}

/// What the host takes of what a plugin returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerLimits {
    /// See [`MESSAGE_BYTES_MAX`].
    pub message_bytes: usize,
    /// See [`WORD_BYTES_MAX`].
    pub word_bytes: usize,
    /// See [`LIST_MAX`].
    pub list: usize,
    /// See [`SCHEMA_BYTES_MAX`].
    pub schema_bytes: usize,
    /// See [`DELIVERIES_MAX`].
    pub deliveries: usize,
    /// See [`LINE_BYTES_MAX`].
    pub line_bytes: usize,
    /// See [`BODY_BYTES_MAX`].
    pub body_bytes: usize,
    /// See [`URL_BYTES_MAX`].
    pub url_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            component_bytes: COMPONENT_BYTES_MAX,
            policy_memory_bytes: POLICY_MEMORY_BYTES,
            channel_memory_bytes: CHANNEL_MEMORY_BYTES,
            memories: MEMORIES_MAX,
            instances: INSTANCES_MAX,
            tables: TABLES_MAX,
            table_elements: TABLE_ELEMENTS_MAX,
            table_elements_total: TABLE_ELEMENTS_TOTAL,
            stack_bytes: STACK_BYTES,
            policy_fuel: POLICY_FUEL,
            call_time: CALL_TIME,
            hostcall_fuel: HOSTCALL_FUEL,
            answer: AnswerLimits::default(),
        }
    }
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self {
            message_bytes: MESSAGE_BYTES_MAX,
            word_bytes: WORD_BYTES_MAX,
            list: LIST_MAX,
            schema_bytes: SCHEMA_BYTES_MAX,
            deliveries: DELIVERIES_MAX,
            line_bytes: LINE_BYTES_MAX,
            body_bytes: BODY_BYTES_MAX,
            url_bytes: URL_BYTES_MAX,
        }
    }
}

impl Limits {
    /// Epochs of a call's time, and one because the first is already under way.
    pub(crate) fn epochs(&self) -> u64 {
        let epochs = self.call_time.as_millis().div_ceil(EPOCH.as_millis());
        u64::try_from(epochs).unwrap_or(u64::MAX).saturating_add(1)
    }
}
