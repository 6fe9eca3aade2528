//! The worked cases of the rule book.
