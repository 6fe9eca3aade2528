//! The worked cases of the rule book (domain §4), by name.

mod account;
mod contact;
mod login_as;
mod plugin;
mod promises;
mod properties;
mod redirect;
mod role;
mod world;
