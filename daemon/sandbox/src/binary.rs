//! The outermost layer of a component's bytes: enough to say what is wrong with a file before anything looks deeper.
//!
//! A component is a header of eight bytes and sections: an id, a length in LEB128, and that many bytes
//! (Component Model, Binary.md; WebAssembly Core Specification 2.0, section 5.5).

use crate::limits::{COMPONENT_BYTES_MAX, MANIFEST_BYTES_MAX};

/// Name of the custom section that holds a plugin's manifest (`plugin.toml`).
pub const MANIFEST_SECTION: &str = "provost-manifest";

/// `\0asm`, version 13, layer 1.
const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 13, 0, 1, 0];
/// `\0asm`, version 1, layer 0.
const CORE_MODULE: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];
/// The id of custom sections.
const CUSTOM: u8 = 0;

/// Why some bytes are not a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotComponent {
    /// There are none.
    #[error("the file is empty: build it again")]
    Empty,
    /// Not WebAssembly at all.
    #[error(
        "not WebAssembly, the file does not begin with \\0asm: name the file that `provost plugin build` wrote"
    )]
    NotWasm,
    /// A core module, as compilers write it.
    #[error("a core module, not a component: turn it into one with `provost plugin build`")]
    CoreModule,
    /// Machine code of some engine; it can't be checked.
    #[error("a compiled form, not a component: install the component that it was compiled from")]
    Precompiled,
    /// WebAssembly of a version that this build doesn't know.
    #[error(
        "WebAssembly, but no component of the released binary format: build it with a toolchain that writes those"
    )]
    UnknownVersion,
    /// The end is missing.
    #[error(
        "truncated, the file ends at byte {length}, in the middle of what begins at byte {begin}: copy it again"
    )]
    Truncated {
        /// Where the incomplete part begins.
        begin: usize,
        /// Bytes of the file.
        length: usize,
    },
    /// Too large.
    #[error("{length} bytes long, more than the {max} that are allowed")]
    TooLarge {
        /// Bytes of the file.
        length: usize,
        /// How many there may be.
        max: usize,
    },
}

/// A section of the outermost layer.
struct Section<'b> {
    id: u8,
    content: &'b [u8],
}

/// A number in LEB128 and the bytes after it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_usize;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(place + 1..)?));
        }
    }
    None
}

fn section(bytes: &[u8]) -> Option<(Section<'_>, &[u8])> {
    let (&id, rest) = bytes.split_first()?;
    let (length, rest) = leb128(rest)?;
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Section { id, content }, rest))
}

/// Checks the outermost layer and hands out its sections.
fn sections(bytes: &[u8], max: usize) -> Result<Vec<Section<'_>>, NotComponent> {
    let length = bytes.len();
    if length > max {
        return Err(NotComponent::TooLarge { length, max });
    }
    let mut rest = match bytes.strip_prefix(&COMPONENT) {
        Some(rest) => rest,
        None => return Err(other_file(bytes)),
    };
    let mut sections = Vec::new();
    while !rest.is_empty() {
        let begin = length - rest.len();
        let (found, after) = section(rest).ok_or(NotComponent::Truncated { begin, length })?;
        sections.push(found);
        rest = after;
    }
    Ok(sections)
}

fn other_file(bytes: &[u8]) -> NotComponent {
    let length = bytes.len();
    if bytes.is_empty() {
        NotComponent::Empty
    } else if length < COMPONENT.len() && COMPONENT.starts_with(bytes) {
        NotComponent::Truncated { begin: 0, length }
    } else if bytes.starts_with(&CORE_MODULE) {
        NotComponent::CoreModule
    } else if bytes.starts_with(b"\x7fELF") {
        NotComponent::Precompiled
    } else if bytes.starts_with(b"\0asm") {
        NotComponent::UnknownVersion
    } else {
        NotComponent::NotWasm
    }
}

/// Checks that the bytes look like a whole component of at most so many bytes from outside.
///
/// # Errors
/// [`NotComponent`] says what they are instead.
pub(crate) fn check(bytes: &[u8], max: usize) -> Result<(), NotComponent> {
    sections(bytes, max).map(|_| ())
}

/// The manifest embedded in a component, if there is one: the text of its `plugin.toml`.
///
/// # Errors
/// [`NotComponent`] if the bytes are no component.
pub fn manifest(component: &[u8]) -> Result<Option<String>, NotComponent> {
    let sections = sections(component, COMPONENT_BYTES_MAX)?;
    let manifest = sections.into_iter().find_map(|section| {
        let (length, rest) = leb128(section.content)?;
        let (name, text) = rest.split_at_checked(length)?;
        (section.id == CUSTOM && name == MANIFEST_SECTION.as_bytes()).then_some(text)
    });
    Ok(manifest
        .filter(|text| text.len() <= MANIFEST_BYTES_MAX)
        .and_then(|text| String::from_utf8(text.to_vec()).ok()))
}

/// Appends the manifest to a component as a custom section.
pub(crate) fn append_manifest(component: &mut Vec<u8>, manifest: &str) {
    let mut content = Vec::new();
    push_leb128(&mut content, MANIFEST_SECTION.len());
    content.extend_from_slice(MANIFEST_SECTION.as_bytes());
    content.extend_from_slice(manifest.as_bytes());
    component.push(CUSTOM);
    push_leb128(component, content.len());
    component.extend_from_slice(&content);
}

fn push_leb128(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_manifest(text: &str) -> Vec<u8> {
        let mut bytes = COMPONENT.to_vec();
        append_manifest(&mut bytes, text);
        bytes
    }

    #[test]
    fn a_manifest_that_was_appended_is_read_back_whole() {
        for text in ["", "id = \"montana-edition\"\n", &"x".repeat(20_000)] {
            assert_eq!(manifest(&with_manifest(text)), Ok(Some(text.to_owned())));
        }
        assert_eq!(manifest(&COMPONENT), Ok(None));
    }

    #[test]
    fn every_cut_inside_a_section_is_called_truncated() {
        let whole = with_manifest("title = \"Montana\"");
        for length in 1..whole.len() {
            let found = check(&whole[..length], COMPONENT_BYTES_MAX);
            let begin = if length < COMPONENT.len() {
                0
            } else {
                COMPONENT.len()
            };
            let expected = match length {
                8 => Ok(()),
                _ => Err(NotComponent::Truncated { begin, length }),
            };
            assert_eq!(found, expected, "cut at {length}");
        }
    }

    #[test]
    fn other_files_are_named_for_what_they_are() {
        let cases: [(&[u8], NotComponent); 5] = [
            (b"", NotComponent::Empty),
            (b"#!/bin/sh", NotComponent::NotWasm),
            (&CORE_MODULE, NotComponent::CoreModule),
            (b"\x7fELF\x02\x01", NotComponent::Precompiled),
            (b"\0asm\x63\0\x01\0", NotComponent::UnknownVersion),
        ];
        for (bytes, expected) in cases {
            assert_eq!(check(bytes, COMPONENT_BYTES_MAX), Err(expected));
        }
    }
}
