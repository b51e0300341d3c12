//! The interface as relib has it: traits that its build scripts read.

pub mod exports;
pub mod imports;

/// The file with the exports.
pub const EXPORTS: &str = include_str!("exports.rs");
/// The file with the imports.
pub const IMPORTS: &str = include_str!("imports.rs");
