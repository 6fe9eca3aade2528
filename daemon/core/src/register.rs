//! The register document and its checks.
