//! The whole road on real parts, one file a flow.

mod bench;
