//! Native code that runs where no page may be writable and executable, and none may become so.
//!
//! Under systemd's `MemoryDenyWriteExecute=yes` a mapping can't be made executable afterwards. Code is therefore
//! written into an anonymous file, which is sealed, and the sealed file is mapped read-and-execute over the place
//! where Wasmtime has put it. No page is ever writable and executable, not even one after the other.
//!
//! This is the one module with `unsafe`: loading compiled code, and mapping it.
#![allow(unsafe_code)]

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use std::ffi::c_void;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use wasmtime::CustomCodeMemory;
use wasmtime::component::Component;

/// Bytes of a page of this architecture. Sealed code is for x86-64 only: elsewhere instruction caches must be told of
/// new code, and Wasmtime's own way of mapping it does that.
const PAGE: usize = 4096;

/// Loads a compiled form.
///
/// The caller has proved that `compiled` are the very bytes that this installation's compiler wrote: their hash is
/// the trusted one. Wasmtime checks version, settings and target, but not the code itself.
pub(crate) fn load_compiled(
    engine: &wasmtime::Engine,
    compiled: &[u8],
) -> wasmtime::Result<Component> {
    // SAFETY: the bytes came out of `Engine::precompile_component`, either just now or with the same SHA-256 as
    // then (see `cache::Forms::fetch`, the only caller's source), and nobody else can write to this slice.
    unsafe { Component::deserialize(engine, compiled) }
}

/// Maps code from sealed anonymous files.
#[derive(Debug)]
pub(crate) struct SealedCode;

impl SealedCode {
    /// Whether this process may map sealed files for execution: seccomp filters and containers may forbid it.
    ///
    /// # Errors
    /// What the kernel answered, or that the architecture is not x86-64.
    pub(crate) fn probe() -> std::io::Result<()> {
        if !cfg!(target_arch = "x86_64") {
            return Err(std::io::ErrorKind::Unsupported.into());
        }
        let file = sealed(&[0xc3; PAGE])?;
        // SAFETY: without MAP_FIXED the kernel picks a free place, so that no live memory is touched; nothing points
        // into the mapping and it is never executed.
        let page = unsafe {
            mmap(
                std::ptr::null_mut(),
                PAGE,
                ProtFlags::READ | ProtFlags::EXEC,
                MapFlags::PRIVATE,
                &file,
                0,
            )?
        };
        // SAFETY: exactly the mapping that was just made, to which nobody else has a pointer.
        unsafe { munmap(page, PAGE)? };
        Ok(())
    }
}

/// An anonymous file that holds `code` and can't be changed any more.
fn sealed(code: &[u8]) -> std::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // NOEXEC_SEAL says that the file is never to be run as a program, which mapping it is not; kernels before 6.3
    // don't know the flag.
    let file = match memfd_create("provost-plugin", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create("provost-plugin", flags)?,
        other => other?,
    };
    let mut file = File::from(file);
    file.write_all(code)?;
    let file = OwnedFd::from(file);
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    Ok(file)
}

/// Whole pages, as the trait promises.
fn whole_pages(start: *const u8, len: usize) -> wasmtime::Result<()> {
    if start.addr().is_multiple_of(PAGE) && len.is_multiple_of(PAGE) {
        return Ok(());
    }
    Err(wasmtime::Error::msg(
        "compiled code does not lie on whole pages",
    ))
}

impl CustomCodeMemory for SealedCode {
    fn required_alignment(&self) -> usize {
        PAGE
    }

    fn publish_executable(&self, start: *const u8, len: usize) -> wasmtime::Result<()> {
        if len == 0 {
            return Ok(());
        }
        whole_pages(start, len)?;
        // SAFETY: Wasmtime hands over a readable range that it owns and that nobody writes to during this call.
        let code = unsafe { std::slice::from_raw_parts(start, len) };
        let file = sealed(code)?;
        // SAFETY: MAP_FIXED replaces whole pages of Wasmtime's own mapping by pages with the same content; Wasmtime
        // expects the range to be readable and executable from here on and unmaps it as part of the larger mapping.
        unsafe {
            mmap(
                start.cast_mut().cast::<c_void>(),
                len,
                ProtFlags::READ | ProtFlags::EXEC,
                MapFlags::PRIVATE | MapFlags::FIXED,
                &file,
                0,
            )?;
        }
        Ok(())
    }

    fn unpublish_executable(&self, start: *const u8, len: usize) -> wasmtime::Result<()> {
        // A component without code is never published, but it is unpublished; an error here would be a panic there.
        if len == 0 {
            return Ok(());
        }
        whole_pages(start, len)?;
        let place = start.cast_mut();
        // SAFETY: the range is still mapped readable, see `publish_executable`.
        let code = unsafe { std::slice::from_raw_parts(start, len) }.to_vec();
        // SAFETY: Wasmtime guarantees that no code of the range runs any more. The pages are replaced by writable
        // ones of the same length, which then get the same content.
        unsafe {
            mmap_anonymous(
                place.cast::<c_void>(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::FIXED,
            )?;
            std::ptr::copy_nonoverlapping(code.as_ptr(), place, len);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_file_refuses_every_write() {
        let mut file = File::from(sealed(b"code").unwrap());
        assert_eq!(
            file.write_all(b"x").unwrap_err().kind(),
            std::io::ErrorKind::PermissionDenied
        );
        assert_eq!(
            file.set_len(1).unwrap_err().kind(),
            std::io::ErrorKind::PermissionDenied
        );
    }
}
